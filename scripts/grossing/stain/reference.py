"""The reference of stain normalisation: shipped, of one slide, or of the training slides."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from grossing.slide.record import SlideRecord
from grossing.slide.stain_record import MacenkoFit, ReinhardFit, StainFits
from grossing.stain.fit import Fit, of_method, rounded
from grossing.stain.shipped import SHIPPED
from grossing.support import files
from grossing.support.types import PathLike


@dataclass(frozen=True)
class Reference:
    """The reference: its name in the config, the slides it comes from, their pooled fit."""

    reference: str
    slides: tuple[str, ...]
    fits: StainFits

    def write(self, path: PathLike) -> None:
        fits = {method: fit for method, fit in asdict(self.fits).items() if fit is not None}
        files.write_json({"reference": self.reference, "slides": self.slides, **fits}, path)

    @classmethod
    def read(cls, path: PathLike) -> Self:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(data["reference"], tuple(data["slides"]), StainFits.from_json(data))


def read_fit(path: PathLike | None, method: str) -> Fit:
    """The fit of a file that `pool_stain` made; the shipped one without a file.

    Raises
    ------
    ValueError : the file holds a fit of another method.
    """
    fit = of_method(SHIPPED if path is None else Reference.read(path).fits, method)
    if fit is None:
        raise ValueError(f"{path}: no {method} fit: delete this file and run again")
    return fit


def pooled(fits: Sequence[Fit]) -> Fit:
    """The median of several slides' fits of one method; a single outlier does not move it far."""
    kind = type(fits[0])
    middle = {
        name: np.median([getattr(one, name) for one in fits], axis=0) for name in asdict(fits[0])
    }
    for name in {"h", "e"} & middle.keys():
        middle[name] = middle[name] / np.linalg.norm(middle[name])
    return kind(**{name: rounded(values) for name, values in middle.items()})


def pool(slides: Iterable[SlideRecord], *, reference: str, method: str = "macenko") -> Reference:
    """The reference of a cohort, from the slides that define it.

    Slides that cannot be read or have no fit are left out. A verdict does not count: a changed
    threshold must not change the colours of a cohort.

    Parameters
    ----------
    reference : as `stain.reference` of the config has it
    method : "macenko" or "reinhard"

    Raises
    ------
    ValueError : none of the slides has a fit.
    """
    fits = {
        one.slide_id: of_method(one.measures.stain.stain_fit, method) if one.measures else None
        for one in slides
    }
    usable = {slide_id: fit for slide_id, fit in fits.items() if fit is not None}
    if not usable:
        names = ", ".join(list(fits)[:5])
        raise ValueError(
            f"stain.reference: {reference!r}: none of {names} has stain colours "
            f"(unreadable, not H&E, or too little tissue): name another slide, or use 'shipped'"
        )
    middle = pooled(list(usable.values()))
    whole = StainFits(
        macenko=middle if isinstance(middle, MacenkoFit) else None,
        reinhard=middle if isinstance(middle, ReinhardFit) else None,
    )
    return Reference(reference, tuple(usable), whole)
