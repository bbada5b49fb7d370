"""Levels of rounded size, read at the whole factor that they were shrunk by.

A level of floor(width / 4) px was shrunk by 4: its pixel i covers level-0 pixels 4 i to 4 i + 3.
OpenSlide takes the mean of width and height ratios for its factor, 4.00033 for a slide of 12001 px,
and paints what lies between its pixels: every pixel a mixture of two, up to 1 px away at the far
end, more on long and narrow slides.  No call reads the pixels themselves, so the factor is set
where OpenSlide keeps it, in the first field of its level, in versions whose fields are known.
"""

import ctypes
import logging

import openslide

#: versions with the fields below
KNOWN = ("4.0.0", "4.0.1")
LOG = logging.getLogger(__name__)


class _Level(ctypes.Structure):
    _fields_ = (
        ("downsample", ctypes.c_double),
        ("width", ctypes.c_int64),
        ("height", ctypes.c_int64),
    )


class _Slide(ctypes.Structure):
    _fields_ = (
        ("operations", ctypes.c_void_p),
        ("levels", ctypes.POINTER(ctypes.POINTER(_Level))),
        ("data", ctypes.c_void_p),
        ("level_count", ctypes.c_int32),
    )


def factor(whole: tuple[int, int], level: tuple[int, int], downsample: float) -> int | None:
    """The whole factor of a level whose size is that of level 0 but for rounding; else None.

    Taking it, a place is less than 1 px of the level from where it would be if the level were level
    0 stretched to its size.

    Parameters
    ----------
    whole, level : width and height of level 0 and of the level, px
    downsample : of the level as OpenSlide states it
    """
    nearest = round(downsample)
    sides = zip(whole, level, strict=True)
    rounded = all(abs(full / nearest - side) < 1 for full, side in sides)
    return nearest if rounded else None


def set_factors(handle: openslide.OpenSlide) -> None:
    """Make OpenSlide read the levels of rounded size at their whole factors.

    Of other versions of OpenSlide nothing changes.
    """
    sizes, stated = handle.level_dimensions, handle.level_downsamples
    factors = [factor(sizes[0], *each) for each in zip(sizes, stated, strict=True)]
    wanted = {
        level: whole
        for level, whole in enumerate(factors)
        if whole is not None and whole != stated[level]
    }
    if not wanted:
        return
    if openslide.__library_version__ not in KNOWN:
        LOG.info("OpenSlide %s: rounded levels are resampled", openslide.__library_version__)
        return
    slide = ctypes.cast(handle._osr._as_parameter_, ctypes.POINTER(_Slide)).contents
    if slide.level_count != len(sizes):
        return
    for level, whole in wanted.items():
        fields = slide.levels[level].contents
        if (fields.width, fields.height) == sizes[level] and fields.downsample == stated[level]:
            fields.downsample = whole
