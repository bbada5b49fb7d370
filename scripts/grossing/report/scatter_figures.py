"""Slides as points: focus, and stain."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from grossing.report import cohort_table, style
from grossing.report.cohort_table import STATUSES, Floats
from grossing.report.limit import Limit, axis_label, label
from grossing.report.style import Drawing

FOCUS = ("sharpness_score", "blurred_fraction")
STAIN = ("hematoxylin_od", "eosin_od")
GROUP = "site"
MOST_POINTS = 2000  # of vector graphics; more are drawn as a picture
HEIGHT = 78 * style.MM


def focus(table: pa.Table, limits: Sequence[Limit]) -> Drawing | None:
    """Sharpness against the share of blurred places; None where one of them is missing."""
    drawn = _Points.of(table, FOCUS, group=None)
    if drawn is None:
        return None
    figure = style.new(style.COLUMN, HEIGHT)
    axes = figure.subplots()
    drawn.draw(axes, dict(zip(STATUSES, style.STATUS_COLOURS.values(), strict=True)))
    x, y = drawn.x, drawn.y
    if np.all(x > 0) and x.max() > 30 * x.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    limit = next((limit for limit in limits if limit.column == FOCUS[1]), None)
    axes.set_ylim(-0.03, max(1.03 if y.max() > 0.5 else 1.15 * y.max(), 0.1))
    if limit is not None:
        axes.axhline(limit.value, color="black", linestyle=(0, (3, 1.5)), linewidth=0.8)
    _legends(axes, drawn, {})
    line = f" Dashed: the limit, {limit.text}." if limit else ""
    caption = (
        f"Each of {drawn.number} slides by its {label(FOCUS[0])} (median variance of the Laplacian "
        f"over its sampled places) and its {label(FOCUS[1])}.{line} Out of focus is to the upper "
        "left."
    )
    return Drawing("focus", "Focus of the slides", caption, figure)


def stain(table: pa.Table) -> Drawing | None:
    """Hematoxylin against eosin density, coloured by site; None where no slide has them."""
    drawn = _Points.of(table, STAIN, GROUP)
    if drawn is None:
        return None
    figure = style.new(style.COLUMN, HEIGHT)
    axes = figure.subplots()
    names = [name for name, _ in Counter(drawn.groups).most_common() if name is not None]
    names = names[: len(style.GROUP_COLOURS)]
    colours = dict(zip(names, style.GROUP_COLOURS, strict=False))
    drawn.draw(axes, colours or style.STATUS_COLOURS)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    _legends(axes, drawn, colours)
    others = len({group for group in drawn.groups if group}) - len(names)
    rest = f"; grey: {others} further sites and slides without one" if others > 0 else ""
    by_colour = f" Colour: {GROUP}{rest}." if colours else ""
    caption = (
        f"Each of {drawn.number} slides by its mean hematoxylin and eosin density.{by_colour} A "
        "site or scanner that stains or scans differently lies apart."
    )
    return Drawing("stain", "Stain of the slides", caption, figure)


class _Points:
    """Slides that have both of two numbers."""

    def __init__(
        self,
        columns: tuple[str, str],
        x: Floats,
        y: Floats,
        statuses: list[str],
        groups: list[str | None],
    ) -> None:
        self.columns, self.x, self.y = columns, x, y
        self.statuses, self.groups = statuses, groups

    @classmethod
    def of(cls, table: pa.Table, columns: tuple[str, str], group: str | None) -> "_Points | None":
        x, y = (cohort_table.numbers(table, name) for name in columns)
        if x is None or y is None:
            return None
        both = np.flatnonzero(~np.isnan(x) & ~np.isnan(y))
        if not len(both):
            return None
        status = cohort_table.statuses(table)
        groups = (cohort_table.texts(table, group) if group else None) or [None] * len(table)
        kept = [status[i] for i in both], [groups[i] for i in both]
        return cls(columns, x[both], y[both], *kept)

    @property
    def number(self) -> str:
        return style.counted(len(self.x))

    def draw(self, axes: Axes, colours: dict[str, str]) -> None:
        """Marker by status; colour by group where `colours` names groups, else by status."""
        keys = self.statuses if colours.keys() <= set(STATUSES) else self.groups
        many = len(self.x) > MOST_POINTS
        faces = np.array([colours.get(key or "", style.PALE) for key in keys])
        status = np.array(self.statuses)
        for name in STATUSES:
            which = status == name
            axes.scatter(
                *(self.x[which], self.y[which]),
                **{"s": 5 if many else 16, "c": faces[which], "marker": style.STATUS_MARKERS[name]},
                **{"edgecolors": "black", "linewidths": 0.15 if many else 0.35},
                **{"alpha": 0.85, "rasterized": many, "clip_on": False, "zorder": 3},
            )
        axes.set_xlabel(axis_label(self.columns[0]))
        axes.set_ylabel(axis_label(self.columns[1]))


def _legends(axes: Axes, drawn: _Points, colours: dict[str, str]) -> None:
    """What markers and colours mean, below the axes."""
    point = {"linestyle": "", "markersize": 4, "markeredgecolor": "black", "markeredgewidth": 0.35}
    handles = [
        Line2D(
            *([], []),
            **point,
            marker=style.STATUS_MARKERS[status],
            markerfacecolor="white" if colours else style.STATUS_COLOURS[status],
            label=status,
        )
        for status in STATUSES
        if status in drawn.statuses
    ]
    handles += [
        Line2D([], [], **point, marker="o", markerfacecolor=c, label=style.printable(name, 16))
        for name, c in colours.items()
    ]
    columns = min(4, len(handles))
    options = {"handletextpad": 0.2, "columnspacing": 1.0}
    axes.figure.legend(  # type: ignore[union-attr]
        handles=handles, loc="outside lower center", ncols=columns, **options
    )
