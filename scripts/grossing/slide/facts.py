"""What a slide's file states: size, levels, scanned bounds, and its resolution with its source.

Only the properties named here are ever read, of OME-XML the sizes of the pixels; label and macro
pictures and the scanner's free text (user, file name, date, barcode) never leave the file.
"""

import math
from collections.abc import Mapping, Sequence

from grossing.slide import ome_xml
from grossing.slide.opening import Slide
from grossing.slide.record import Bounds, FileFacts, Level, Resolution
from grossing.support.errors import SlideError

MPP_RANGE = (0.05, 20.0)
ANISOTROPY_LIMIT = 0.01
ASPECT_TOLERANCE = 0.05  # between levels
_UM_PER_UNIT = {"inch": 25400.0, "centimeter": 10000.0}


def file_facts(slide: Slide) -> FileFacts:
    """The whitelisted facts of an open slide that need no resolution."""
    handle = slide.handle
    properties = handle.properties
    width, height = handle.dimensions
    sizes = zip(handle.level_dimensions, handle.level_downsamples, strict=True)
    return FileFacts(
        vendor=properties.get("openslide.vendor", "unknown"),
        width_px=width,
        height_px=height,
        levels=tuple(
            Level(w, h, downsample, trusted=_fits(width, height, w, h))
            for (w, h), downsample in sizes
        ),
        bounds=_bounds(properties, width, height),
        objective=_number(properties.get("openslide.objective-power")),
        quickhash=properties.get("openslide.quickhash-1"),
        icc_bytes=int(properties.get("openslide.icc-size", 0)),
    )


def _fits(width: int, height: int, w: int, h: int) -> bool:
    """Whether a level of w x h px can be a smaller level 0, but for rounding of its size."""
    across, down = width / w, height / h
    return abs(across - down) <= ASPECT_TOLERANCE * down + 2 * (across / w + down / h)


def resolution(
    slide: Slide, *, given_mpp: float | None = None, mpp_from_objective: bool = False
) -> Resolution:
    """Resolution of an open slide.

    Parameters
    ----------
    given_mpp : um/px from the cohort sheet; wins over the file
    mpp_from_objective : infer 10 / objective power where the file does not state its resolution

    Raises
    ------
    SlideError : no resolution, or one outside 0.05..20 um/px.
    """
    properties = slide.handle.properties
    ome = ome_xml.mpp_of(properties.get("tiff.ImageDescription", ""), slide.handle.dimensions)
    x, y, source = _resolution(properties, given_mpp, mpp_from_objective, ome)
    return Resolution(
        mpp=round(math.sqrt(x * y), 6),
        mpp_x=x,
        mpp_y=y,
        mpp_source=source,
        anisotropic=abs(x / y - 1) > ANISOTROPY_LIMIT,
    )


def _resolution(
    properties: Mapping[str, str],
    given_mpp: float | None,
    mpp_from_objective: bool,
    ome: tuple[float, float] | None = None,
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
    elif ome is not None:  # tags beside it may be a program's default, such as 72 dpi
        mpp, source = ome, "ome"
    elif None in mpp and scale and all(tags):
        mpp, source = (scale / (tags[0] or 1), scale / (tags[1] or 1)), "tiff"
    elif None in mpp and objective and mpp_from_objective:
        mpp, source = (10 / objective, 10 / objective), "objective"
    x, y = mpp
    remedy = "give the true um/px in the column `mpp` of the cohort sheet"
    if x is None or y is None:
        raise SlideError("mpp_missing", "the file does not state its resolution", remedy)
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


def _bounds(properties: Mapping[str, str], width: int, height: int) -> Bounds:
    names = [f"openslide.bounds-{name}" for name in ("x", "y", "width", "height")]
    try:
        x, y, w, h = (int(properties[name]) for name in names)
    except (KeyError, ValueError):
        return Bounds(0, 0, width, height)
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    return Bounds(x, y, max(1, min(w, width - x)), max(1, min(h, height - y)))


def level_for(downsamples: Sequence[float], downsample: float) -> int:
    """The coarsest level that is not coarser than `downsample` (level-0 px per px)."""
    fine_enough = [i for i, d in enumerate(downsamples) if d <= downsample * 1.0001]
    return max(fine_enough, key=lambda i: downsamples[i], default=0)
