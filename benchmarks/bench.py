"""CPU, memory and files of Grossing, of common practice and of its strongest peer.

Every row is run once per round, rows in alternation. Rounds: BENCH_ROUNDS (4). BENCH_LARGE=1 adds a
slide of 48000 x 40000 px. Writes results.json beside this file. Example: bench.py
"""

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import meter
import yaml
from meter import Command

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK, OUT = HERE / "work", HERE / "work/out"
PYTHON = Path(sys.executable)
PEER = HERE / ".hs2p/bin/python"

#: name -> width and height in px, further arguments of the slide maker
SLIDES: dict[str, tuple[str, ...]] = {
    "12000": ("12000", "12000"),
    "12001": ("12001", "12001"),  # its levels are of rounded size
    "20000": ("20000", "20000"),
    "24000": ("24000", "24000"),
    "24000-2x": ("24000", "24000", "--pyramid-factor", "2"),
    "48000": ("48000", "40000"),
}

#: slide, row, row it is compared with, largest ratio of their CPU times
TARGETS = [
    ("24000", "tiles, raw", "dzsave", 0.48),
    ("24000", "tiles, raw", "resize + dzsave", 0.65),
    ("24000", "tiles, raw", "naive", 0.25),
    ("24000", "tiles, scale-on-decode", "dzsave", 0.40),
    ("24000", "tiles, scale-on-decode", "resize + dzsave", 0.55),
    ("24000", "tiles, scale-on-decode", "naive", 0.21),
    ("24000", "tiles, openslide", "dzsave", 1.05),
    ("24000", "tiles, openslide", "naive", 0.53),
    ("24000", "tiles, openslide, 2x level", "dzsave", 0.45),
    ("24000", "tiles, openslide, 2x level", "naive", 0.24),
]
#: slide of odd size, the even one, row, largest ratio of their CPU times
ODD = [("12001", "12000", name, 1.1) for name in ("tiles, 1 um/px", "tiles, 2 um/px")]
#: slide, row, largest number of CPU seconds or MB
LIMITS = [
    ("20000", "measure + tiles 512", "cpu_s", 3.5),
    ("20000", "measure + tiles 512", "peak_mb", 250),
    ("48000", "tiles, raw", "peak_mb", 200),
    ("48000", "tiles, openslide", "peak_mb", 230),
]
BASES = ("naive", "dzsave", "resize + dzsave")


@dataclass(frozen=True)
class Row:
    """Commands that are run one after the other and measured together."""

    slide: str
    name: str
    commands: tuple[Command, ...]


def slide_path(name: str) -> Path:
    """Path of a slide of SLIDES."""
    return HERE / f"slides/{name}.svs"


def baseline(slide: str, chain: str) -> Command:
    """The common practice."""
    return (PYTHON, HERE / "baseline.py", chain, slide_path(slide), OUT)


def ours(job: str, slide: str, *options: str, facts: Path | None = None) -> Command:
    """One of our jobs; it reads what `prepare` measured, or what an earlier command left."""
    return (PYTHON, HERE / "job.py", job, slide_path(slide), facts or WORK / slide, OUT, *options)


def compared(slide: str) -> list[Row]:
    """The rows of every comparison slide."""
    return [
        Row(slide, "naive", (baseline(slide, "naive"),)),
        Row(slide, "dzsave", (baseline(slide, "dzsave"),)),
        Row(slide, "resize + dzsave", (baseline(slide, "resize"),)),
        Row(slide, "measure", (ours("measure", slide, facts=OUT),)),
        Row(slide, "tiles, raw", (ours("tile", slide, "size_px=256"),)),
        Row(slide, "tiles, openslide", (ours("tile", slide, "size_px=256", "reader=openslide"),)),
    ]


def variants(slide: str, tiles: dict[str, Any]) -> list[Row]:
    """Further options of a tile job."""
    options = {
        "tiles, coordinates only": ("container=none",),
        "tiles, dzsave engine": ("engine=dzsave",),
    }
    if "fast_downsample" in tiles:
        options["tiles, scale-on-decode"] = ("fast_downsample=true",)
    finer = f"{slide}-2x"
    rows = [
        Row(slide, name, (ours("tile", slide, "size_px=256", *given),))
        for name, given in options.items()
    ]
    general = ours("tile", finer, "size_px=256", "reader=openslide")
    return [
        *rows,
        Row(slide, "tiles, openslide, 2x level", (general,)),
        Row(slide, "tiles, raw, 2x level", (ours("tile", finer, "size_px=256"),)),
        Row(slide, "tiles 512, raw", (ours("tile", slide),)),
        Row(slide, "rescale", (ours("rescale", slide),)),
    ]


def coarse(slide: str) -> list[Row]:
    """Tiles from the second level, with the default tile size."""
    return [
        Row(slide, f"tiles, {mpp} um/px", (ours("tile", slide, f"target_mpp={mpp}"),))
        for mpp in (1, 2)
    ]


def chains(slide: str) -> list[Row]:
    """The whole way of one slide, with 512 px tiles: ours, under Snakemake, the peer's."""
    two = (ours("measure", slide, facts=OUT), ours("tile", slide, facts=OUT))
    snakemake = (
        *(PYTHON, "-m", "snakemake", "--profile", "profiles/local", "--quiet", "all"),
        *("--directory", OUT, "--config", f"cohort={WORK / slide}.csv"),
    )
    return [
        Row(slide, "measure + tiles 512", two),
        Row(slide, "workflow", (snakemake,)),
        Row(slide, "hs2p", ((PEER, HERE / "peer.py", slide_path(slide), OUT),)),
    ]


