"""The verdicts of a cohort as text for people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from grossing.cohort import decide

SHORT_COHORT = 40
LISTED_MAX = 5
Row = dict[str, Any]


def of_verdicts(verdicts: pa.Table, key: str = "slide_id", nouns: str = "slides") -> str:
    """A line per slide (of more than 40 slides, those not PASS), then the counts.

    Parameters
    ----------
    verdicts : `measured_qc`, `cohort_qc` or `studies_qc`
    key, nouns : column of the ids, and what has them
    """
    names = [key, "qc_status", "qc_reasons", "error_message", "remedy", "review_decision"]
    there = [name for name in names if name in verdicts.column_names]
    rows = verdicts.select(there).to_pylist()
    counts = Counter(row["qc_status"] for row in rows)
    width = max((len(row[key]) for row in rows), default=0)
    lines = []
    for row in rows:
        if row["qc_status"] != decide.PASS or len(rows) <= SHORT_COHORT:
            remedy = f" ({row['error_message']}; {row['remedy']})" if row["error_message"] else ""
            text = f"{row['qc_reasons'] or ''}{remedy}"
            lines.append(f"  {row[key]:<{width}}  {row['qc_status']:<6}  {text}".rstrip())
    totals = ", ".join(f"{counts[status]} {status}" for status in decide.STATUSES)
    return "\n".join([*lines, *_reviews(rows), f"  {len(rows)} {nouns}: {totals}"])


def _reviews(rows: Sequence[Row]) -> Iterator[str]:
    """Reviews that were not applied."""
    outdated, idle = [], []
    for row in rows:
        if decide.OUTDATED in (row["qc_reasons"] or "").split(";"):
            outdated.append(row["slide_id"])
        elif row.get("review_decision") == "accept" and row["qc_status"] != decide.PASS:
            idle.append(row["slide_id"])
    if outdated:
        yield (
            f"  Reviews not applied, because the slides changed since: {_listed(outdated)}. "
            "Look at them again and give their rows a new date, or the content_hash of now."
        )
    if idle:
        yield f"  Accepted, but there is nothing to be used: {_listed(idle)}."


def of_duplicates(
    pairs: pa.Table, path: str = "results/cohort/duplicates.csv", noun: str = "glass slide"
) -> str:
    """A line with the pairs that contradict each other; empty where there are none.

    Parameters
    ----------
    pairs : `duplicates`
    path, noun : where they are listed, and what two rows of the sheet are
    """
    alarms = [
        f"{row['slide_id_a']} = {row['slide_id_b']} ({row['alarm'].replace(';', ', ')})"
        for row in pairs.to_pylist()
        if row["alarm"]
    ]
    if not alarms:
        return ""
    return f"ALARM: the same {noun} under two splits, cases or labels: {_listed(alarms)} ({path})"


def of_leakage(leaks: pa.Table, path: str = "results/cohort/leakage.csv") -> str:
    """A line with what leaks between splits; empty where nothing does that may not.

    Parameters
    ----------
    leaks : `leakage`
    path : where it is
    """
    alarms = [
        f"{row['kind']} {row['value'] or row['slides']} ({row['splits'].replace(';', ', ')})"
        for row in leaks.to_pylist()
        if row["alarm"]
    ]
    if not alarms:
        return ""
    return f"ALARM: leakage between splits: {_listed(alarms)} ({path})"


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - LISTED_MAX} more"] if len(names) > LISTED_MAX else []
    return ", ".join([*names[:LISTED_MAX], *more])
