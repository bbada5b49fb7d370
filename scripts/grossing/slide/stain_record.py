"""What is measured of a slide's stain, as typed records: part of the slide's record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class MacenkoFit:
    """Unit vectors of hematoxylin and eosin in optical density (natural log; R, G, B), and the
    99th percentile of their concentrations."""

    h: Triple
    e: Triple
    max_c: tuple[float, float]


@dataclass(frozen=True)
class ReinhardFit:
    """Mean and standard deviation in CIE Lab (L 0..100)."""

    mean: Triple
    std: Triple


@dataclass(frozen=True)
class StainFits:
    """Stain colours by method; None where no fit was possible."""

    macenko: MacenkoFit | None = None
    reinhard: ReinhardFit | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        fits = {name: {k: tuple(v) for k, v in (data.get(name) or {}).items()} for name in _FITS}
        return cls(**{name: _FITS[name](**fit) for name, fit in fits.items() if fit})


@dataclass(frozen=True)
class StainEvidence:
    """How much of hematoxylin and eosin the pixels of a fit show (`stain.evidence`); None where
    Macenko's method found no vectors."""

    hematoxylin_share: float | None
    eosin_share: float | None
    stain_angle_deg: float | None
    stain_spread_deg: float | None
    stain_order: float | None
    stain_residual_deg: float | None
    foreign_share: float


_FITS: dict[str, Any] = {"macenko": MacenkoFit, "reinhard": ReinhardFit}


@dataclass(frozen=True)
class StainMeasures:
    """Stain of the sampled tissue; all None unless the sheet's stain means H&E.

    `is_he` is False where the sheet names another stain, or the tissue holds another dye or no
    eosin: then only the numbers from `foreign_dye_fraction` to `red_ratio_high` are measured.
    """

    is_he: bool
    stain_h_r: float | None = None
    stain_h_g: float | None = None
    stain_h_b: float | None = None
    stain_e_r: float | None = None
    stain_e_g: float | None = None
    stain_e_b: float | None = None
    hematoxylin_od: float | None = None
    eosin_od: float | None = None
    foreign_dye_fraction: float | None = None
    eosin_fraction: float | None = None
    eosin_extent: float | None = None
    blue_ratio_low: float | None = None
    red_ratio_high: float | None = None
    stain_fit: StainFits | None = None
    stain_evidence: StainEvidence | None = None
