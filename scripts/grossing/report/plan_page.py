"""The page of a plan: one file that loads nothing, before there is a report and beside it."""

import base64
import datetime
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from grossing.cohort import plan_text
from grossing.columns.error_codes import REMEDIES
from grossing.report import page
from grossing.support import files
from grossing.support.types import PathLike

#: rows of the table of slides that will fail, and of that of the most expensive ones
FAILING_MAX, EXPENSIVE_MAX = 500, 20
Row = Mapping[str, Any]


def write(
    path: PathLike,
    template: Sequence[PathLike],
    *,
    totals: Mapping[str, Any],
    table: pa.Table,
    version: str,
) -> None:
    """The page.

    Parameters
    ----------
    template : plan.html.j2, and its styles, which are written into the page
    totals : what `plan.json` holds
    table : `plan.csv`
    version : of Grossing
    """
    html, *styles = (Path(name).read_text(encoding="utf-8") for name in template)
    style = "".join(styles)
    rows = table.to_pylist()
    failing = [row for row in rows if row["error_code"]]
    shown = {
        "style": style,
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "version": version,
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "totals": totals,
        "wall": _falling(totals["wall"], totals["cores"]),
        "here": next(row for row in totals["wall"] if row["workers"] == totals["cores"]),
        "reasons": _reasons(failing),
        "failing": failing[:FAILING_MAX],
        "further": max(0, len(failing) - FAILING_MAX),
        "expensive": _expensive(rows),
        "cpu_max": max([rule["cpu_s"] for rule in totals["rules"]], default=0) or 1,
        "batch_max": max([batch["wall_s"] for batch in totals["batches"]], default=0) or 1,
        "assumptions": list(plan_text.assumptions(totals)),
        "duration": plan_text.duration,
        "amount": plan_text.amount,
        "number": "{:,}".format,
    }
    files.write(path, page.render(html, shown).encode())


def _falling(wall: Sequence[Row], cores: int) -> list[Row]:
    """Rows of the time, up to the number of workers from which more are of no use."""
    return [
        row
        for row, before in zip(wall, [None, *wall], strict=False)
        if before is None or row["workers"] == cores or row["cores_s"] < before["cores_s"]
    ]


def _reasons(failing: Sequence[Row]) -> list[tuple[str, int, str]]:
    """Code, slides and remedy of each problem, the most frequent first."""
    counts = Counter(row["error_code"] for row in failing)
    remedies = {row["error_code"]: row["remedy"] for row in failing}
    return [(code, n, REMEDIES.get(code, remedies[code])) for code, n in counts.most_common()]


def _expensive(rows: Sequence[Row]) -> list[Row]:
    """The slides that take the most CPU time."""
    working = [row for row in rows if row["jobs"]]
    return sorted(working, key=lambda row: (-row["cpu_s"], row["slide_id"]))[:EXPENSIVE_MAX]