def prepare(names: set[str]) -> None:
    """Slides that are missing, their measurements, a cohort sheet for each."""
    slide_path("any").parent.mkdir(exist_ok=True)
    maker, region = ROOT / "tests/data/make_slide.py", ROOT / "tests/data/CMU-1-Small-Region.svs"
    for name in sorted(names):
        path = slide_path(name)
        if not path.exists():
            print(f"making {path.name}", file=sys.stderr)
            subprocess.run([PYTHON, maker, region, path, *SLIDES[name]], check=True)
        meter.run((ours("measure", name),), OUT, ROOT)
        (WORK / f"{name}.csv").write_text(f"slide_id,path\nslide,{path}\n")


def measure(rows: list[Row], rounds: int) -> dict[str, dict[str, Any]]:
    """slide -> row -> medians of all rounds."""
    costs: dict[Row, list[meter.Cost]] = {row: [] for row in rows}
    for turn in range(rounds):
        for row in rows:
            costs[row].append(meter.run(row.commands, OUT, ROOT))
            print(f"{turn + 1}/{rounds} {row.slide} {row.name}", file=sys.stderr)
    results: dict[str, dict[str, Any]] = {}
    for row in rows:
        results.setdefault(row.slide, {})[row.name] = meter.summary(costs[row])
    return results


def table(rows: dict[str, Any]) -> list[str]:
    """Rows of one slide as a Markdown table, with ratios to those of BASES that were run."""
    bases = [base for base in BASES if base in rows]
    ratios = [f"/ {base}" for base in bases]
    lines = [
        ["", "CPU s", *ratios, "wall s", "peak MB", "MB", "files", "tiles"],
        ["---", *["---:"] * (6 + len(bases))],
    ]
    for name, row in rows.items():
        line = [name, f"{row['cpu_s']:.2f}"]
        line += [f"{row['cpu_s'] / rows[base]['cpu_s']:.2f}" for base in bases]
        line += [f"{row['wall_s']:.2f}", f"{row['peak_mb']:.0f}", f"{row['bytes'] / 1e6:.1f}"]
        line += [str(row["files"]), "" if row["tiles"] is None else str(row["tiles"])]
        lines.append(line)
    return [f"| {' | '.join(line)} |" for line in lines]


def against_targets(results: dict[str, dict[str, Any]]) -> list[str]:
    """One line per target whose rows were run."""
    lines = []
    for slide, name, base, limit in TARGETS:
        rows = results.get(slide, {})
        if name in rows and base in rows:
            ratio = rows[name]["cpu_s"] / rows[base]["cpu_s"]
            lines.append(f"| {name} / {base} | {limit:.2f} | {ratio:.2f} |")
    for slide, even, name, limit in ODD:
        if name in results.get(slide, {}) and name in results.get(even, {}):
            ratio = results[slide][name]["cpu_s"] / results[even][name]["cpu_s"]
            lines.append(f"| {name}: {slide} px / {even} px | {limit:.2f} | {ratio:.2f} |")
    for slide, name, column, limit in LIMITS:
        if name in results.get(slide, {}):
            unit = "CPU s" if column == "cpu_s" else "MB"
            value = results[slide][name][column]
            lines.append(f"| {name}, {slide}, {unit} | {limit:g} | {value:.4g} |")
    return ["| target | at most | measured |", "| --- | ---: | ---: |", *lines]


def machine() -> dict[str, Any]:
    """What the numbers depend on: processor, system, versions."""
    packages = "numpy opencv-python-headless simplejpeg openslide-python openslide-bin pyarrow"
    own = {name: metadata.version(name) for name in packages.split()}
    own |= {name: metadata.version(name) for name in ("pyvips", "pyvips-binary", "snakemake")}
    folders = [str(path) for path in PEER.parents[1].glob("lib/python*/site-packages")]
    peer = {d.name: d.version for d in metadata.distributions(path=folders)}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = {line.partition(":")[2].strip() for line in file if line.startswith("model name")}
    return {
        "cpu": sorted(models),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": own,
        "peer_versions": {name: peer.get(name) for name in ("hs2p", "cucim-cu12", "numpy")},
    }


def report(results: dict[str, Any]) -> None:
    """Print all tables."""
    for slide, rows in results["slides"].items():
        size = " x ".join(SLIDES[slide][:2])
        print(f"{size} px, medians of {results['rounds']} rounds\n")
        print("\n".join(table(rows)) + "\n")
    print("\n".join(against_targets(results["slides"])))


def main() -> None:
    """Prepare, run all rows, write results.json, print tables; `--report` prints the last run's."""
    saved = HERE / "results.json"
    if sys.argv[1:] == ["--report"]:
        report(json.loads(saved.read_text()))
        return
    rounds = int(os.environ.get("BENCH_ROUNDS", "4"))
    tiles = yaml.safe_load((ROOT / "config/config.yaml").read_bytes())["tiles"]
    rows = [*compared("12000"), *compared("24000"), *variants("24000", tiles), *chains("20000")]
    rows += [*coarse("12000"), *coarse("12001")]
    if os.environ.get("BENCH_LARGE") == "1":
        rows += compared("48000")
    prepare({row.slide for row in rows} | {"24000-2x"})
    results = {"machine": machine(), "rounds": rounds, "slides": measure(rows, rounds)}
    saved.write_text(json.dumps(results, indent=1) + "\n")
    report(results)


if __name__ == "__main__":
    main()
