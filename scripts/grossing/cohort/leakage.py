"""Leakage between splits and folds: patients, duplicates and sites that are in several."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from grossing.cohort import patients
from grossing.cohort.patients import Row
from grossing.columns import leakage as columns
from grossing.support import tables
from grossing.support.types import PathLike


def find(
    verdicts: pa.Table,
    duplicates: pa.Table,
    assigned: pa.Table | None,
    *,
    site_alarm: bool,
    linked: Sequence[Sequence[str]] = (),
) -> pa.Table:
    """The table `leakage`; only slides that are PASS or REVIEW count.

    Parameters
    ----------
    verdicts, duplicates : `cohort_qc`, `duplicates`
    assigned : `splits`, None to check the splits of the sheet
    site_alarm : whether sites were to stay together
    linked : ids of each further group that was to stay together
    """
    rows = patients.rows(verdicts)
    slides = {row["slide_id"]: row for row in rows}
    given = rows if assigned is None else assigned.to_pylist()
    place = {
        row["slide_id"]: _place(row)
        for row in given
        if row["split"] and patients.is_used(slides[row["slide_id"]])
    }
    links = [*patients.sharing(rows, "case_id"), *patients.pairs(duplicates), *linked]
    joined = patients.joined(slides, links)
    found = _leaks(rows, patients.pairs(duplicates), joined, place, slides, site_alarm)
    return tables.from_rows(list(found), columns.SCHEMA)


def read(path: PathLike) -> pa.Table:
    """The table from its CSV file."""
    return tables.read_csv(path, columns.SCHEMA)


def _place(row: Row) -> str:
    """Split and fold of a slide."""
    return f"{row['split']} {row['fold']}" if row.get("fold") else str(row["split"])


def _leaks(
    rows: Sequence[Row],
    pairs: Sequence[tuple[str, str]],
    joined: Sequence[Sequence[str]],
    place: Mapping[str, str],
    slides: Mapping[str, Row],
    site_alarm: bool,
) -> Iterator[Row]:
    cases = patients.sharing(rows, "case_id")
    copies = [group for group in patients.joined(slides, pairs) if len(group) > 1]
    named = {
        "case": list(patients.several(cases, place)),
        "duplicate": list(patients.several(copies, place)),
    }
    listed = {i for groups in named.values() for group in groups for i in group}
    named["linked"] = [g for g in patients.several(joined, place) if not listed & set(g)]
    named["site"] = list(patients.several(patients.sharing(rows, "site"), place))
    for kind, groups in named.items():
        for group in groups:
            yield {
                "kind": kind,
                "alarm": kind != "site" or site_alarm,
                "value": _joined(_values(kind, group, slides)),
                "splits": _joined(place[i] for i in group),
                "slides": _joined(group),
            }


def _values(kind: str, group: Iterable[str], slides: Mapping[str, Row]) -> Iterator[str]:
    """What a group has in common: its site, or the cases of its slides."""
    column = "site" if kind == "site" else "case_id"
    yield from (slides[i][column] for i in group if slides[i][column])


def _joined(texts: Iterable[str]) -> str | None:
    return ";".join(dict.fromkeys(texts)) or None
