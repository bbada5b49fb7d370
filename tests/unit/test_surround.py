"""Black around the scanned picture: neither ink nor tissue; ink and dark fields stay."""

from pathlib import Path

import cv2
import make_stack
import numpy as np
import odd_tiff
import pytest
import pyvips
from grossing.mask import labels
from grossing.mask.surround import black_surround
from stages import measured


@pytest.fixture(scope="module")
def picture(real_slide: Path) -> np.ndarray:
    return make_stack.region(real_slide)[300:2700, 100:2100]


def framed(picture: np.ndarray) -> np.ndarray:
    """Black at the left and above, as converters add it."""
    return cv2.copyMakeBorder(picture, 500, 0, 700, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0))


def write_jpeg(path: Path, rgb: np.ndarray) -> Path:
    image = pyvips.Image.new_from_array(np.ascontiguousarray(rgb)).copy(xres=2000, yres=2000)
    image.tiffsave(
        str(path), tile=True, pyramid=True, compression="jpeg", Q=75, tile_width=256, resunit="cm"
    )
    return path


@pytest.mark.parametrize("kind", ["lossless", "jpeg"])
def test_a_black_border_is_not_scanned(kind: str, picture: np.ndarray, tmp_path: Path) -> None:
    tissue, ink = [], []
    for name, rgb in (("plain", picture), ("framed", framed(picture))):
        path = tmp_path / f"{name}.tif"
        if kind == "jpeg":
            write_jpeg(path, rgb)
        else:
            odd_tiff.write(path, [rgb])
        found = measured(path)
        areas = found.record.usable().measures.areas
        tissue.append(areas.tissue_fraction)
        ink.append(areas.pen_fraction + areas.dark_spot_fraction)
    assert tissue[1] == pytest.approx(tissue[0], abs=0.02)
    assert ink[1] == pytest.approx(ink[0], abs=0.01)
    assert found.mask is not None
    scale = found.record.usable().measures.areas.overview_downsample
    black = np.zeros(found.mask.shape, bool)
    black[: int(500 / scale)] = black[:, : int(700 / scale)] = True
    assert (found.mask[black] == labels.NOT_SCANNED).all()
    assert (found.mask[~black] == labels.NOT_SCANNED).mean() < 0.03


def glass_with(ink: tuple[slice, slice], level: int = 15) -> np.ndarray:
    rgb = np.full((400, 500, 3), 240, np.uint8)
    rgb[ink] = level
    return rgb


EVERYWHERE = np.ones((400, 500), bool)


def test_black_that_does_not_touch_the_edge_is_left_to_the_other_rules() -> None:
    inner = glass_with((slice(50, 300), slice(60, 200)))
    assert not black_surround(inner, EVERYWHERE).any()


def test_black_at_the_edge_of_the_picture_or_of_what_the_file_holds() -> None:
    border = (slice(0, 400), slice(0, 100))
    found = black_surround(glass_with(border), EVERYWHERE)
    assert found[:, :100].all() and not found[:, 103:].any()
    scanned = EVERYWHERE.copy()
    scanned[:, :200] = False
    inner = black_surround(glass_with((slice(0, 400), slice(200, 300))), scanned)
    assert inner[:, 200:300].all() and not inner[:, :200].any() and not inner[:, 303:].any()


def test_specks_grey_and_dark_fields_are_no_surround() -> None:
    speck = (slice(0, 15), slice(0, 15))
    grey = glass_with((slice(0, 400), slice(0, 100)), level=60)
    assert not black_surround(glass_with(speck), EVERYWHERE).any()
    assert not black_surround(grey, EVERYWHERE).any()
    dark = cv2.GaussianBlur(255 - glass_with((slice(100, 200), slice(100, 200))), (0, 0), 30)
    assert dark.max() > 150 and dark.min() < 20
    assert not black_surround(dark, EVERYWHERE).any()
    assert not black_surround(np.zeros((400, 500, 3), np.uint8), EVERYWHERE).any()


def test_a_dark_field_is_scanned_everywhere(tmp_path: Path) -> None:
    rgb = np.zeros((1500, 1500, 3), np.uint8)
    cv2.circle(rgb, (700, 700), 400, (10, 20, 180), -1)
    path = odd_tiff.write(tmp_path / "dark.tif", [rgb])
    found = measured(path, stain="DAPI")
    assert found.mask is not None and (found.mask != labels.NOT_SCANNED).all()
    assert found.record.usable().measures.areas.pen_fraction == 0
