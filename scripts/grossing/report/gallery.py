"""A gallery of slides that are out or doubtful, each with its picture and its reasons."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from matplotlib.axes import Axes
from PIL import Image

from grossing.report import cohort_table, style
from grossing.report.limit import reason_text
from grossing.report.style import Drawing

COLUMNS, MOST = 4, 12
SIDE_PX = 400  # of a picture in the figure
CELL = 46 * style.MM
ASPECT, BEHIND = 0.75, "#E8E8E8"  # of a cell: height by width, and its colour
#: from the worst; a slide that passes is not shown
SHOWN = ("FAIL", "REVIEW", "ERROR")
LINE_LETTERS, LINES = 34, 2
Picture = npt.NDArray[np.uint8]


def draw(table: pa.Table, folders: Sequence[str | os.PathLike[str]]) -> Drawing | None:
    """Up to 12 slides, at first one of each reason; None where no such slide has a picture.

    Parameters
    ----------
    folders : of pictures {slide_id}.jpg; the first that has one of a slide is used
    """
    order = _order(table)
    ids = table["slide_id"].to_pylist()
    found: list[tuple[int, Picture]] = []
    for row in order:
        if len(found) == MOST:
            break
        picture = _picture(ids[row], folders)
        if picture is not None:
            found.append((row, picture))
    if not found:
        return None
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    figure = style.new(style.PAGE if columns > 2 else style.COLUMN, rows * CELL)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    statuses, reasons = cohort_table.statuses(table), cohort_table.reasons(table)
    for axes, (row, picture) in zip(panels, found, strict=False):
        _cell(axes, ids[row], statuses[row], reasons[row], picture)
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    caption = (
        f"{len(found)} of the {style.counted(len(order))} slides that do not simply pass, at first "
        "one of each reason: name, verdict, picture, reasons. Slides without a picture (missing or "
        "unreadable files) are left out. Pictures are not to the same scale."
    )
    return Drawing("failures", "Slides that fail or need a look", caption, figure)


def _order(table: pa.Table) -> list[int]:
    """Rows that do not pass: one of each reason (FAIL, REVIEW, ERROR), then the next of each."""
    statuses, reasons = cohort_table.statuses(table), cohort_table.reasons(table)
    queues: dict[tuple[int, str], list[int]] = {}
    for row, (status, given) in enumerate(zip(statuses, reasons, strict=True)):
        if status in SHOWN:
            code = given[0].partition("=")[0] if given else ""
            queues.setdefault((SHOWN.index(status), code), []).append(row)
    ordered = [queues[key] for key in sorted(queues)]
    longest = max(map(len, ordered), default=0)
    return [queue[turn] for turn in range(longest) for queue in ordered if turn < len(queue)]


def _picture(slide_id: str, folders: Sequence[str | os.PathLike[str]]) -> Picture | None:
    """(H, W, 3) RGB, at most `SIDE_PX` wide and high; None where the slide has no picture."""
    for folder in folders:
        path = Path(folder, f"{slide_id}.jpg")
        if path.is_file():
            with Image.open(path) as image:
                if min(image.size) <= 1:  # what a slide that cannot be read has
                    return None
                image.draft("RGB", (SIDE_PX, SIDE_PX))
                small = image.convert("RGB")
                small.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
                return np.asarray(small)
    return None


def _cell(axes: Axes, slide_id: str, status: str, reasons: Sequence[str], picture: Picture) -> None:
    axes.imshow(picture, interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.STATUS_COLOURS[status])
        spine.set_linewidth(1.2)
    axes.set_box_aspect(ASPECT)
    axes.set_anchor("N")
    axes.set_facecolor(BEHIND)
    height, width = picture.shape[:2]
    half = max(width, height / ASPECT) / 2
    axes.set_xlim(width / 2 - half, width / 2 + half)
    axes.set_ylim(height / 2 + half * ASPECT, height / 2 - half * ASPECT)
    axes.set_title(f"{style.printable(slide_id, 26)}  {status}", fontweight="bold", fontsize=6)
    axes.set_xlabel(_lines([reason_text(reason) for reason in reasons]), fontsize=6)


def _lines(reasons: Sequence[str]) -> str:
    """Reasons on two lines; what does not fit is counted."""
    lines = [style.printable(reason, LINE_LETTERS) for reason in reasons]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"and {len(lines) - LINES + 1} more"]
    return "\n".join([*lines, *[""] * (LINES - len(lines))])
