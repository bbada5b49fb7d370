"""Slides that belong to one patient: those of one case, and those that show one glass slide."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from grossing.cohort import values

#: slides that training gets
USED = ("PASS", "REVIEW")
READ = ("slide_id", "qc_status", "case_id", "label", "site", "scanner", "split")
Row = dict[str, Any]


def rows(verdicts: pa.Table) -> list[Row]:
    """The rows of `cohort_qc` with the keys of `READ`; None where the sheet gives no value."""
    present = [name for name in READ if name in verdicts.column_names]
    blank = dict.fromkeys(READ)
    return [
        blank | {name: value or None for name, value in row.items()}
        for row in verdicts.select(present).to_pylist()
    ]


def is_used(row: Row) -> bool:
    """Whether training gets a slide."""
    return row["qc_status"] in USED


def pairs(duplicates: pa.Table) -> list[tuple[str, str]]:
    """The slides of each row of `duplicates`."""
    return [(row["slide_id_a"], row["slide_id_b"]) for row in duplicates.to_pylist()]


def sharing(slides: Iterable[Row], column: str) -> list[list[str]]:
    """slide_ids that have one value of a column; a difference in case or blanks is none.

    Two patients taken for one leak nothing; one patient taken for two does.
    """
    groups: dict[str, list[str]] = {}
    for row in slides:
        if row[column]:
            groups.setdefault(values.folded(row[column]), []).append(row["slide_id"])
    return list(groups.values())


def joined(slide_ids: Iterable[str], links: Iterable[Sequence[str]]) -> list[list[str]]:
    """Groups of slides that are linked directly or by others, in the order of the slides.

    Parameters
    ----------
    links : slides of one group each; ids that are not in `slide_ids` are left out
    """
    parent = {slide_id: slide_id for slide_id in slide_ids}
    for link in links:
        known = [slide_id for slide_id in link if slide_id in parent]
        for other in known[1:]:
            parent[_root(parent, other)] = _root(parent, known[0])
    groups: dict[str, list[str]] = {}
    for slide_id in parent:
        groups.setdefault(_root(parent, slide_id), []).append(slide_id)
    return list(groups.values())


def _root(parent: dict[str, str], slide_id: str) -> str:
    while parent[slide_id] != slide_id:
        parent[slide_id] = slide_id = parent[parent[slide_id]]
    return slide_id


def several(groups: Iterable[Sequence[str]], place: Mapping[str, str]) -> Iterator[list[str]]:
    """The slides with a place, of each group whose slides are in several places."""
    for group in groups:
        placed = [slide_id for slide_id in group if slide_id in place]
        if len({place[slide_id] for slide_id in placed}) > 1:
            yield placed
