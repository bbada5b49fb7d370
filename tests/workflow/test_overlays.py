"""The overlays of a run: one for each row of the sheet, drawn again where verdicts change."""

from pathlib import Path

import cv2
import numpy as np
from grossing.report import caption
from running import GATE_COHORT, Run, metrics, plan, run


def picture(workdir: Path, slide_id: str) -> np.ndarray:
    read = cv2.imread(str(workdir / f"results/overlays/{slide_id}.jpg"))
    assert read is not None
    return read[..., ::-1]


def share_of(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(pixels.astype(int) - colour).max(axis=-1) < 40).mean())


def test_every_slide_has_its_overlay(finished: Path) -> None:
    names = {path.stem for path in (finished / "results/overlays").glob("*.jpg")}
    assert names == set(GATE_COHORT)
    assert picture(finished, "absent").shape == (1, 1, 3)
    for slide_id, colour in (("real", caption.GREEN), ("small", caption.VERMILLION)):
        drawn = picture(finished, slide_id)
        assert max(drawn.shape) >= 1024
        assert share_of(drawn[8:24, 13:19], colour) > 0.9, "the verdict is in the title"
    assert metrics(finished, "real")
    assert not metrics(finished, "small"), "a slide that is not tiled shows what was measured"
    assert share_of(picture(finished, "small"), caption.BLUE) > 1e-3


def test_a_threshold_of_tiles_redraws_and_tiles_nothing(finished: Path, stricter: Path) -> None:
    done = Run(0, (stricter / "second_run.txt").read_text()).jobs
    assert done["draw_overlays"] == 1
    assert not {"measure_slide", "tile_slide"} & done.keys()
    before, after = (picture(folder, "real") for folder in (finished, stricter))
    assert share_of(after, caption.GREY) > 1.2 * share_of(before, caption.GREY)
    assert plan(stricter).jobs == {}


def test_lost_overlays_are_drawn_again(workdir: Path) -> None:
    for path in (workdir / "results/overlays").glob("*"):
        path.unlink()
    (workdir / "results/overlays").rmdir()
    assert run(workdir).jobs == {"draw_overlays": 1}
    assert picture(workdir, "real").size > 1000
