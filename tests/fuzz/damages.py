"""Kinds of damage to a slide; each changes it at random places, equal for equal seeds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from fuzz.dicom_edit import Dicom
from fuzz.tiff_edit import Tiff
from svs import COMPRESSION_JPEG, IMAGE_LENGTH, IMAGE_WIDTH

BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES = 258, 259, 262, 274, 277
PLANAR, PREDICTOR, TILE_WIDTH, TILE_LENGTH, JPEG_TABLES, SUBSAMPLING = 284, 317, 322, 323, 347, 530
SCAN = b"\xff\xda"

Slide = Tiff | Dicom
Random = np.random.Generator
Damage = Callable[..., None]


# ---- the file ------------------------------------------------------------------------------------


def truncated(slide: Slide, random: Random) -> None:
    keep = random.choice([0.05, 0.3, 0.6, 0.9, 0.97, 0.99, 0.999])
    del slide.data[int(len(slide.data) * keep) :]


def blocks_zeroed(slide: Slide, random: Random) -> None:
    for start, size in _blocks(slide, random):
        slide.data[start : start + size] = bytes(size)


def blocks_random(slide: Slide, random: Random) -> None:
    for start, size in _blocks(slide, random):
        slide.data[start : start + size] = random.bytes(size)


def blocks_repeated(slide: Slide, random: Random) -> None:
    for start, size in _blocks(slide, random):
        source = int(random.integers(0, len(slide.data) - size))
        slide.data[start : start + size] = slide.data[source : source + size]


def _blocks(slide: Slide, random: Random) -> list[tuple[int, int]]:
    """Start and size of blocks of a disk; the first 512 bytes, with the header, are spared."""
    size = int(random.choice([4096, 16384, 65536]))
    starts = random.integers(512, len(slide.data) - size, int(random.integers(1, 9)))
    return [(int(start), size) for start in starts]


# ---- values of tags ------------------------------------------------------------------------------


def tag_dimensions(tiff: Tiff, random: Random) -> None:
    level, side = _level(tiff, random), int(random.choice([IMAGE_WIDTH, IMAGE_LENGTH]))
    (value,) = tiff.tag(level, side)
    new = random.choice([value // 2, value - 300, value - 17, value + 17, value + 300, 2 * value])
    _set(tiff, level, side, int(max(1, new)))


def tag_tile_size(tiff: Tiff, random: Random) -> None:
    level = _level(tiff, random)
    sides = [side for side in (128, 240, 256, 512) if side != tiff.tag(level, TILE_WIDTH)[0]]
    side = int(random.choice(sides))
    which = [(TILE_WIDTH,), (TILE_LENGTH,), (TILE_WIDTH, TILE_LENGTH)][random.integers(3)]
    tiff.rewrite(tiff.levels[level], {tag: [side] for tag in which})


def tag_compression(tiff: Tiff, random: Random) -> None:
    level = _level(tiff, random)
    others = {1, 5, 6, 7, 8, 32773, 33003, 33005, 50001} - set(tiff.tag(level, COMPRESSION))
    _set(tiff, level, COMPRESSION, int(random.choice(sorted(others))))


def tag_photometric(tiff: Tiff, random: Random) -> None:
    level = _level(tiff, random)
    others = {0, 1, 2, 5, 6, 8} - set(tiff.tag(level, PHOTOMETRIC))
    _set(tiff, level, PHOTOMETRIC, int(random.choice(sorted(others))))


def tag_orientation(tiff: Tiff, random: Random) -> None:
    orientation = int(random.integers(2, 9))
    for level in range(len(tiff.levels)):
        _set(tiff, level, ORIENTATION, orientation)


def tag_samples(tiff: Tiff, random: Random) -> None:
    samples = int(random.choice([1, 2, 4]))
    changes = {SAMPLES: [samples], BITS: [8] * samples}
    tiff.rewrite(tiff.levels[_level(tiff, random)], changes)


def tag_bits(tiff: Tiff, random: Random) -> None:
    bits = int(random.choice([1, 4, 16, 32]))
    tiff.rewrite(tiff.levels[_level(tiff, random)], {BITS: [bits] * 3})


def tag_planar(tiff: Tiff, random: Random) -> None:
    _set(tiff, _level(tiff, random), PLANAR, 2)


def tag_subsampling(tiff: Tiff, random: Random) -> None:
    across, down = random.choice([1, 2, 4]), random.choice([1, 2, 4])
    tiff.rewrite(tiff.levels[_level(tiff, random)], {SUBSAMPLING: [int(across), int(down)]})


def tag_predictor(tiff: Tiff, random: Random) -> None:
    level = _level(tiff, random)
    page = tiff.directories[tiff.levels[level]]
    horizontal = PREDICTOR in page.tags and page.values(PREDICTOR) == [2]
    _set(tiff, level, PREDICTOR, 1 if horizontal else 2)


# ---- the index of tiles --------------------------------------------------------------------------


def index_short(slide: Slide, random: Random) -> None:
    level = _level(slide, random)
    tiles = slide.tiles(level)
    slide.index_tiles(level, tiles[: max(1, len(tiles) - _few(tiles, random))])


def offsets_shifted(slide: Slide, random: Random) -> None:
    step = int(random.choice([-64, -2, -1, 1, 2, 64, 1000]))
    _change_index(slide, random, lambda offset, count: (max(8, offset + step), count))


def offsets_zeroed(slide: Slide, random: Random) -> None:
    _change_index(slide, random, lambda _, count: (0, count))


def offsets_beyond(slide: Slide, random: Random) -> None:
    _change_index(slide, random, lambda offset, count: (offset + len(slide.data), count))


def counts_zeroed(slide: Slide, random: Random) -> None:
    _change_index(slide, random, lambda offset, _: (offset, 0))


def counts_shortened(slide: Slide, random: Random) -> None:
    share = random.choice([0.1, 0.5, 0.9, 0.98])
    _change_index(slide, random, lambda offset, count: (offset, int(count * share)))


def counts_lengthened(slide: Slide, random: Random) -> None:
    more = int(random.choice([1, 1000, 10**6]))
    _change_index(slide, random, lambda offset, count: (offset, count + more))


def tiles_emptied(slide: Slide, random: Random) -> None:
    _change_index(slide, random, lambda *_: (0, 0))


def tiles_duplicated(slide: Slide, random: Random) -> None:
    level = _level(slide, random)
    source = slide.tiles(level)[_some(slide, level, random, 1)[0]]
    _change_index(slide, random, lambda *_: source, level)


def tiles_swapped(slide: Slide, random: Random) -> None:
    level = _level(slide, random)
    tiles = slide.tiles(level)
    for _ in range(_few(tiles, random)):
        a, b = _some(slide, level, random, 2)
        tiles[a], tiles[b] = tiles[b], tiles[a]
    slide.index_tiles(level, tiles)


def tiles_shuffled(slide: Slide, random: Random) -> None:
    level = _level(slide, random)
    tiles = slide.tiles(level)
    slide.index_tiles(level, [tiles[i] for i in random.permutation(len(tiles))])


def tiles_of_another_level(slide: Slide, random: Random) -> None:
    level, other = random.permutation(len(slide.levels))[:2]
    foreign = slide.tiles(int(other))
    _change_index(slide, random, lambda *_: foreign[random.integers(len(foreign))], int(level))


def _change_index(
    slide: Slide,
    random: Random,
    change: Callable[[int, int], tuple[int, int]],
    level: int | None = None,
) -> None:
    """Change the offset and count of a few tiles of a level."""
    level = _level(slide, random) if level is None else level
    tiles = slide.tiles(level)
    for i in _some(slide, level, random, _few(tiles, random)):
        tiles[i] = change(*tiles[i])
    slide.index_tiles(level, tiles)


# ---- the data of tiles ---------------------------------------------------------------------------


def data_bit_flipped(slide: Slide, random: Random) -> None:
    for start, end in _data(slide, random):
        slide.data[random.integers(start, end)] ^= 1 << int(random.integers(8))


def data_bytes_changed(slide: Slide, random: Random) -> None:
    for start, end in _data(slide, random):
        for at in random.integers(start, end, 20):
            slide.data[at] = int(random.integers(256))


def data_zeroed(slide: Slide, random: Random) -> None:
    for start, end in _data(slide, random):
        first, last = sorted(random.integers(start, end, 2))
        slide.data[first:last] = bytes(int(last - first))


def data_random(slide: Slide, random: Random) -> None:
    for start, end in _data(slide, random):
        first, last = sorted(random.integers(start, end, 2))
        slide.data[first:last] = random.bytes(int(last - first))


def data_tails_swapped(slide: Slide, random: Random) -> None:
    """Two tiles exchange the end of their data: what a lost block of a network copy does."""
    pairs = _data(slide, random)
    for (start, end), (other, other_end) in zip(pairs[::2], pairs[1::2], strict=False):
        length = int(min(end - start, other_end - other) * random.uniform(0.1, 0.9))
        ours, theirs = slice(end - length, end), slice(other_end - length, other_end)
        slide.data[ours], slide.data[theirs] = slide.data[theirs], slide.data[ours]


def scans_swapped(slide: Slide, random: Random) -> None:
    """Two JPEG tiles exchange their entropy-coded data; each keeps its headers and its length."""
    pairs = _data(slide, random)
    for (start, end), (other, other_end) in zip(pairs[::2], pairs[1::2], strict=False):
        first, second = _scan(slide, start), _scan(slide, other)
        length = min(end - first, other_end - second) - 2
        ours, theirs = slice(first, first + length), slice(second, second + length)
        slide.data[ours], slide.data[theirs] = slide.data[theirs], slide.data[ours]


def _scan(slide: Slide, start: int) -> int:
    return slide.data.index(SCAN, start) + 2 + 12  # marker and header of three components


def _data(slide: Slide, random: Random) -> list[tuple[int, int]]:
    """Start and end of the data of a few tiles of a level."""
    level = _level(slide, random)
    tiles = slide.tiles(level)
    few = _some(slide, level, random, 1 + _few(tiles, random))
    return [(tiles[i][0], sum(tiles[i])) for i in few if tiles[i][1] > 64]


# ---- JPEG tables and levels ----------------------------------------------------------------------


def tables_quantisation(tiff: Tiff, random: Random) -> None:
    """Other steps of quantisation: colours and contrast of every tile change."""

    def change(tables: bytearray) -> None:
        start = tables.index(b"\xff\xdb") + 5
        factor = random.choice([0.5, 2, 4])
        for at in range(start, start + 64):
            tables[at] = int(np.clip(tables[at] * factor, 1, 255))

    _change_tables(tiff, random, change)


def tables_huffman(tiff: Tiff, random: Random) -> None:
    """Two symbols of a Huffman table change places."""

    def change(tables: bytearray) -> None:
        start = tables.index(b"\xff\xc4") + 5 + 16
        a, b = random.choice(8, 2, replace=False)
        tables[start + a], tables[start + b] = tables[start + b], tables[start + a]

    _change_tables(tiff, random, change)


def tables_zeroed(tiff: Tiff, random: Random) -> None:
    def change(tables: bytearray) -> None:
        start = int(random.integers(2, len(tables) - 2))
        tables[start:-2] = bytes(len(tables) - 2 - start)

    _change_tables(tiff, random, change)


def tables_missing(tiff: Tiff, random: Random) -> None:
    tiff.rewrite(tiff.levels[_level(tiff, random)], {JPEG_TABLES: None})


def _change_tables(tiff: Tiff, random: Random, change: Callable[[bytearray], None]) -> None:
    level = tiff.levels[_level(tiff, random)]
    tables = bytearray(tiff.directories[level].tags[JPEG_TABLES][1])
    change(tables)
    tiff.rewrite(level, {JPEG_TABLES: bytes(tables)})


def levels_exchanged(tiff: Tiff, random: Random) -> None:
    """Two levels show each other's tiles, as many as they have."""
    a, b = (int(level) for level in random.permutation(len(tiff.levels))[:2])
    first, second = tiff.tiles(a), tiff.tiles(b)
    tiff.index_tiles(a, [second[i % len(second)] for i in range(len(first))])
    tiff.index_tiles(b, [first[i % len(first)] for i in range(len(second))])


