"""Slides and tiles that several tests of the library share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exported
import make_slide
import make_stack
import numpy as np
import pytest
import training_cohort
from grossing.measure.measured import Measured
from grossing.tiles.options import Encoding
from running import Once
from stages import CONFIG, PNG, cut, measured, write_rows
from two_readers import HEIGHT, WIDTH

KINDS = {
    "png": PNG,
    "jpeg": CONFIG["tiles"] | {"size_px": 256},
    "directory": PNG | {"container": "directory"},
}


@dataclass(frozen=True)
class Tiled:
    """What tiling left of a slide, and how its tiles are encoded."""

    container: Path
    metrics: Path
    encoding: Encoding


@pytest.fixture(scope="session")
def at_40x(tmp_path_factory: pytest.TempPathFactory, real_slide: Path) -> Path:
    """A synthetic slide of 3000 x 2400 px, 0.25 um/px."""
    path = tmp_path_factory.mktemp("slides") / "40x.svs"
    make_slide.make_slide(real_slide, path, 3000, 2400, seed=3, pen=False)
    return path


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory, real_slide: Path) -> Path:
    """A synthetic slide of 1100 x 940 px, of the size that `two_readers` states."""
    path = tmp_path_factory.mktemp("slides") / "plain.svs"
    make_slide.make_slide(real_slide, path, WIDTH, HEIGHT, tissue_fraction=0.6)
    return path


@pytest.fixture(scope="session")
def results(once: Once, real_slide: Path, at_40x: Path) -> Path:
    """The results folder of a small judged cohort with tiles; not to be changed."""
    return once("exported", lambda folder: exported.make(folder, real_slide, at_40x)) / "results"


@pytest.fixture(scope="session")
def zipped(once: Once, real_slide: Path) -> Path:
    """The folder of the table of a run to train from, its tiles in a zip; not to be changed."""
    return once("zipped", lambda folder: training_cohort.run(folder, real_slide, "zip")) / "cohort"


@pytest.fixture(scope="session")
def whole(real_slide: Path) -> np.ndarray:
    """Level 0 of the real slide."""
    return make_stack.region(real_slide)


@pytest.fixture(scope="session")
def pink(whole: np.ndarray) -> np.ndarray:
    """A tile full of tissue, 512 x 512 px."""
    return whole[1024:1536, 512:1024].copy()


@pytest.fixture(scope="session")
def sharp(whole: np.ndarray) -> np.ndarray:
    """What the planes of a stack show, in focus everywhere: 1200 x 1300 px."""
    return np.ascontiguousarray(whole[1200:2400, 500:1800])


@pytest.fixture(scope="session")
def truth(sharp: np.ndarray) -> np.ndarray:
    """The plane that is sharp at each pixel of `sharp`, with fractions."""
    return make_stack.heights(*sharp.shape[:2], 3, waves=0.4)


@pytest.fixture(scope="session")
def stack_files(once: Once, sharp: np.ndarray, truth: np.ndarray) -> Path:
    """Three planes of `sharp`: `0.tif` to `2.tif`, `pages.tif` of all, `pictures.npy`."""

    def fill(folder: Path) -> None:
        pictures = make_stack.defocused(sharp, truth, 3)
        np.save(folder / "pictures.npy", pictures)
        for number, picture in enumerate(pictures):
            make_stack.write_plane(picture, folder / f"{number}.tif", quality=95)
        make_stack.write_pages(pictures, folder / "pages.tif")

    return once("stack", fill)


@pytest.fixture(scope="session")
def stack_pictures(stack_files: Path) -> list[np.ndarray]:
    """The pixels of the planes, before they were written."""
    return list(np.load(stack_files / "pictures.npy"))


@pytest.fixture(scope="session")
def real(real_slide: Path) -> Measured:
    """The real slide, measured."""
    return measured(real_slide)


@pytest.fixture(scope="module", params=KINDS)
def tiled(
    request: pytest.FixtureRequest, real_slide: Path, tmp_path_factory: pytest.TempPathFactory
) -> Tiled:
    """Tiles of the real slide in each kind of container; the first is lost."""
    folder, section = tmp_path_factory.mktemp("tiled"), KINDS[request.param]
    container = folder / ("tiles" if section["container"] == "directory" else "tiles.zip")
    rows: list[dict[str, Any]] = cut(real_slide, measured(real_slide), container, section)
    rows[0] |= {"tile_path": None, "tile_offset": None, "tile_bytes": None, "lost": True}
    write_rows(rows, folder / "metrics.parquet")
    return Tiled(container, folder / "metrics.parquet", Encoding.from_config(section))
