"""What running a slide costs above the work itself: in one allocation, and as SLURM jobs.

Prints CPU seconds per slide and writes benchmarks/modes.json. SLURM needs root and Debian's
packages slurm-wlm and munge, and is left out without them.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import meter

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/slurm"))
import cluster

HERE = Path(__file__).resolve().parent
WORK = HERE / "work/modes"
REGION = ROOT / "tests/data/CMU-1-Small-Region.svs"
SLIDES = {"node mode": 40, "slurm": 8}
ROUNDS = 5


def work() -> float:
    """CPU seconds of measuring and tiling one slide, each in a process of its own."""
    facts, out = WORK / "facts", WORK / "out"
    facts.mkdir(parents=True, exist_ok=True)

    def job(name: str) -> meter.Command:
        return (sys.executable, HERE / "job.py", name, REGION, facts, out)

    both = [meter.run((job("measure"), job("tile")), out, ROOT).cpu_s for _ in range(ROUNDS)]
    return statistics.median(both)


def sheet(folder: Path, slides: int) -> Path:
    """A cohort of one slide under many names."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = [f"s{number},{REGION}" for number in range(slides)]
    (folder / "cohort.csv").write_text("\n".join(["slide_id,path", *lines]) + "\n")
    return folder


def snakemake(folder: Path, profile: str, *arguments: str) -> meter.Command:
    """The target `batch` of a cohort."""
    return (
        *(sys.executable, "-m", "snakemake", "batch", "--profile", profile, *arguments),
        *("--directory", folder, "--config", "cohort=cohort.csv"),
    )


def in_one_allocation(slides: int) -> float:
    """CPU seconds per slide of node mode, its start included."""
    folder = sheet(WORK / "node", slides)
    return meter.run((snakemake(folder, "profiles/local"),), WORK / "out", ROOT).cpu_s / slides


def as_slurm_jobs(slides: int) -> float:
    """CPU seconds per slide of all Python processes on a throw-away SLURM, the head's included."""
    folder, seconds = sheet(WORK / "slurm", slides), WORK / "seconds"
    shutil.rmtree(seconds, ignore_errors=True)
    seconds.mkdir()
    with cluster.running() as up:
        hooks = {"PYTHONPATH": str(HERE / "hooks"), "CPU_SECONDS": str(seconds)}
        subprocess.run(
            snakemake(folder, "profiles/slurm"),
            cwd=ROOT,
            env=up.environment | hooks,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return sum(float(path.read_text()) for path in seconds.iterdir()) / slides


def main() -> None:
    """Measure, print, write."""
    costs = {"work": work(), "node mode": in_one_allocation(SLIDES["node mode"])}
    if reason := cluster.missing():
        print(reason)
    else:
        costs["slurm"] = as_slurm_jobs(SLIDES["slurm"])
    for name, cpu_s in costs.items():
        over = cpu_s - costs["work"]
        slides = SLIDES.get(name, 1)
        print(f"{name:<10} {cpu_s:6.2f} CPU s per slide, {over:5.2f} above the work ({slides})")
    (HERE / "modes.json").write_text(json.dumps(costs, indent=1) + "\n")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
