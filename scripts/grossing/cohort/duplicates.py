"""Pairs of slides that show the same glass slide: the same content, or pictures alike."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from grossing.cohort import values
from grossing.cohort.sheet import Sheet
from grossing.cohort.sheet_checks import OF_ONE_SLIDE
from grossing.columns import duplicates as columns
from grossing.columns.reason_codes import SlideReason
from grossing.slide.record import SlideRecord
from grossing.support import tables
from grossing.support.types import PathLike

#: of 256 bits; of scans of one slide at most 33 were measured to differ, of others at least 99
DISTANCE_MAX = 60
HASH_BITS, HASH_DIGITS = 256, 64
_BLOCK = 128  # hashes that are compared with all others at once
_BITS = 64  # of each of the four groups of a hash

Words = npt.NDArray[np.uint64]
Ids = tuple[str, str]
Kind = Literal["content", "pixels", "picture"]
#: reason of a slide whose duplicate has another value in a column of the sheet
REASONS: dict[str, SlideReason] = {
    "split": "duplicate_in_other_split",
    "case_id": "duplicate_in_other_case",
    "label": "duplicate_with_other_label",
}


@dataclass(frozen=True)
class Pair:
    """Two slides, in the order of the sheet, that are one.

    `kind` is content (copies of one file), pixels (of studies: the same values in other files) or
    picture; `distance` counts the bits in which the
    hashes of the pictures differ, None where one has none; `alarm` names the columns of the sheet
    in which the two contradict each other.
    """

    slide_id_a: str
    slide_id_b: str
    kind: Kind
    distance: int | None
    alarm: str | None


def of_hashes(
    hashes: Sequence[str], distance_max: int = DISTANCE_MAX
) -> Iterator[tuple[int, int, int]]:
    """Pairs of alike pictures: index, higher index and distance.

    Parameters
    ----------
    hashes : as `picture_hash.of_picture` makes them, of 64 digits or several such parts
    distance_max : of 256 bits; the least over 8 orientations, and over the parts: the picture as it
        is and with its longest axis aligned, with and without ink
    """
    if not hashes:
        return
    parts = len(hashes[0]) // HASH_DIGITS
    words = np.frombuffer(bytes.fromhex("".join(hashes)), ">u8").reshape(-1, parts, 4)
    words = words.transpose(1, 0, 2).astype(np.uint64)
    turned = np.array([_turned(part) for part in words])
    for first in range(0, len(hashes), _BLOCK):
        of_block = slice(first, first + _BLOCK)
        distances = np.minimum.reduce(
            [
                _mirrored_distances(words[part, of_block], right[part, first:])
                for part in range(parts)
                for right in (words, turned)
            ]
        )
        for i, j in np.argwhere(distances <= distance_max):
            if i < j:
                yield first + int(i), first + int(j), int(distances[i, j])


def _mirrored_distances(left: Words, right: Words) -> npt.NDArray[np.uint16]:
    """(N, M) bits that differ, the least over the four ways to mirror a picture.

    Mirroring in x inverts the signs of the frequencies that are odd in x.
    """
    differ = [
        np.bitwise_count(left[:, i, None] ^ right[None, :, i]).astype(np.uint16) for i in range(4)
    ]
    inverted = [_BITS - bits for bits in differ]
    same, in_x, in_y, in_both = (
        differ[1] + differ[2] + differ[3],
        inverted[1] + differ[2] + inverted[3],
        differ[1] + inverted[2] + inverted[3],
        inverted[1] + inverted[2] + differ[3],
    )
    least = np.minimum(np.minimum(same, in_x), np.minimum(in_y, in_both))
    return np.asarray(differ[0] + least, np.uint16)


def _turned(words: Words) -> Words:
    """The hashes of the pictures with x and y exchanged."""
    bits = np.unpackbits(words.astype(">u8").view(np.uint8)).reshape(-1, 2, 2, 8, 8)
    exchanged = np.ascontiguousarray(bits.transpose(0, 2, 1, 4, 3))
    return np.packbits(exchanged).view(">u8").reshape(-1, 4).astype(np.uint64)


def find(
    sheet: Sheet, records: Iterable[SlideRecord], distance_max: int = DISTANCE_MAX
) -> list[Pair]:
    """All pairs of a cohort, in the order of the sheet.

    Copies of one file are found also where they show no tissue; slides that cannot be used are in
    no pair.
    """
    contents: dict[str, str | None] = {}
    pictures: dict[str, Sequence[str]] = {}
    for record in records:
        if record.readable and record.slide_id in sheet.rows:
            contents[record.slide_id] = record.identity.content_hash
            picture = record.usable().measures.picture.picture_hash
            pictures[record.slide_id] = [picture] if picture else []
    return listed(sheet, {"content": equal(sheet, contents)}, alike(sheet, pictures, distance_max))


def listed(sheet: Sheet, copies: Mapping[Kind, set[Ids]], alike: Mapping[Ids, int]) -> list[Pair]:
    """The pairs of a cohort, each once, in the order of the sheet.

    Parameters
    ----------
    copies : pairs that are certainly one by their kind, the surest first (`equal`)
    alike : pairs whose pictures are alike, with their distance (`alike`)
    """
    order = {slide_id: number for number, slide_id in enumerate(sheet.rows)}
    found: dict[Ids, Kind] = dict.fromkeys(alike, "picture")
    for kind, pairs in reversed([*copies.items()]):
        found |= dict.fromkeys(pairs, kind)
    return [
        Pair(
            *pair,
            kind=found[pair],
            distance=alike.get(pair),
            alarm=";".join(_contradictions(sheet, *pair)) or None,
        )
        for pair in sorted(found, key=lambda pair: (order[pair[0]], order[pair[1]]))
    ]


def alike(sheet: Sheet, hashes: Mapping[str, Sequence[str]], distance_max: int) -> dict[Ids, int]:
    """Pairs whose pictures are alike, with their distance, the mean of their pictures.

    Parameters
    ----------
    hashes : id to the hashes of its pictures, as many for each; those without any are left out
    """
    ids = [slide_id for slide_id in sheet.rows if hashes.get(slide_id)]
    pictures = list(zip(*(hashes[slide_id] for slide_id in ids), strict=True))
    near = [{(i, j): bits for i, j, bits in of_hashes(p, distance_max)} for p in pictures]
    found: dict[Ids, int] = {}
    for pair in {pair for of_picture in near for pair in of_picture}:
        bits = [
            known.get(pair) or _distance(*(picture[i] for i in pair))
            for known, picture in zip(near, pictures, strict=True)
        ]
        if (mean := round(sum(bits) / len(bits))) <= distance_max:
            found[ids[pair[0]], ids[pair[1]]] = mean
    return found


def _distance(a: str, b: str) -> int:
    """Bits in which two hashes differ."""
    return next(bits for _, _, bits in of_hashes((a, b), HASH_BITS))


def equal(sheet: Sheet, hashes: Mapping[str, str | None]) -> set[Ids]:
    """Pairs of equal hashes; ids without one are in none."""
    groups: dict[str, list[str]] = {}
    for slide_id in sheet.rows:
        if found := hashes.get(slide_id):
            groups.setdefault(found, []).append(slide_id)
    return {pair for group in groups.values() for pair in itertools.combinations(group, 2)}


def _contradictions(sheet: Sheet, a: str, b: str) -> Iterator[str]:
    """Columns of the sheet in which two slides have different values; empty ones do not count."""
    for column in OF_ONE_SLIDE:
        first, second = sheet.value(a, column), sheet.value(b, column)
        fold = values.folded if column == "split" else str
        if first and second and fold(first) != fold(second):
            yield column


def table(pairs: Sequence[Pair]) -> pa.Table:
    """`duplicates`: a row per pair."""
    return tables.from_rows([asdict(pair) for pair in pairs], columns.SCHEMA)


def read(path: PathLike) -> pa.Table:
    """The table of pairs from its CSV file."""
    return tables.read_csv(path, columns.SCHEMA)


@dataclass(frozen=True)
class Duplicates:
    """Of one slide: the slides that are the same, and the reasons to look at it."""

    of: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def by_slide(pairs: pa.Table) -> dict[str, Duplicates]:
    """The duplicates of every slide that has some, from a table of pairs."""
    found: dict[str, Duplicates] = {}
    for row in pairs.to_pylist():
        reasons = [REASONS[column] for column in (row["alarm"] or "").split(";") if column]
        for own, other in (("slide_id_a", "slide_id_b"), ("slide_id_b", "slide_id_a")):
            before = found.get(row[own], Duplicates())
            found[row[own]] = Duplicates(
                (*before.of, row[other]), tuple(dict.fromkeys((*before.reasons, *reasons)))
            )
    return found
