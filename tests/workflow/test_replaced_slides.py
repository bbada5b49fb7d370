"""Slides whose files change, whose companions change, or whose paths name no file."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import make_dicom
import numpy as np
from make_cohort import REGION
from running import by_slide, metrics, plan, read_csv, run, snakemake, write_sheet

PATIENCE_S = 180
#: read by Python when it starts: the job that tiles slide `a` finds another file
HOOK = """
import os, sys
script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
if script.endswith(".tile_slide.py") and os.path.exists({new!r}):
    if b"results/tiles/a.zip" in open(script, "rb").read():
        os.replace({new!r}, {path!r})
"""


@contextmanager
def limited() -> Iterator[None]:
    """Stops what waits for a FIFO instead of waiting with it."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"not done after {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_slide_replaced_in_between_fails_its_job_and_the_next_run_measures_it(
    slides: Path, tmp_path: Path
) -> None:
    shutil.copyfile(REGION, tmp_path / "a.svs")
    shutil.copyfile(slides / "medium.svs", tmp_path / "new.svs")
    (tmp_path / "hook").mkdir()
    code = HOOK.format(new=str(tmp_path / "new.svs"), path=str(tmp_path / "a.svs"))
    (tmp_path / "hook/sitecustomize.py").write_text(code)
    write_sheet(tmp_path, [{"slide_id": "a", "path": "a.svs"}, {"slide_id": "b", "path": "b.svs"}])
    shutil.copyfile(REGION, tmp_path / "b.svs")

    first = snakemake(tmp_path, variables={"PYTHONPATH": str(tmp_path / "hook")})
    assert first.code != 0
    (failed,) = read_csv(tmp_path, "failed_jobs.csv")
    assert (failed["slide_id"], failed["rule"]) == ("a", "tile_slide")
    message = "slide a changed since it was measured: it had 1938955 bytes and has "
    remedy = "run the same command again: the slide is measured anew"
    for text in (failed["cause"], first.text):
        assert message in text and remedy in text
    assert not (tmp_path / "results/tiles/a.zip").exists()
    assert (tmp_path / "results/tiles/b.zip").exists()

    second = run(tmp_path)
    assert second.measured == {"a"} and set(second.tiled) == {"a"}
    assert not (tmp_path / "results/cohort/failed_jobs.csv").exists()
    assert by_slide(tmp_path, "cohort_qc.csv")["a"]["width_px"] == "1500"
    assert max(tile["x_level0_px"] for tile in metrics(tmp_path, "a")) < 1500
    assert plan(tmp_path).jobs == {}


def test_what_is_no_regular_file_is_never_waited_for(tmp_path: Path) -> None:
    make_dicom.dicom_series(tmp_path / "dicom", ["IM1", "IM2"])
    (tmp_path / "mirax").mkdir()
    (tmp_path / "mirax.mrxs").write_bytes(b"preview")
    (tmp_path / "mirax/Slidedat.ini").write_text("[DATAFILE]\nFILE_0=Data0000.dat\n")
    for pipe in ("pipe.svs", "dicom/pipe", "mirax/Data0000.dat"):
        os.mkfifo(tmp_path / pipe)
    paths = {"pipe": "pipe.svs", "dicom": "dicom/IM2", "mirax": "mirax.mrxs", "home": "~/a.svs"}
    write_sheet(tmp_path, [{"slide_id": i, "path": path} for i, path in paths.items()])
    with limited():
        planned = plan(tmp_path)
        assert "2 of 4 slides have no file at their path" in planned.text
        assert "pipe (line 2: 'pipe.svs')" in planned.text
        assert planned.text.count("have no file at their path") == 1
        done = run(tmp_path)
        assert "starts with ~" in done.text
        assert plan(tmp_path).jobs == {}
    rows = by_slide(tmp_path, "cohort_qc.csv")
    assert {row["qc_status"] for row in rows.values()} == {"ERROR"}
    reasons = {slide_id: row["qc_reasons"] for slide_id, row in rows.items()}
    expected = dict.fromkeys(("pipe", "dicom", "mirax"), "not_a_file") | {"home": "file_missing"}
    assert reasons == expected


def test_a_changed_file_of_a_series_measures_the_slide_again(tmp_path: Path) -> None:
    first, second = make_dicom.dicom_series(tmp_path / "dicom", ["IM1", "IM2"])
    rows = [{"slide_id": path.name, "path": str(path)} for path in (first, second)]
    write_sheet(tmp_path, rows)
    run(tmp_path, "qc")
    found = by_slide(tmp_path, "measured_qc.csv")
    assert {row["width_px"] for row in found.values()} == {"1024"}
    assert found["IM1"]["content_hash"] == found["IM2"]["content_hash"]
    assert plan(tmp_path, "qc").jobs == {}

    os.utime(first, (1, 1))
    first.rename(tmp_path / "dicom/level0")
    write_sheet(tmp_path, [{"slide_id": "IM2", "path": "dicom/IM2"}])
    assert "measure_slide" not in plan(tmp_path, "qc").jobs
    rgb = np.full((1024, 1024, 3), 90, np.uint8)
    make_dicom.dicom_series(tmp_path / "other", ["level0"], rgb)
    os.replace(tmp_path / "other/level0", tmp_path / "dicom/level0")
    assert plan(tmp_path, "qc").measured == {"IM2"}
