"""Seven undamaged slides that pass: what the damaged variants are made from."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pyvips
from make_slide import make_slide
from make_tagged_dicom import make_dicom

REGION = Path(__file__).parents[1] / "data/CMU-1-Small-Region.svs"
COMMON = {"tissue_fraction": 0.75, "blurred_fraction": 0, "pen": False}
#: side of the slides that are not larger than needed
CROPPED_PX = 2048


def write_bases(folder: Path) -> dict[str, Path]:
    """Write the undamaged slides that are not there yet; name -> path.

    Aperio, generic TIFF and DICOM, one level and several, JPEG, LZW and deflate, 20x and 40x.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, (suffix, write) in _writers(folder).items():
        paths[name] = folder / f"{name}.{suffix}"
        if not paths[name].exists():
            partial_path = folder / f"{name}.part.{suffix}"
            write(partial_path)
            partial_path.replace(paths[name])
    paths["dicom"] = folder / "dicom" / "0.dcm"
    if not paths["dicom"].exists():
        make_dicom(folder / "dicom", level0(paths["tiff_jpeg"])[:CROPPED_PX, :CROPPED_PX], 0.5)
    return paths


def _writers(folder: Path) -> dict[str, tuple[str, Callable[[Path], object]]]:
    twenty = folder / "aperio20.svs"
    return {
        "aperio_single": ("svs", partial(shutil.copyfile, REGION)),
        "aperio20": ("svs", _aperio(3072, 2560, 0.5, seed=21, pyramid_factor=2)),
        "aperio40": (
            "svs",
            _aperio(5120, 4096, 0.25, seed=22, tile_px=512, subsampling="420", bigtiff=True),
        ),
        "tiff_jpeg": (
            "tif",
            partial(write_generic, twenty, pyramid=True, compression="jpeg", Q=85),
        ),
        "tiff_lzw": (
            "tif",
            partial(
                write_generic,
                twenty,
                side_px=CROPPED_PX,
                pyramid=True,
                compression="lzw",
                predictor="horizontal",
            ),
        ),
        "tiff_deflate_single": (
            "tif",
            partial(write_generic, twenty, side_px=CROPPED_PX, compression="deflate"),
        ),
    }


def _aperio(width_px: int, height_px: int, mpp: float, **options: Any) -> Callable[[Path], object]:
    return lambda path: make_slide(REGION, path, width_px, height_px, mpp=mpp, **(COMMON | options))


def write_generic(source: Path, path: Path, side_px: int | None = None, **options: Any) -> None:
    """A generic TIFF of the pixels of a slide at 0.5 um/px, or of its top left square."""
    pixels = np.ascontiguousarray(level0(source)[:side_px, :side_px])
    image = pyvips.Image.new_from_array(pixels).copy(xres=2000.0, yres=2000.0)
    image.tiffsave(str(path), tile=True, tile_width=256, tile_height=256, **options)


def level0(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a whole slide."""
    with openslide.OpenSlide(path) as slide:
        picture = slide.read_region((0, 0), 0, slide.dimensions).convert("RGB")
    return np.asarray(picture)
