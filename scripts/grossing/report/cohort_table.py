"""The rows of `cohort_qc` as arrays for figures and texts."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from grossing.columns import meanings
from grossing.support.types import Mask

Floats = npt.NDArray[np.float64]

STATUSES = tuple(meanings.COLUMNS["cohort_qc"]["qc_status"]["values"])
#: statuses of slides whose tiles are used
USED = ("PASS", "REVIEW")


def numbers(table: pa.Table, name: str) -> Floats | None:
    """(N,) values of a column, NaN where null; None where the table has no value of it."""
    if name not in table.column_names or table[name].null_count == len(table):
        return None
    return np.asarray(pc.cast(table[name], pa.float64()).to_numpy(), dtype=np.float64)


def texts(table: pa.Table, name: str) -> list[str | None] | None:
    """Values of a text column; None where the table has no value of it."""
    if name not in table.column_names:
        return None
    values: list[str | None] = table[name].to_pylist()
    return values if any(values) else None


def statuses(table: pa.Table) -> list[str]:
    """The verdict of every slide."""
    values: list[str] = table["qc_status"].to_pylist()
    return values


def used(table: pa.Table) -> Mask:
    """(N,) bool: slides whose tiles are used."""
    return np.isin(np.array(statuses(table), dtype=str), USED)


def reasons(table: pa.Table) -> list[tuple[str, ...]]:
    """The reasons of every slide, each `code` or `code=value>limit`."""
    each = table["qc_reasons"].to_pylist()
    return [tuple(filter(None, (text or "").split(";"))) for text in each]


def reason_counts(table: pa.Table) -> dict[str, Counter[str]]:
    """Slides per status of every reason code, the most frequent first."""
    counts: dict[str, Counter[str]] = {}
    for status, given in zip(statuses(table), reasons(table), strict=True):
        for code in dict.fromkeys(reason.partition("=")[0] for reason in given):
            counts.setdefault(code, Counter())[status] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])))


def status_counts(values: Sequence[str]) -> dict[str, int]:
    """Slides per status, in the order of the statuses."""
    counts = Counter(values)
    return {status: counts[status] for status in STATUSES}
