"""CPU, memory and files of Grossing, of common practice and of peers: one run, all tables.

Rows are run in alternation, once per round, the dear ones in every second or fourth. BENCH_ROUNDS
(4) rounds; BENCH_LARGE=1 adds a slide of 60000 x 50000 px. Writes results.json and results.md
beside this file.

Examples: bench.py; bench.py --page docs/benchmarks.md (put the tables into a page as well);
bench.py --report --page docs/benchmarks.md (those of the last run); bench.py --smoke FOLDER (small
slides, in seconds, all files into a folder).
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import meter
import rows
import tables
from rows import Row, Rows
from slides import HERE, ROOT, Places

FORMATS_PX, SMOKE_PX = 8192, 2048
PACKAGES = (
    *("numpy", "opencv-python-headless", "simplejpeg", "openslide-bin", "pyvips-binary"),
    *("arro3-io", "pyarrow", "snakemake", "torchstain", "webdataset"),
)


def measure(given: Rows, rounds: int) -> tuple[dict[str, dict[str, Any]], list[float]]:
    """table -> row -> medians of its rounds; and the machine's load before and after."""
    costs: dict[Row, list[meter.Cost]] = {row: [] for row in given.rows}
    load = [os.getloadavg()[0]]
    for turn in range(rounds):
        for row in given.rows:
            if turn % row.every == 0:
                print(f"{turn + 1}/{rounds} {row.table} {row.name}", file=sys.stderr, flush=True)
                costs[row].append(meter.run(row.commands, given.places.out, ROOT))
    results: dict[str, dict[str, Any]] = {}
    for row, each in costs.items():
        results.setdefault(row.table, {})[row.name] = meter.summary(each)
    return results, [*load, os.getloadavg()[0]]


def machine() -> dict[str, Any]:
    """What the numbers depend on: processor, system, versions."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = {line.partition(":")[2].strip() for line in file if line.startswith("model name")}
    peers = {}
    for name, python in rows.PEERS.items():
        folders = [str(path) for path in python.parents[1].glob("lib/python*/site-packages")]
        peers |= {d.name: d.version for d in metadata.distributions(path=folders) if d.name == name}
        if name == "hs2p":
            found = {d.name: d.version for d in metadata.distributions(path=folders)}
            peers |= {each: found[each] for each in ("cucim-cu12",) if each in found}
    version = (ROOT / "scripts/grossing/__init__.py").read_text(encoding="utf-8")
    return {
        "version": version.partition('__version__ = "')[2].partition('"')[0],
        "commit": commit(),
        "cpu": sorted(models),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "peers": peers,
    }


def commit() -> str:
    """The commit of the checkout; says where files differ from it."""
    git = ("git", "-C", str(ROOT))
    try:
        name = subprocess.check_output([*git, "rev-parse", "--short=7", "HEAD"], text=True).strip()
        changed = subprocess.check_output([*git, "status", "--porcelain", "-uno"], text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name} with changes" if changed.strip() else name


def run(given: Rows, rounds: int) -> dict[str, Any]:
    """Prepare and run all rows."""
    given.prepare()
    found, load = measure(given, rounds)
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "rounds": rounds,
        "load": load,
        "skipped": given.skipped,
        "tables": found,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, help="put the tables between the marks of this page")
    parser.add_argument("--report", action="store_true", help="the last run's tables; run nothing")
    parser.add_argument("--smoke", type=Path, metavar="FOLDER", help="small slides, one round")
    options = parser.parse_args()
    folder = options.smoke or HERE
    saved = folder / "results.json"
    if options.smoke:
        places = Places(folder / "slides", folder / "work", SMOKE_PX)
        results = run(rows.smoke(places), 1)
    elif not options.report:
        places = Places(HERE / "slides", HERE / "work", FORMATS_PX)
        plan = rows.complete(places, large=os.environ.get("BENCH_LARGE") == "1")
        results = run(plan, int(os.environ.get("BENCH_ROUNDS", "4")))
    else:
        results = json.loads(saved.read_text(encoding="utf-8"))
    saved.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = tables.page(results)
    (folder / "results.md").write_text(text, encoding="utf-8")
    if options.page:
        tables.fill(options.page, text)
    print(text)


if __name__ == "__main__":
    main()
