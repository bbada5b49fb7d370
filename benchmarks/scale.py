"""What planning and the cohort rules cost with thousands of slides: `make bench-scale`.

Synthetic sheets and synthetic measurements; real Snakemake, real rules. Prints CPU seconds, wall
seconds and peak memory of each step and writes benchmarks/scale.json.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/data"))

from make_slide import make_slide

WORK = ROOT / "benchmarks/work/scale"
REGION = ROOT / "tests/data/CMU-1-Small-Region.svs"
FLIPPED = 19
FINISHED = 5000
OUTPUTS = {
    "results/slides/{}.json": "facts",
    "results/tissue/masks/{}.png": "mask",
    "results/tissue/thumbnails/{}.jpg": "thumbnail",
    "results/tissue/outlines/{}.geojson": "outlines",
    "results/tiles/{}.zip": "tiles",
    "results/tile_metrics/{}.parquet": "metrics",
}


def sheet(folder: Path, slides: int) -> list[str]:
    """Write a sheet of slides that are not there; returns their ids."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ids = [f"TCGA-{number:05d}-01Z.x" for number in range(slides)]
    lines = [f"{slide_id},slides/{slide_id}.svs,case,train" for slide_id in ids]
    (folder / "cohort.csv").write_text("\n".join(["slide_id,path,case_id,split", *lines]) + "\n")
    return ids


def snakemake(folder: Path, *arguments: str) -> tuple[str, ...]:
    """The README's command."""
    return (
        *(sys.executable, "-m", "snakemake", *arguments),
        *("--profile", "profiles/local", "--directory", str(folder), "--quiet", "rules"),
        *("--config", "cohort=cohort.csv"),
    )


def cost(command: tuple[str, ...]) -> dict[str, float]:
    """CPU seconds with children, wall seconds, MB of the largest process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(" ".join(command))
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "wall_s": round(time.perf_counter() - start, 2),
        "peak_mb": round(used.ru_maxrss * 1024 / 1e6),
    }


def loudly(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command without `--quiet rules`, so that it lists each job."""
    return tuple(argument for argument in command if argument not in ("--quiet", "rules"))


def until_first_job(command: tuple[str, ...]) -> dict[str, float]:
    """CPU and wall seconds until a real run starts its first job; the run is then stopped."""
    start = time.perf_counter()
    process = subprocess.Popen(
        loudly(command), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Select jobs"):
            break
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    wall_s = time.perf_counter() - start
    process.kill()
    process.communicate()
    return {"cpu_s": ticks / os.sysconf("SC_CLK_TCK"), "wall_s": round(wall_s, 2)}


def remember(folder: Path, ids: list[str], one: Path) -> None:
    """What Snakemake would know of the slides' files, had it made them (0.1 s each, if it did)."""
    target = folder / ".snakemake/metadata"
    target.mkdir(parents=True)
    for pattern in OUTPUTS:
        name = base64.b64encode(pattern.format("real").encode()).decode()
        text = (one / ".snakemake/metadata" / name).read_text()
        for slide_id in ids:
            name = base64.b64encode(pattern.format(slide_id).encode()).decode()
            (target / name).write_text(text.replace("/real.", f"/{slide_id}."))


def measured(folder: Path, slides: int) -> None:
    """A cohort as if it were measured and tiled: one slide's files under many names."""
    one = folder.parent / "one"
    sheet(one, 1)
    (one / "cohort.csv").write_text(f"slide_id,path\nreal,{REGION}\n")
    cost(snakemake(one))
    ids = sheet(folder, slides)
    record = json.loads((one / "results/slides/real.json").read_text())
    table = pq.read_table(one / "results/tile_metrics/real.parquet")
    for pattern in OUTPUTS:
        (folder / pattern).parent.mkdir(parents=True, exist_ok=True)
        for number, slide_id in enumerate(ids):
            target = folder / pattern.format(slide_id)
            if pattern.endswith(".json"):
                area = 0.12 if number % (slides // FLIPPED + 1) == 0 else 5.0
                changed = record | {"slide_id": slide_id, "tissue_area_mm2": area}
                target.write_text(json.dumps(changed))
            elif pattern.endswith(".parquet"):
                column = pa.repeat(pa.scalar(slide_id), table.num_rows)
                pq.write_table(table.set_column(0, "slide_id", column), target)
            else:
                shutil.copyfile(one / pattern.format("real"), target)
    remember(folder, ids, one)
    cost(snakemake(folder))


def headers(folder: Path, slides: int) -> dict[str, float]:
    """The target `plan` of that many links to one slide with a pyramid, all headers opened."""
    sheet(folder, slides)
    (folder / "slides").mkdir()
    first = folder / "slide.svs"
    make_slide(REGION, first, 4000, 3000)
    for number in range(slides):
        os.link(first, folder / f"slides/TCGA-{number:05d}-01Z.x.svs")
    return cost(snakemake(folder, "plan"))


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step with its cost."""
    for slides in (100, 1000, 10_000):
        sheet(WORK / "plan", slides)
        yield f"plan {slides} slides (-n)", cost(snakemake(WORK / "plan", "-n"))
    yield "first job of 10000 slides", until_first_job(snakemake(WORK / "plan"))
    yield "headers of 10000 slides (plan)", headers(WORK / "headers", 10_000)
    measured(WORK / "flip", FINISHED)
    yield f"plan {FINISHED} finished slides (-n)", cost(snakemake(WORK / "flip", "-n"))
    limits = WORK / "flip/limits.yaml"
    limits.write_text("thresholds: {slide: {tissue_area_mm2_min: 0.5}}\n")
    flip = snakemake(WORK / "flip", "-n", "--configfile", str(limits))
    output = subprocess.run(
        loudly(flip),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    flipped = output.count(": Not tiling ")
    yield f"flip of {flipped} slides among {FINISHED} (-n)", cost(flip)
    for slides in (100, 20_000):
        sheet(WORK / "job", slides)
        one = ("-n", "--nolock", "--mode", "subprocess", "--allowed-rules", "measure_slide")
        one += ("--target-jobs", "measure_slide:slide_id=TCGA-00000-01Z.x")
        start = sorted(
            (cost(snakemake(WORK / "job", *one)) for _ in range(5)), key=lambda c: c["cpu_s"]
        )[2]
        yield f"start of one job of {slides}", start
    yield (
        "20 million tiles collected",
        cost((sys.executable, "benchmarks/collect.py", str(WORK), "10000", "2000")),
    )


def main() -> None:
    """Print a row per step; write them all."""
    costs = {}
    for name, numbers in steps():
        costs[name] = numbers
        row = "  ".join(f"{key} {value:>8}" for key, value in numbers.items())
        print(f"{name:<40} {row}", flush=True)
    (ROOT / "benchmarks/scale.json").write_text(json.dumps(costs, indent=1) + "\n")


if __name__ == "__main__":
    main()
