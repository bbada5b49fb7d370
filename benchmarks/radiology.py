"""A CT of 512 x 512 x 600 through the jobs of `snakemake radiology`, beside SimpleITK alone.

SimpleITK alone: it reads the same series, resamples it to the same cubic voxels by cubic B-splines
and writes it; nothing is judged, no mask is made. Each runs in processes of its own, in turn. One
line per run: CPU seconds and peak memory. Example: radiology.py --runs 1 work/radiology
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/data"))
import make_ct

SIZE = (600, 512, 512)
ALONE = """
import sys
import SimpleITK as sitk
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
folder, out = sys.argv[1:]
reader = sitk.ImageSeriesReader()
reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
image = reader.Execute()
size = [int((n - 1) * mm + 1e-6) + 1 for n, mm in zip(image.GetSize(), image.GetSpacing())]
made = sitk.Resample(
    image, size, sitk.Transform(), sitk.sitkBSpline, image.GetOrigin(), [1.0] * 3,
    image.GetDirection(), -1000.0, sitk.sitkInt16,
)
sitk.WriteImage(made, out, True, 1)
"""


def make_series(folder: Path) -> None:
    """The made chest of the tests on a fine grid, with noise, as a DICOM series and its sheet."""
    hu, _ = make_ct.chest(1.5, noise=0.0)
    factors = [new / old for new, old in zip(SIZE, hu.shape, strict=True)]
    fine = ndimage.zoom(hu.astype(np.float32), factors, order=1)
    rng = np.random.default_rng(0)
    for plane in fine:
        plane += rng.normal(0, 15, plane.shape)
    whole = np.clip(np.round(fine), -1024, 3071).astype(np.int16)
    spacing = tuple(1.5 / factor for factor in factors)
    make_ct.write_series(folder / "chest", whole, spacing=spacing)
    (folder / "studies.csv").write_text("study_id,path,modality\nchest,chest,CT\n")


def through_the_jobs(folder: Path) -> tuple[float, float]:
    """CPU seconds of Snakemake and all its jobs, and peak MB of the largest process.

    By the count of the kernel: that of `benchmarks/*.tsv` samples, and misses the end of a job.
    """
    for name in ("results", "benchmarks", "logs", ".snakemake"):
        shutil.rmtree(folder / name, ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "radiology", "--profile", "profiles/local"]
    command += ["--directory", str(folder), "--configfile", "config/radiology.yaml", "--cores", "1"]
    return _used([*command, "--config", f"studies={folder}/studies.csv"])


def alone(folder: Path) -> tuple[float, float]:
    """CPU seconds and peak MB of SimpleITK alone."""
    return _used([sys.executable, "-c", ALONE, str(folder / "chest"), str(folder / "alone.nii.gz")])


def _used(command: list[str]) -> tuple[float, float]:
    """CPU seconds of a command with its children, and peak MB of the largest process."""
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command[:3]} ended with status {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Command line: make the series once, run both in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    folder = given.folder.resolve()
    if not (folder / "studies.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        make_series(folder)
    for run in range(given.runs):
        for name, measured in (("all jobs", through_the_jobs), ("SimpleITK alone", alone)):
            seconds, peak = measured(folder)
            print(f"run {run}  {name:16} {seconds:6.1f} CPU s  {peak:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
