"""What is measured of one slide, as typed records; its JSON holds their fields on one level.

Columns, units and ranges are in `workflow/schemas/slide.schema.yaml`.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from grossing.slide.identity import Identity
from grossing.slide.mask_identity import NO_MASK, MaskIdentity
from grossing.slide.stain_record import StainEvidence, StainFits, StainMeasures
from grossing.support import records
from grossing.support.records import Json, Refusal
from grossing.support.types import PathLike, Pixels


@dataclass(frozen=True)
class Level:
    """A resolution level; `downsample` is level-0 px per px.

    A level that is not `trusted` shows another picture than level 0, or at another scale.
    """

    width_px: int
    height_px: int
    downsample: float
    trusted: bool = True


@dataclass(frozen=True)
class Bounds:
    """The scanned rectangle, level-0 px."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class FileFacts:
    """What the file states without being decoded; pictures beside it that are not read."""

    vendor: str
    width_px: int
    height_px: int
    levels: tuple[Level, ...]
    bounds: Bounds
    objective: float | None
    quickhash: str | None
    icc_bytes: int
    plane_shift_px: float | None = None
    plane_light: float | None = None
    pictures_left_out: int = 0

    @property
    def downsamples(self) -> list[float]:
        """Level-0 px per px of each level; infinite for levels that must not be used."""
        return [level.downsample if level.trusted else math.inf for level in self.levels]


@dataclass(frozen=True)
class Resolution:
    """um per level-0 pixel (`mpp` is the geometric mean of both axes) and where it comes from."""

    mpp: float
    mpp_x: float
    mpp_y: float
    mpp_source: str
    anisotropic: bool


@dataclass(frozen=True)
class Probes:
    """Small places of level 0 that were read, and how many of them did not decode."""

    probes: int
    probes_failed: int


@dataclass(frozen=True)
class Areas:
    """The overview and the shares of its labels."""

    overview_downsample: float
    overview_lost_fraction: float
    tissue_area_mm2: float
    tissue_fraction: float
    pen_fraction: float
    fold_fraction: float
    dark_spot_fraction: float
    bubble_fraction: float
    possible_pen_fraction: float
    possible_pen_area_mm2: float
    faint_tissue_fraction: float | None
    thin_tissue_fraction: float | None


@dataclass(frozen=True)
class FocusPlaces:
    """One entry per sampled place; None where a measure cannot be told."""

    x_level0_px: tuple[int, ...] = ()
    y_level0_px: tuple[int, ...] = ()
    focus: tuple[float | None, ...] = ()
    blurred_fraction: tuple[float | None, ...] = ()
    focus_snr: tuple[float | None, ...] = ()
    laplacian_var: tuple[float | None, ...] = ()
    tenengrad: tuple[float | None, ...] = ()
    absdiff_blur: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class FocusMeasures:
    """Focus of the sampled tissue, which is `focus_tiles_there` places in all."""

    focus_tiles: FocusPlaces
    focus_tiles_there: int
    focus_tiles_failed: int
    focus_median: float | None
    sharpness_score: float | None
    round_detail_fraction: float | None = None
    background_noise: float | None = None


@dataclass(frozen=True)
class Light:
    """Colour of the empty glass (None: not found) or of the dark background; grey levels."""

    background_r: int | None
    background_g: int | None
    background_b: int | None
    brightness: float | None
    contrast: float | None
    dark_field: bool = False

    @property
    def glass(self) -> Pixels:
        """Colour of the empty slide, (3,) uint8 RGB; (240, 240, 240) where it was not found."""
        colour = (self.background_r, self.background_g, self.background_b)
        return np.array([240 if band is None else band for band in colour], np.uint8)


@dataclass(frozen=True)
class Picture:
    """What scans of one slide have in common; None without tissue (`measure.picture_hash`)."""

    picture_hash: str | None


@dataclass(frozen=True)
class TissueMask:
    """Whose tissue mask it is, and how a user's agrees with ours (`mask.users_mask`)."""

    mask_source: Literal["ours", "user"] = "ours"
    mask_agreement: float | None = None
    mask_missed_fraction: float | None = None
    mask_on_glass_fraction: float | None = None
    mask_moved_gain: float | None = None


