"""Killed at any moment or out of disk: nothing is ever taken for a finished file."""

import random
import signal
import subprocess
import sys
import time

import cv2
import pytest
from running import REPOSITORY
from stages import PNG, TARGET, cut, measured

JOB = """
import json, resource, sys
sys.path.insert(0, {scripts!r})
limit = {limit}
if limit:
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from grossing.mask import labels
from grossing.slide.record import SlideRecord
from grossing.tiles import tile_loop
from grossing.tiles.options import TileOptions
folder = {folder!r}
tiles = tile_loop.tile(
    {slide!r},
    SlideRecord.read(folder + "/a.json"),
    labels.read(folder + "/a.png"),
    container=folder + "/a.zip",
    passed=True,
    tiles=TileOptions.from_config({options!r}),
    **{target!r},
)
tiles.write(folder + "/a.parquet")
"""


@pytest.fixture
def job(tmp_path, real_slide):
    found = measured(real_slide)
    found.record.write(tmp_path / "a.json")
    cv2.imwrite(str(tmp_path / "a.png"), found.mask)

    def command(limit=0):
        code = JOB.format(
            scripts=str(REPOSITORY / "scripts"),
            folder=str(tmp_path),
            slide=str(real_slide),
            options=PNG,
            target=TARGET,
            limit=limit,
        )
        return [sys.executable, "-c", code]

    return tmp_path, command, found


def test_killed_at_random_points(job, real_slide):
    folder, command, found = job
    cut(real_slide, found, folder / "whole.zip")
    whole = (folder / "whole.zip").read_bytes()
    dice, torn, start = random.Random(7), 0, time.monotonic()
    subprocess.run(command(), check=True)
    (folder / "a.zip").unlink()
    lasts = time.monotonic() - start
    for _ in range(15):
        process = subprocess.Popen(command())
        time.sleep(dice.uniform(0.2, 1) * lasts)
        process.send_signal(signal.SIGKILL)
        process.wait()
        torn += any(folder.glob(".a.zip.*.tmp"))
        if (folder / "a.zip").exists():
            assert (folder / "a.zip").read_bytes() == whole
            (folder / "a.zip").unlink()
    subprocess.run(command(), check=True)
    assert (folder / "a.zip").read_bytes() == whole
    assert not list(folder.glob(".*.tmp")), "what killed jobs left is cleared away"
    assert torn, "no job was killed while it wrote: the test proved nothing"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_full_disk_fails_the_job_and_leaves_nothing(job, real_slide, share):
    folder, command, found = job
    cut(real_slide, found, folder / "whole.zip")
    limit = int((folder / "whole.zip").stat().st_size * share)
    done = subprocess.run(command(limit), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "File too large" in done.stderr
    assert not (folder / "a.zip").exists() and not (folder / "a.parquet").exists()
    assert not list(folder.glob(".*.tmp"))