def level_sizes_exchanged(tiff: Tiff, random: Random) -> None:
    a, b = (int(level) for level in random.permutation(len(tiff.levels))[:2])
    sides = [[tiff.tag(level, tag) for tag in (IMAGE_WIDTH, IMAGE_LENGTH)] for level in (a, b)]
    pages = tiff.levels[a], tiff.levels[b]
    for page, size in zip(pages, reversed(sides), strict=True):
        tiff.rewrite(page, dict(zip((IMAGE_WIDTH, IMAGE_LENGTH), size, strict=True)))


# ---- what all need -------------------------------------------------------------------------------


def _level(slide: Slide, random: Random) -> int:
    """Mostly the finest level, which tiles are cut from; never one of a single tile."""
    levels = [level for level in range(len(slide.levels)) if len(slide.tiles(level)) > 1]
    return 0 if random.random() < 0.8 else int(random.choice(levels))


def _set(tiff: Tiff, level: int, tag: int, value: int) -> None:
    tiff.rewrite(tiff.levels[level], {tag: [value]})


def _few(tiles: list[tuple[int, int]], random: Random) -> int:
    """One tile, or up to a third of them."""
    return 1 if random.random() < 0.3 else int(random.integers(1, max(2, len(tiles) // 3)))


def _some(slide: Slide, level: int, random: Random, count: int) -> list[int]:
    """Different tiles, of the larger half where that is enough: those show tissue."""
    tiles = slide.tiles(level)
    by_size = sorted(range(len(tiles)), key=lambda i: -tiles[i][1])
    pool = by_size[: max(count, -(-len(tiles) // 2))]
    return [int(i) for i in random.choice(pool, min(count, len(pool)), replace=False)]


ANY: tuple[Damage, ...] = (
    truncated, blocks_zeroed, blocks_random, blocks_repeated,
    offsets_shifted, counts_shortened, counts_lengthened,
    tiles_emptied, tiles_duplicated, tiles_swapped, tiles_shuffled,
    data_bit_flipped, data_bytes_changed, data_zeroed, data_random, data_tails_swapped,
)  # fmt: skip
TIFF: tuple[Damage, ...] = (
    tag_dimensions, tag_tile_size, tag_compression, tag_photometric, tag_orientation,
    tag_samples, tag_bits, tag_planar,
    index_short, offsets_zeroed, offsets_beyond, counts_zeroed,
)  # fmt: skip
JPEG_TIFF: tuple[Damage, ...] = (
    tag_subsampling, tables_quantisation, tables_huffman, tables_zeroed, tables_missing,
)  # fmt: skip
JPEG: tuple[Damage, ...] = (scans_swapped,)
LOSSLESS: tuple[Damage, ...] = (tag_predictor,)
PYRAMID: tuple[Damage, ...] = (tiles_of_another_level, levels_exchanged, level_sizes_exchanged)
KINDS = {
    damage.__name__: damage for damage in (*ANY, *TIFF, *JPEG_TIFF, *JPEG, *LOSSLESS, *PYRAMID)
}


def possible(slide: Slide) -> list[str]:
    """The kinds of damage that a slide can have, those that few slides can have first."""
    if isinstance(slide, Dicom):
        kinds = JPEG + ANY
    else:
        jpeg = slide.tag(0, COMPRESSION) == [COMPRESSION_JPEG]
        several = len(slide.levels) > 1
        kinds = (PYRAMID if several else ()) + (JPEG_TIFF + JPEG if jpeg else LOSSLESS) + TIFF + ANY
    return [kind.__name__ for kind in kinds]


def read(path: Path) -> Slide:
    """A slide's file in memory."""
    return (Dicom if path.suffix == ".dcm" else Tiff)(path.read_bytes())