OUR_MASK = TissueMask()


@dataclass(frozen=True)
class Measures:
    """Everything that is measured of a slide that can be used."""

    areas: Areas
    focus: FocusMeasures
    light: Light
    stain: StainMeasures
    picture: Picture
    mask: TissueMask = OUR_MASK


@dataclass(frozen=True)
class UsableSlide:
    """A slide that was measured: what the stages after measuring need."""

    slide_id: str
    file: FileFacts
    resolution: Resolution
    measures: Measures

    @property
    def glass(self) -> Pixels:
        """Colour of the empty slide, (3,) uint8 RGB."""
        return self.measures.light.glass


@dataclass(frozen=True)
class SlideRecord:
    """One slide: its identity, and what was measured or why it cannot be used.

    A refused slide has `file`, `resolution` and `probes` as far as they could be determined.
    `mask` is the identity of a mask of the user's own.
    """

    slide_id: str
    identity: Identity
    refusal: Refusal | None = None
    file: FileFacts | None = None
    resolution: Resolution | None = None
    probes: Probes | None = None
    measures: Measures | None = None
    mask: MaskIdentity = NO_MASK

    @property
    def readable(self) -> bool:
        return self.refusal is None

    @property
    def glass(self) -> Pixels:
        """Colour of the empty slide, (3,) uint8 RGB; white where it was not measured."""
        return self.measures.light.glass if self.measures else np.full(3, 255, np.uint8)

    def usable(self) -> UsableSlide:
        """The slide without the parts that a refused slide lacks.

        Raises
        ------
        ValueError : the slide cannot be used.
        """
        if self.file is None or self.resolution is None or self.measures is None:
            reason = self.refusal.code if self.refusal else "not measured"
            raise ValueError(f"slide {self.slide_id}: {reason}: it has no measurements")
        return UsableSlide(self.slide_id, self.file, self.resolution, self.measures)

    def to_json(self) -> Json:
        """All fields on one level, as the schema names them."""
        measures = vars(self.measures).values() if self.measures else ()
        return {
            "slide_id": self.slide_id,
            **records.stated(self.refusal),
            **self.identity.to_json(),
            **asdict(self.mask),
            **records.on_one_level(self.file, self.resolution, self.probes, *measures),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record of a slide's JSON.

        Raises
        ------
        KeyError : a key is missing.
        """
        return cls(
            slide_id=data["slide_id"],
            identity=Identity.from_json(data),
            refusal=Refusal.from_json(data),
            file=_file(data) if "vendor" in data else None,
            resolution=records.group(Resolution, data) if "mpp" in data else None,
            probes=records.group(Probes, data) if "probes" in data else None,
            measures=_measures(data) if data["readable"] else None,
            mask=MaskIdentity.from_json(data),
        )

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """A slide's JSON file.

        Raises
        ------
        ValueError : the file is of another version.
        """
        return records.read(path, cls.from_json)

    def write(self, path: PathLike) -> None:
        """JSON of the record, and with which libraries it was made."""
        records.write(self.to_json(), path)


def _file(data: Mapping[str, Any]) -> FileFacts:
    nested = {
        "levels": tuple(Level(**level) for level in data["levels"]),
        "bounds": Bounds(**data["bounds"]),
    }
    facts: FileFacts = records.group(FileFacts, {**data, **nested})
    return facts


def _measures(data: Mapping[str, Any]) -> Measures:
    places = {name: tuple(values) for name, values in data["focus_tiles"].items()}
    fits, evidence = data["stain_fit"], data["stain_evidence"]
    nested = {
        "focus_tiles": FocusPlaces(**places),
        "stain_fit": None if fits is None else StainFits.from_json(fits),
        "stain_evidence": None if evidence is None else StainEvidence(**evidence),
    }
    whole = {**data, **nested}
    return Measures(
        areas=records.group(Areas, whole),
        focus=records.group(FocusMeasures, whole),
        light=records.group(Light, whole),
        stain=records.group(StainMeasures, whole),
        picture=records.group(Picture, whole),
        mask=records.group(TissueMask, whole),
    )
