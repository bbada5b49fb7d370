"""What colour a slide's stains have: fitted by torchstain, kept as a few numbers."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer, NumpyReinhardNormalizer

LIGHT = 240  # torchstain's intensity of the empty field
DARK_LEVEL = 205  # brightest level with a density (natural log) of 0.15 below that light
MIN_PIXELS = 500
MOST_PIXELS = 300_000
LEAST_ANGLE_DEG = 5.0  # between the stains; closer ones cannot be told apart
DECIMALS = 6

Triple = tuple[float, float, float]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Macenko:
    """Unit vectors of haematoxylin and eosin in optical density (natural log; R, G, B), and the
    99th percentile of their concentrations."""

    h: Triple
    e: Triple
    max_c: tuple[float, float]

    @property
    def he(self) -> npt.NDArray[np.float64]:
        """(3, 2) matrix, as torchstain's `HERef`."""
        return np.array([self.h, self.e]).T


@dataclass(frozen=True)
class Reinhard:
    """Mean and standard deviation in CIE Lab (L 0..100)."""

    mean: Triple
    std: Triple


Fit = Macenko | Reinhard

# `imgs/example1.png` of github.com/schaugf/HEnorm_python (MIT licence, Copyright (c) 2019 Mitko
# Veta, Geoffrey F. Schau), fitted whole by torchstain 1.4.1
SHIPPED: dict[str, Fit] = {
    "macenko": Macenko(
        h=(0.541026, 0.752083, 0.376379),
        e=(0.208427, 0.803334, 0.557864),
        max_c=(1.195929, 0.932657),
    ),
    "reinhard": Reinhard(mean=(68.464104, 24.893581, -9.04855), std=(12.39837, 8.630793, 7.25865)),
}


def fit(pixels: Pixels, *, method: str = "macenko") -> Fit | None:
    """Stain colours of the pixels of a slide or tile, by torchstain's numpy backend.

    Parameters
    ----------
    pixels : (N, 3) or (H, W, 3) uint8 RGB, best of tissue without ink; of more than 300,000 evenly
        spread ones are taken
    method : "macenko" or "reinhard"

    Returns
    -------
    None where no fit is possible: fewer than 500 pixels (Macenko: with a density of at least 0.15
    in every channel), pixels of one colour, stains less than 5 degrees apart.

    Raises
    ------
    ValueError : another shape, type or method.

    Notes
    -----
    Macenko as torchstain has it: light 240, beta 0.15, alpha 1. On pixels without haematoxylin or
    without eosin, and on ink, it finds some direction in colour space and says nothing.

    References
    ----------
    .. [1] Macenko et al. 2009, doi:10.1109/ISBI.2009.5193250
    .. [2] Reinhard et al. 2001, doi:10.1109/38.946629
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[-1] != 3:
        raise ValueError(f"{pixels.dtype} {pixels.shape}: give (N, 3) or (H, W, 3) uint8, RGB")
    if method not in SHIPPED:
        raise ValueError(f"method {method!r}: must be one of {', '.join(SHIPPED)}")
    flat = pixels.reshape(-1, 3)
    if len(flat) > MOST_PIXELS:
        flat = flat[np.linspace(0, len(flat) - 1, MOST_PIXELS).astype(np.intp)]
    return _macenko(flat) if method == "macenko" else _reinhard(flat)


def _macenko(pixels: Pixels) -> Macenko | None:
    if np.count_nonzero(pixels.max(axis=1, initial=0) <= DARK_LEVEL) < MIN_PIXELS:
        return None
    normalizer = NumpyMacenkoNormalizer()
    try:
        normalizer.fit(pixels)
    except np.linalg.LinAlgError:
        return None
    h, e = normalizer.HERef.T
    found = Macenko(_rounded(h), _rounded(e), _rounded(normalizer.maxCRef))
    usable = np.isfinite(found.he).all() and min(found.max_c) > 0
    return found if usable and angle(found.h, found.e) >= LEAST_ANGLE_DEG else None


def _reinhard(pixels: Pixels) -> Reinhard | None:
    if len(pixels) < MIN_PIXELS:
        return None
    normalizer = NumpyReinhardNormalizer()
    normalizer.fit(pixels)
    found = Reinhard(_rounded(normalizer.target_means), _rounded(normalizer.target_stds))
    return found if min(found.std) > 0 else None


def _rounded(values: npt.ArrayLike) -> Any:
    return tuple(round(float(value), DECIMALS) for value in np.asarray(values))


def angle(one: Sequence[float], other: Sequence[float]) -> float:
    """Angle between two unit vectors, degrees."""
    return float(np.degrees(np.arccos(np.clip(np.dot(one, other), -1, 1))))


def pooled(fits: Sequence[Fit]) -> Fit:
    """The median of several slides' fits of one method; one odd slide does not move it far."""
    kind = type(fits[0])
    middle = {
        name: np.median([getattr(one, name) for one in fits], axis=0) for name in asdict(fits[0])
    }
    for name in {"h", "e"} & middle.keys():
        middle[name] = middle[name] / np.linalg.norm(middle[name])
    return kind(**{name: _rounded(values) for name, values in middle.items()})


def reference(
    slides: Iterable[Mapping[str, Any]], *, named: str, method: str = "macenko"
) -> dict[str, Any]:
    """What all slides are brought to, from the JSON of those that define it.

    Slides that cannot be read or have no fit are left out. A verdict does not count: a changed
    threshold must not change the colours of a cohort.

    Parameters
    ----------
    slides : their JSON
    named : as `stain.reference` of the config has it

    Returns
    -------
    `reference`, `slides` that were used, and the pooled fit under the method's name

    Raises
    ------
    ValueError : none of the slides has a fit.
    """
    fits = {one["slide_id"]: from_record(one.get("stain_fit"), method) for one in slides}
    usable = {slide_id: found for slide_id, found in fits.items() if found is not None}
    if not usable:
        raise ValueError(
            f"stain.reference: {named!r}: none of {', '.join(list(fits)[:5])} has stain colours "
            f"(unreadable, not H&E, or too little tissue): name another slide, or use 'shipped'"
        )
    pool = {method: pooled(list(usable.values()))}
    return {"reference": named, "slides": list(usable), **as_record(pool)}


def read_reference(path: str | os.PathLike[str] | None, method: str) -> Fit | None:
    """The fit of a file that `reference` made; None without one."""
    if path is None:
        return None
    return from_record(json.loads(Path(path).read_text(encoding="utf-8")), method)


def as_record(fits: Mapping[str, Fit | None]) -> dict[str, Any]:
    """Fits by method as JSON holds them."""
    return {name: None if found is None else asdict(found) for name, found in fits.items()}


def from_record(record: Mapping[str, Any] | None, method: str) -> Fit | None:
    """One fit of `as_record`; None where there is none."""
    values = (record or {}).get(method)
    if values is None:
        return None
    kind = type(SHIPPED[method])
    return kind(**{name: tuple(numbers) for name, numbers in values.items()})
