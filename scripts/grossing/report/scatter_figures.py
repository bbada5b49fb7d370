"""Slides as points: focus, and stain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from grossing.report import cohort_table, style
from grossing.report.cohort_table import STATUSES, Floats
from grossing.report.limit import Limit, axis_label, label
from grossing.report.style import Drawing

FOCUS = ("sharpness_score", "blurred_fraction")
STAIN = ("hematoxylin_od", "eosin_od")
GROUP = "site"
MOST_POINTS = 2000  # of vector graphics; more are drawn as a picture
DECADES = 30.0  # largest by smallest value from which an axis is logarithmic
HEIGHT = 78 * style.MM


@dataclass(frozen=True)
class _Points:
    """Slides that have both of two numbers: (N,) each, verdict and group of each."""

    columns: tuple[str, str]
    x: Floats
    y: Floats
    statuses: list[str]
    groups: list[str | None]

    @property
    def size(self) -> float:
        """Of a marker, in square points: smaller where there are many."""
        return float(np.clip(160 / np.sqrt(len(self.x)), 3, 16))

    @property
    def many(self) -> bool:
        return len(self.x) > MOST_POINTS


def focus(table: pa.Table, limits: Sequence[Limit]) -> Drawing | None:
    """Sharpness against the share of blurred places; None where one of them is missing."""
    points = _points(table, FOCUS, group=None)
    if points is None:
        return None
    figure = style.new(style.COLUMN, HEIGHT)
    axes = figure.subplots()
    _draw(axes, points, [style.STATUS_COLOURS[status] for status in points.statuses])
    if np.all(points.x > 0) and points.x.max() > DECADES * points.x.min():
        axes.set_xscale("log")
        style.plain_numbers(axes.xaxis)
    limit = next((limit for limit in limits if limit.column == FOCUS[1]), None)
    highest = max(float(points.y.max()), limit.value if limit else 0.0)
    axes.set_ylim(-0.03 * highest, 1.05 * highest or 1)
    if limit is not None:
        axes.axhline(limit.value, **style.LIMIT_LINE)
    _legend(figure, points, {})
    line = f" Dashed: the limit, {limit.text}." if limit else ""
    caption = (
        f"Each of {style.counted(len(points.x))} slides by its {label(FOCUS[0])} (median variance "
        f"of the Laplacian over its sampled places) and its {label(FOCUS[1])}.{line} Slides out of "
        "focus are at the upper left."
    )
    return Drawing("focus", "Focus of the slides", caption, figure)


def stain(table: pa.Table) -> Drawing | None:
    """Hematoxylin against eosin density, coloured by site; None where no slide has them."""
    points = _points(table, STAIN, GROUP)
    if points is None:
        return None
    figure = style.new(style.COLUMN, HEIGHT)
    axes = figure.subplots()
    names = [name for name, _ in Counter(points.groups).most_common() if name is not None]
    colours = dict(zip(names, style.GROUP_COLOURS, strict=False))
    if colours:
        faces = [colours.get(group or "", style.PALE) for group in points.groups]
    else:
        faces = [style.STATUS_COLOURS[status] for status in points.statuses]
    _draw(axes, points, faces)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=style.NICE))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=style.NICE))
    if style.PALE in faces:
        colours |= {"other": style.PALE}
    _legend(figure, points, colours)
    by_colour = ""
    if names and style.PALE in faces:
        by_colour = f" Colour: the largest {GROUP}s; grey: the others, or no {GROUP} given."
    elif names:
        by_colour = f" Colour: {GROUP}."
    caption = (
        f"Each of {style.counted(len(points.x))} slides by its mean hematoxylin and eosin density."
        f"{by_colour} Marker: verdict. A site that stains or scans differently lies apart."
    )
    return Drawing("stain", "Stain of the slides", caption, figure)


def _points(table: pa.Table, columns: tuple[str, str], group: str | None) -> _Points | None:
    x, y = (cohort_table.numbers(table, name) for name in columns)
    if x is None or y is None:
        return None
    both = np.flatnonzero(~np.isnan(x) & ~np.isnan(y))
    if not len(both):
        return None
    statuses = cohort_table.statuses(table)
    groups = (cohort_table.texts(table, group) if group else None) or [None] * len(table)
    return _Points(
        columns, x[both], y[both], [statuses[i] for i in both], [groups[i] for i in both]
    )


def _draw(axes: Axes, points: _Points, faces: Sequence[str]) -> None:
    """One marker per slide: its shape is the verdict."""
    colours, statuses = np.array(faces), np.array(points.statuses)
    for status in STATUSES:
        which = statuses == status
        axes.scatter(
            points.x[which],
            points.y[which],
            s=points.size,
            c=colours[which].tolist(),
            marker=style.STATUS_MARKERS[status],
            edgecolors="black",
            linewidths=0.1 if points.many else 0.35,
            alpha=0.85,
            rasterized=points.many,
            clip_on=False,
            zorder=3,
        )
    axes.set_xlabel(axis_label(points.columns[0]))
    axes.set_ylabel(axis_label(points.columns[1]))


def _legend(figure: Figure, points: _Points, colours: Mapping[str, str]) -> None:
    """What markers and colours mean, below the axes."""
    handles = [
        _handle(status, marker, "white" if colours else style.STATUS_COLOURS[status])
        for status, marker in style.STATUS_MARKERS.items()
        if status in points.statuses
    ]
    handles += [_handle(style.printable(name, 16), "s", c) for name, c in colours.items()]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(4, len(handles)),
        handletextpad=0.2,
        columnspacing=1.0,
    )


def _handle(name: str, marker: str, face: str) -> Line2D:
    edge = "none" if marker == "s" else "black"
    return Line2D(
        [],
        [],
        linestyle="",
        marker=marker,
        markersize=4.5,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=0.35,
        label=name,
    )
