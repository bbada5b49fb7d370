"""A threshold in use, as figures and texts name it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from grossing.columns import meanings
from grossing.support.types import Mask

NAME_SUFFIXES = ("mm2", "um", "od")  # units that a column name ends with
#: units as they are printed; fractions and plain numbers have none
PRINTED = {
    "mm2": "mm²",
    "um/px": "µm/px",
    "grey level": "grey levels",
    "grey level^2": "grey levels²",
    "fraction": "",
    "1": "",
}
TABLES = ("cohort_qc", "patch_cohort")


class Column(NamedTuple):
    """Unit and range of a column; empty and None where there are none."""

    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Limit:
    """`column` may not be above (max) or below (min) `value`; `key` is that of the config."""

    key: str
    column: str
    direction: Literal["min", "max"]
    value: float

    def beyond(self, values: npt.NDArray[np.floating]) -> Mask:
        """Which values are on the wrong side of the limit; NaN never is."""
        wrong = values > self.value if self.direction == "max" else values < self.value
        return np.asarray(wrong, dtype=bool)

    @property
    def text(self) -> str:
        """What a slide or tile needs to pass: `blurred fraction at most 0.2`."""
        bound = "at most" if self.direction == "max" else "at least"
        return f"{label(self.column)} {bound} {with_unit(self.value, self.column)}"

    @property
    def explained(self) -> str:
        """`text`, and what the number is, from the schema of the configuration."""
        meaning: str = meanings.LIMITS[self.key]["meaning"]
        says_more = set(meaning.split()) - {"of", *self.column.split("_")}
        return f"{self.text} ({meaning})" if says_more else self.text


@dataclass(frozen=True)
class LimitsInUse:
    """The thresholds of slides and of tiles, in the order in which they judge; beyond those of
    `review` a slide is used and marked for review."""

    slide: tuple[Limit, ...]
    review: tuple[Limit, ...]
    tile: tuple[Limit, ...]


def column_of(name: str) -> Column:
    """Unit and range of a column of `cohort_qc` or `patch_cohort`."""
    known = [meanings.COLUMNS[table][name] for table in TABLES if name in meanings.COLUMNS[table]]
    return Column(known[0]["unit"], *known[0]["range"]) if known else Column()


def unit_of(name: str) -> str:
    """The unit of a column as it is printed; empty where it has none."""
    unit = column_of(name).unit
    return PRINTED.get(unit, unit)


def label(name: str) -> str:
    """A column's name in words, without its unit."""
    words = name.split("_")
    if len(words) > 1 and words[-1] in NAME_SUFFIXES:
        words.pop()
    return " ".join(words)


def axis_label(name: str) -> str:
    """A column's name in words, with its unit."""
    unit = unit_of(name)
    text = label(name)
    return f"{text[0].upper()}{text[1:]}{f' ({unit})' if unit else ''}"


def with_unit(value: float, name: str) -> str:
    """A value of a column, with its unit."""
    return f"{value:.4g} {unit_of(name)}".rstrip()


def reason_text(reason: str) -> str:
    """A reason in words: `blurred_fraction=0.8095>0.2` is `blurred fraction 0.81 > 0.2`."""
    code, _, numbers = reason.partition("=")
    for sign in "<>":
        value, found, bound = numbers.partition(sign)
        if found:
            return f"{label(code)} {_short(value)} {sign} {bound}"
    return f"{label(code)} {numbers}".rstrip()


def _short(number: str) -> str:
    try:
        return f"{float(number):.3g}"
    except ValueError:
        return number
