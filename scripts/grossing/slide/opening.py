"""Opening slides: whitelisted facts, resolution with its source, pixels of any level.

Only the properties named here are ever read; label and macro pictures and the scanner's free text
(user, file name, date, barcode) never leave the file.
"""

import ctypes
import math
import os
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt
import openslide
from openslide import lowlevel

from grossing.slide import identity
from grossing.support.errors import ReadError, SlideError

MPP_RANGE = (0.05, 20.0)
ANISOTROPY_LIMIT = 0.01
ASPECT_TOLERANCE = 0.05  # between levels
MOST_PIXELS_PER_BYTE = 1000  # empty JPEG tiles have about 100
_UM_PER_UNIT = {"inch": 25400.0, "centimeter": 10000.0}

RGB = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Facts:
    """Geometry of a slide: level-0 pixels, `bounds` as x, y, width, height, mpp in um/px."""

    width_px: int
    height_px: int
    downsamples: list[float]
    bounds: tuple[int, int, int, int]
    mpp: float
    mpp_x: float
    mpp_y: float
    mpp_source: str

    @property
    def anisotropic(self) -> bool:
        return abs(self.mpp_x / self.mpp_y - 1) > ANISOTROPY_LIMIT


class Slide:
    """An open slide that survives read errors (OpenSlide's handle does not: it is reopened)."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._handle = _open(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._handle.close()

    @property
    def handle(self) -> openslide.OpenSlide:
        return self._handle

    def read_premultiplied(self, level: int, x: int, y: int, w: int, h: int) -> RGB:
        """(h, w, 4) uint8 BGRA as OpenSlide paints it; x, y in level-0 px, w, h in the level's px.

        Raises
        ------
        ReadError : the place does not decode.
        """
        pixels = np.empty((h, w, 4), np.uint8)
        target = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
        try:
            lowlevel._read_region(self._handle._osr, target, x, y, level, w, h)
        except openslide.OpenSlideError as error:
            self._handle.close()
            self._handle = _open(self.path)
            raise ReadError(str(error)) from error
        return pixels

    def read(self, level: int, x: int, y: int, w: int, h: int, glass: npt.ArrayLike) -> RGB:
        """(h, w, 3) uint8 RGB over the glass colour; arguments as `read_premultiplied`."""
        return over_glass(self.read_premultiplied(level, x, y, w, h), glass)


def over_glass(bgra: RGB, glass: npt.ArrayLike) -> RGB:
    """RGB of premultiplied BGRA, with the glass colour where nothing was scanned."""
    rgb = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB)
    alpha = bgra[..., 3]
    if alpha.min() < 255:
        rest = (255 - alpha.astype(np.float32))[..., None] / 255
        rgb = np.rint(rgb + rest * np.asarray(glass, np.float32)).clip(0, 255).astype(np.uint8)
    return np.asarray(rgb)


def _open(path: str) -> openslide.OpenSlide:
    if not os.path.exists(path):
        remedy = "correct `path` in the cohort sheet, or bring the file back"
        raise SlideError("file_missing", "no such file", remedy)
    if not os.path.isfile(path):
        raise SlideError("unsupported", "not a file", "name the slide's file, not its folder")
    if not os.access(path, os.R_OK):
        raise SlideError("unreadable", "permission denied", "make the file readable for this user")
    if os.path.getsize(path) == 0:
        raise SlideError("unreadable", "the file is empty (0 bytes)", "copy the slide again")
    try:
        return openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError as error:
        remedy = "check that the copy is complete; convert formats that OpenSlide cannot read"
        raise SlideError("unsupported", words(error, path), remedy) from error
    except openslide.OpenSlideError as error:
        code = "unsupported" if os.path.splitext(path)[1].lower() == ".czi" else "unreadable"
        remedy = "copy or scan the slide again, or convert it to a pyramidal TIFF or DICOM"
        raise SlideError(code, words(error, path), remedy) from error


def words(error: Exception, path: str | os.PathLike[str]) -> str:
    """A reader's words on one line; where the file lies is nobody's business."""
    return " ".join(str(error).replace(os.fspath(path), os.path.basename(path)).split())


def check_index(slide: Slide) -> None:
    """Refuse a file whose index cannot be true, before anything is read because of it.

    Raises
    ------
    SlideError : a level's shape is not level 0's, or more pixels than the file's bytes can hold.
    """
    handle, size = slide.handle, sum(os.path.getsize(p) for p in identity.files_of(slide.path))
    width, height = handle.dimensions
    remedy = "the file's index is damaged: copy or scan the slide again"
    for level, (w, h) in enumerate(handle.level_dimensions):
        across, down = width / w, height / h
        rounding = across / w + down / h
        if abs(across - down) > ASPECT_TOLERANCE * down + 2 * rounding:
            words = f"level {level} of {w}x{h} px does not fit level 0 of {width}x{height} px"
            raise SlideError("unreadable", words, remedy)
    if width * height > MOST_PIXELS_PER_BYTE * size:
        words = f"{size} bytes cannot hold {width}x{height} px"
        raise SlideError("unreadable", words, remedy)


def description(slide: Slide) -> dict[str, Any]:
    """The whitelisted columns of an open slide that need no resolution."""
    handle = slide.handle
    properties = handle.properties
    width, height = handle.dimensions
    sizes = zip(handle.level_dimensions, handle.level_downsamples, strict=True)
    names = ("x", "y", "width", "height")
    return {
        "vendor": properties.get("openslide.vendor", "unknown"),
        "width_px": width,
        "height_px": height,
        "levels": [{"width_px": w, "height_px": h, "downsample": d} for (w, h), d in sizes],
        "bounds": dict(zip(names, _bounds(properties, width, height), strict=True)),
        "objective": _number(properties.get("openslide.objective-power")),
        "quickhash": properties.get("openslide.quickhash-1"),
        "icc_bytes": int(properties.get("openslide.icc-size", 0)),
    }


def facts(
    slide: Slide, *, given_mpp: float | None = None, mpp_from_objective: bool = False
) -> Facts:
    """Geometry of an open slide.

    Parameters
    ----------
    given_mpp : um/px from the cohort sheet; wins over the file
    mpp_from_objective : infer 10 / objective power where the file tells no resolution

    Raises
    ------
    SlideError : no resolution, or one outside 0.05..20 um/px.
    """
    handle = slide.handle
    mpp_x, mpp_y, source = _resolution(handle.properties, given_mpp, mpp_from_objective)
    width, height = handle.dimensions
    return Facts(
        width_px=width,
        height_px=height,
        downsamples=list(handle.level_downsamples),
        bounds=_bounds(handle.properties, width, height),
        mpp=math.sqrt(mpp_x * mpp_y),
        mpp_x=mpp_x,
        mpp_y=mpp_y,
        mpp_source=source,
    )


def _resolution(
    properties: Any, given_mpp: float | None, mpp_from_objective: bool
) -> tuple[float, float, str]:
    objective = _number(properties.get("openslide.objective-power"))
    scale = _UM_PER_UNIT.get(properties.get("tiff.ResolutionUnit", ""))
    tags = [_number(properties.get(f"tiff.{axis}Resolution")) for axis in "XY"]
    mpp: tuple[float | None, float | None] = (
        _number(properties.get("openslide.mpp-x")),
        _number(properties.get("openslide.mpp-y")),
    )
    source = "file"
    if given_mpp is not None:
        mpp, source = (given_mpp, given_mpp), "sheet"
    elif None in mpp and scale and all(tags):
        mpp, source = (scale / (tags[0] or 1), scale / (tags[1] or 1)), "tiff"
    elif None in mpp and objective and mpp_from_objective:
        mpp, source = (10 / objective, 10 / objective), "objective"
    x, y = mpp
    remedy = "give the true um/px in the column `mpp` of the cohort sheet"
    if x is None or y is None:
        raise SlideError("mpp_missing", "the file tells no resolution", remedy)
    for value in (x, y):
        if not MPP_RANGE[0] <= value <= MPP_RANGE[1]:
            message = f"resolution {value:.4g} um/px outside {MPP_RANGE[0]}..{MPP_RANGE[1]:g}"
            raise SlideError("mpp_out_of_range", message, remedy)
    return x, y, source


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _bounds(properties: Any, width: int, height: int) -> tuple[int, int, int, int]:
    names = [f"openslide.bounds-{name}" for name in ("x", "y", "width", "height")]
    try:
        x, y, w, h = (int(properties[name]) for name in names)
    except (KeyError, ValueError):
        return 0, 0, width, height
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    return x, y, max(1, min(w, width - x)), max(1, min(h, height - y))


def level_for(downsamples: list[float], wanted: float) -> int:
    """The coarsest level still at or finer than `wanted` (level-0 px per wanted px)."""
    fine_enough = [i for i, d in enumerate(downsamples) if d <= wanted * 1.0001]
    return max(fine_enough, key=lambda i: downsamples[i], default=0)
