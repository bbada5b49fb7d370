"""How figures look: sizes of journals, fonts, colours that colour-blind readers can tell apart."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullFormatter

from grossing.support import files

MM = 1 / 25.4  # inches
COLUMN, PAGE = 89 * MM, 183 * MM  # widths of one and of two columns
DPI = 300

#: Okabe and Ito's colours; what is out is hatched as well, for print without colour
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, YELLOW, RED = "#56B4E9", "#F0E442", "#D55E00"
DARK, PALE = "#4D4D4D", "#C8C8C8"
STATUS_COLOURS = {"PASS": BLUE, "REVIEW": YELLOW, "FAIL": RED, "ERROR": DARK}
STATUS_HATCHES = {"PASS": "", "REVIEW": "....", "FAIL": "/////", "ERROR": ""}
STATUS_MARKERS = {"PASS": "o", "REVIEW": "^", "FAIL": "X", "ERROR": "P"}
GROUP_COLOURS = (BLUE, RED, GREEN, PINK, ORANGE, SKY, "#000000")

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 6.5,
    "axes.titlesize": 6.5,
    "axes.labelsize": 6.5,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": False,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.minor.size": 1.2,
    "ytick.minor.size": 1.2,
    "hatch.linewidth": 0.4,
    "lines.linewidth": 0.8,
    "savefig.dpi": DPI,
    "svg.fonttype": "path",
    "svg.hashsalt": "grossing",
    "text.parse_math": False,  # a `$` of the sheet is a letter
}
#: of a threshold in a figure
LIMIT_LINE: dict[str, Any] = {"color": "black", "linestyle": (0, (3, 1.5)), "linewidth": 0.8}
#: leading digits of the numbers on axes
NICE = [1, 2, 2.5, 5, 10]


@dataclass(frozen=True)
class Drawing:
    """A figure with the name of its files and its caption."""

    name: str
    title: str
    caption: str
    figure: Figure

    def write(self, folder: str | os.PathLike[str]) -> None:
        """SVG and PNG, of which every byte follows from the content alone."""
        with _settings():
            FigureCanvasAgg(self.figure)
            svg, png = BytesIO(), BytesIO()
            about = {"Title": self.title, "Description": self.caption}
            unsaid = {"Date": None, "Creator": None, "Format": None, "Type": None}
            self.figure.savefig(svg, format="svg", metadata=about | unsaid)
            self.figure.savefig(png, format="png", metadata={"Software": None})
        files.write(Path(folder, f"{self.name}.svg"), svg.getvalue())
        files.write(Path(folder, f"{self.name}.png"), png.getvalue())


@contextlib.contextmanager
def _settings() -> Iterator[None]:
    """Only these settings and only matplotlib's own fonts, whatever the user has."""
    own = matplotlib.get_data_path()
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(own)]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        yield


settings = _settings


def new(width: float, height: float) -> Figure:
    """An empty figure of a size in inches."""
    engine = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=0.05)
    return Figure(figsize=(width, height), layout=engine)


def plain_numbers(axis: Axis) -> None:
    """Numbers of a logarithmic axis as 0.1, 1, 10."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def letter(axes: Axes, index: int) -> None:
    """The letter of a panel, left of its title."""
    axes.set_title(chr(ord("a") + index), loc="left", fontweight="bold", fontsize=8)


def printable(text: str, longest: int = 40) -> str:
    """Text of the sheet for a figure: no control characters, a long one shortened in its middle."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    if len(clean) <= longest:
        return clean
    half = (longest - 1) // 2
    return f"{clean[: longest - 1 - half]}…{clean[-half:]}"


def counted(number: int) -> str:
    """A number with thin separators of thousands: 1,234,567."""
    return f"{number:,}"


def share(part: int, whole: int) -> str:
    """A share in percent, never rounded to 0 or 100 where it is not: `<0.1 %`."""
    if not part:
        return "0 %"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    return f"{percent:.1f} %"
