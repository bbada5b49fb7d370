"""Slides read by the fast readers and by OpenSlide, for tests that compare the two."""

import random

import numpy as np
from grossing.slide import facts, opening, raw_tiff, readers
from grossing.slide.raw_slide import RawSlide

GLASS = np.array([7, 130, 240], np.uint8)
WIDTH, HEIGHT = 1100, 940


def facts_of(path):
    with opening.Slide(path) as slide:
        return facts.file_facts(slide)


def raw_of(path, level=0, **options):
    extent = facts_of(path).levels[level]
    return raw_tiff.RawTiffReader(path, extent.width_px, extent.height_px, GLASS, **options)


def general_of(path, level=0):
    return readers.OpenSlideReader(path, level, facts_of(path).downsamples[level], GLASS)


def chosen(path, level=0, **options):
    return readers.open_reader(path, file=facts_of(path), level=level, glass=GLASS, **options)


def rectangles(width, height, tile_px):
    """Whole tiles, their unions, odd ones, single pixels, and such that leave the picture."""
    pick = random.Random(width)
    yield from [(0, 0, width, height), (0, 0, tile_px, tile_px), (tile_px, 0, tile_px, tile_px)]
    yield from [(width - 1, height - 1, 1, 1), (width - 50, height - 70, 90, 80)]
    yield (width // 2, height // 2, width, 3)
    for _ in range(12):
        w, h = pick.choice([(300, 300), (2 * tile_px, tile_px), (31, 400), (1, 1)])
        yield pick.randrange(width), pick.randrange(height), w, h


def inside(x, y, w, h, width, height):
    """How much of a rectangle lies in the picture: OpenSlide calls the rest absent."""
    return max(0, min(h, height - y)), max(0, min(w, width - x))


def check_equal(raw, general, width, height, tile_px=256):
    """Pixels and gaps of both readers of one level, at many places."""
    for place in rectangles(width, height, tile_px):
        ours, theirs = raw.read(*place), general.read(*place)
        np.testing.assert_array_equal(ours.rgb, theirs.rgb, err_msg=str(place))
        rows, columns = inside(*place, width, height)
        gaps = [absent_of(each)[:rows, :columns] for each in (ours, theirs)]
        np.testing.assert_array_equal(*gaps, err_msg=str(place))


def absent_of(region):
    """(h, w) bool, also where nothing is absent."""
    shape = region.rgb.shape[:2]
    return np.zeros(shape, bool) if region.absent is None else region.absent


def _places(width, height):
    """All of it, rectangles that leave it or lie beside it, and others anywhere."""
    pick = random.Random(width)
    yield from [(0, 0, width, height), (-70, -90, 300, 200), (width - 40, height - 30, 90, 80)]
    yield from [(width + 9, 5, 40, 40), (0, 0, 256, 256), (256, 256, 256, 256)]
    for _ in range(6):
        w, h = pick.choice([(300, 300), (512, 256), (31, 400), (1, 1)])
        yield pick.randrange(-50, width), pick.randrange(-50, height), w, h


def check_levels(path, expected=None):
    """Every level by the readers of tiling, whose names are as `expected`, and of measuring.

    Returns which levels measuring reads without OpenSlide.
    """
    file = facts_of(path)
    names = []
    with RawSlide(str(path)) as measured, opening.Slide(path) as slide:
        for level, extent in enumerate(file.levels):
            reader = readers.open_reader(path, file=file, level=level, glass=GLASS)
            general = readers.open_reader(
                path, file=file, level=level, glass=GLASS, prefer="openslide"
            )
            names.append(reader.name)
            for x, y, w, h in _places(extent.width_px, extent.height_px):
                ours, theirs = reader.read(x, y, w, h), general.read(x, y, w, h)
                where = f"level {level}: {x}, {y}, {w}, {h}"
                assert np.array_equal(ours.rgb, theirs.rgb), where
                assert np.array_equal(absent_of(ours), absent_of(theirs)), where
                assert not ours.decoders_disagree
                scale = round(extent.downsample)
                place = (level, x * scale, y * scale, w, h)
                bgra = slide.read_premultiplied(*place)
                assert np.array_equal(measured.read_premultiplied(*place), bgra), where
            assert reader.tile_px == general.tile_px
            reader.close()
            general.close()
        fast = [measured._reader(level) is not None for level in range(len(file.levels))]
    if expected is not None:
        assert names == expected
    return fast
