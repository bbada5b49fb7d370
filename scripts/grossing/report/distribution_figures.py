"""Figures of the numbers that are judged, with their limits."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from grossing.report import style
from grossing.report.distributions import BEYOND, IN_USE, OTHER, Counts, Distribution
from grossing.report.limit import axis_label, with_unit
from grossing.report.style import Drawing

PANELS_PER_ROW = (3, 4)
ROW_HEIGHT = 41 * style.MM
PEAK = 5.0  # times the second highest bar: a higher one is cut, with its count beside it
CUT_FROM = 50  # slides or tiles in it
#: (row of the counts, colour, hatch)
PARTS = ((IN_USE, style.BLUE, ""), (OTHER, style.PALE, ""), (BEYOND, style.RED, "/////"))


def draw(kind: str, distributions: Sequence[Distribution]) -> Drawing | None:
    """One panel per threshold; None without any.

    Parameters
    ----------
    kind : slide or tile
    """
    if not distributions:
        return None
    rows, columns = _grid(len(distributions))
    figure = style.new(style.PAGE, rows * ROW_HEIGHT + 7 * style.MM)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for index, (axes, each) in enumerate(zip(panels, distributions, strict=False)):
        _panel(axes, each)
        style.letter(axes, index)
        axes.set_ylabel(f"{kind.capitalize()}s" if index % columns == 0 else "")
    for axes in panels[len(distributions) :]:
        axes.set_axis_off()
    _legend(figure, kind)
    title = f"{kind.capitalize()}s by the numbers that thresholds judge"
    return Drawing(f"{kind}_distributions", title, _caption(kind, distributions), figure)


def _grid(panels: int) -> tuple[int, int]:
    """Rows and columns with the fewest empty places."""
    shapes = [(-(-panels // columns), columns) for columns in PANELS_PER_ROW]
    return min(shapes, key=lambda shape: (shape[0] * shape[1], shape[0]))


def _panel(axes: Axes, each: Distribution) -> None:
    left, widths = each.edges[:-1], np.diff(each.edges)
    bottom = np.zeros(len(left), np.int64)
    for part, colour, hatch in PARTS:
        axes.bar(
            left,
            each.counts[part],
            widths,
            bottom,
            align="edge",
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.25,
        )
        bottom += each.counts[part]
    _value_axis(axes, each)
    axes.set_xlim(each.edges[0], each.edges[-1])
    _count_axis(axes, each, bottom)
    axes.axvline(each.limit.value, **style.LIMIT_LINE)
    axes.set_xlabel(axis_label(each.limit.column))
    sign = ">" if each.limit.direction == "max" else "<"
    value = with_unit(each.limit.value, each.limit.column)
    share = style.share(each.beyond, each.measured)
    text = f"{sign} {value}: {style.counted(each.beyond)} ({share})"
    axes.set_title(text, loc="right", fontsize=6)


def _value_axis(axes: Axes, each: Distribution) -> None:
    if each.log:
        axes.set_xscale("log")
        style.plain_numbers(axes.xaxis)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=style.NICE))


def _count_axis(axes: Axes, each: Distribution, heights: Counts) -> None:
    """From 0 to the highest bar, or to the second where the highest would hide all others."""
    highest, second = (int(height) for height in np.sort(heights)[:-3:-1])
    top = 1.05 * highest
    if highest >= CUT_FROM and 0 < PEAK * second < highest:
        top = 1.6 * second
        _cut(axes, each, int(np.argmax(heights)), highest, top)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=style.NICE))
    axes.yaxis.set_major_formatter(FuncFormatter(_thousands))


def _cut(axes: Axes, each: Distribution, index: int, count: int, top: float) -> None:
    """A break in a bar that is higher than the axis, and its count beside it."""
    left, right = each.edges[index : index + 2]
    on_left = index < len(each.edges) / 2
    axes.annotate(
        style.counted(count),
        xy=(right if on_left else left, 0.93 * top),
        xytext=(3 if on_left else -3, 0),
        textcoords="offset points",
        fontsize=6,
        va="center",
        ha="left" if on_left else "right",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )
    margin = 0.2 * (right - left)
    for height in (0.84, 0.87):
        ends = [height * top, (height + 0.03) * top]
        axes.plot([left - margin, right + margin], ends, color="white", linewidth=1.2)


def _thousands(value: float, _: int | None = None) -> str:
    """A count on an axis: 1500 is 1.5k."""
    for letter, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _legend(figure: Figure, kind: str) -> None:
    names = ("used", "out for another reason", "beyond this limit")
    handles: list[Patch | Line2D] = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.25, label=name)
        for (_, colour, hatch), name in zip(PARTS, names, strict=True)
    ]
    handles.append(Line2D([], [], label="limit", **style.LIMIT_LINE))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, handlelength=1.6)


def _caption(kind: str, distributions: Sequence[Distribution]) -> str:
    parts = []
    for index, each in enumerate(distributions):
        counts = f"{style.counted(each.beyond)} of {style.counted(each.measured)}"
        letter = chr(ord("a") + index)
        parts.append(f"({letter}) {each.limit.explained}: {counts} beyond it.")
    used = {
        "slide": "slides that are PASS or REVIEW in the end",
        "tile": "tiles that pass, of slides that are PASS or REVIEW in the end",
    }[kind]
    return (
        f"Numbers of each {kind} that a threshold judges. Dashed: the limit. Blue: {used}; grey: "
        "within this limit, out for another reason; red, hatched: beyond this limit. A bar far "
        "higher than all others is cut, with its count beside it. The outer bars also hold what "
        f"lies beyond the axis; a {kind} without the number is left out. " + " ".join(parts)
    )
