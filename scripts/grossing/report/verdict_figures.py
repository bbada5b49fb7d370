"""Figures of verdicts: per site, and the reasons behind them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from grossing.report import cohort_table, style
from grossing.report.cohort_table import STATUSES
from grossing.report.limit import label
from grossing.report.style import Drawing

#: columns by which verdicts are grouped, the first that has values
GROUPS = ("site", "scanner", "vendor")
MOST_ROWS = 24
ROOM_FOR_NUMBER = 0.07  # share of the axis
TEXT_COLOURS = {"PASS": "white", "REVIEW": "black", "FAIL": "black", "ERROR": "white"}
LINE = 4.6 * style.MM


def by_site(table: pa.Table) -> Drawing | None:
    """Shares of the verdicts for all slides and per site; scanners or vendors without sites."""
    if not len(table):
        return None
    column = next((name for name in GROUPS if cohort_table.texts(table, name)), None)
    rows = [("all slides", cohort_table.status_counts(cohort_table.statuses(table)))]
    if column is not None:
        rows += _groups(table, column)
    figure = style.new(style.COLUMN, len(rows) * LINE + 20 * style.MM)
    axes = figure.subplots()
    _stacked(axes, rows, share=True)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    axes.set_xlabel("Slides (%)")
    for place, (_, counts) in enumerate(rows):
        axes.text(1.02, place, style.counted(sum(counts.values())), va="center", fontsize=6)
    axes.text(1.02, -0.95, "n", va="center", fontsize=6, style="italic")
    if column is not None:
        axes.axhline(0.5, color="black", linewidth=0.5)
    _legend(figure, [status for status in STATUSES if rows[0][1][status]])
    each = f", and per {column}" if column else ""
    title = f"Verdicts per {column}" if column else "Verdicts"
    overall = ", ".join(f"{style.counted(n)} {status}" for status, n in rows[0][1].items())
    caption = (
        f"Final verdicts of the {style.counted(len(table))} slides{each}; in the bars and at their "
        f"right the number of slides. Overall {overall}. PASS and REVIEW are used."
    )
    return Drawing("verdicts", title, caption, figure)


def _groups(table: pa.Table, column: str) -> list[tuple[str, dict[str, int]]]:
    """Verdicts per value of a column, the largest groups first; the smallest are one row."""
    members: dict[str, list[str]] = {}
    values = cohort_table.texts(table, column) or []
    for value, status in zip(values, cohort_table.statuses(table), strict=True):
        members.setdefault(value or f"(no {column})", []).append(status)
    ordered = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    shown, rest = ordered[:MOST_ROWS], ordered[MOST_ROWS:]
    rows = [(style.printable(name, 22), found) for name, found in shown]
    if rest:
        rows.append((f"{len(rest)} others", [status for _, found in rest for status in found]))
    return [(name, cohort_table.status_counts(found)) for name, found in rows]


def reasons(table: pa.Table) -> Drawing | None:
    """Slides per reason, the most frequent first; None where no slide has one."""
    counts = cohort_table.reason_counts(table)
    if not counts:
        return None
    rows = [(label(code), dict(found)) for code, found in list(counts.items())[:MOST_ROWS]]
    figure = style.new(style.COLUMN, len(rows) * LINE + 18 * style.MM)
    axes = figure.subplots()
    _stacked(axes, rows, share=False)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel("Slides")
    present: Counter[str] = Counter()
    for place, (_, found) in enumerate(rows):
        total = sum(found.values())
        present.update(found)
        axes.annotate(
            style.counted(total), (total, place), (2, 0), textcoords="offset points", va="center"
        )
    axes.margins(x=0.1)
    _legend(figure, [status for status in STATUSES if present[status]])
    left_out = len(counts) - len(rows)
    more = f" {left_out} rarer reasons are left out." if left_out else ""
    caption = (
        "Slides per reason of their verdict, the most frequent first. A slide may have several "
        f"reasons.{more}"
    )
    return Drawing("reasons", "Reasons of the verdicts", caption, figure)


def _stacked(axes: Axes, rows: Sequence[tuple[str, dict[str, int]]], share: bool) -> None:
    """Horizontal bars, one per row from the top, stacked by status."""
    totals = np.array([sum(counts.values()) for _, counts in rows], dtype=float)
    scale = 1 / totals if share else np.ones(len(rows))
    full = 1.0 if share else float(totals.max())
    left = np.zeros(len(rows))
    for status in STATUSES:
        counts = np.array([found.get(status, 0) for _, found in rows])
        width = counts * scale
        axes.barh(
            np.arange(len(rows)),
            width,
            0.72,
            left,
            color=style.STATUS_COLOURS[status],
            hatch=style.STATUS_HATCHES[status],
            edgecolor="white",
            linewidth=0.4,
        )
        for place in np.flatnonzero(width > ROOM_FOR_NUMBER * full) if share else ():
            _number(axes, status, left[place] + width[place] / 2, int(place), int(counts[place]))
        left += width
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _number(axes: Axes, status: str, x: float, y: int, count: int) -> None:
    """The number of slides in a bar, readable over its hatching."""
    axes.text(
        x,
        y,
        style.counted(count),
        bbox={"facecolor": style.STATUS_COLOURS[status], "edgecolor": "none", "pad": 0.6},
        ha="center",
        va="center",
        color=TEXT_COLOURS[status],
        fontsize=6,
    )


def _legend(figure: Figure, shown: Sequence[str]) -> None:
    handles = [
        Patch(
            facecolor=style.STATUS_COLOURS[status],
            hatch=style.STATUS_HATCHES[status],
            edgecolor="white",
            linewidth=0.4,
            label=status,
        )
        for status in shown
    ]
    columns = max(1, len(handles))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=1.4)
