"""What is measured of one study, as typed records; its JSON holds their fields on one level.

Columns, units and ranges are in `workflow/schemas/study.schema.yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from grossing.slide.identity import Identity
from grossing.support import records
from grossing.support.records import Refusal
from grossing.support.types import PathLike
from grossing.support.versions import MADE_WITH

Number = float | int | bool | None


@dataclass(frozen=True)
class HeaderFacts:
    """None or empty where the header does not say. `series` is the hash of the series UID.

    Attributes
    ----------
    format : dicom, nifti, mha, nrrd or picture
    rescale_missing : slices without rescale slope or intercept
    localizers : pictures of the series that are localizers
    other_series : series in the folder besides this one
    damaged_files : files of the folder that should be images and cannot be read
    """

    format: str
    series: str = ""
    modality_tag: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    kernel: str | None = None
    body_part: str | None = None
    view: str | None = None
    image_type: str | None = None
    photometric: str | None = None
    samples_per_pixel: int | None = None
    bits_stored: int | None = None
    transfer_syntax: str | None = None
    lossy: bool | None = None
    burned_in: bool | None = None
    secondary_capture: bool = False
    only_localizers: bool = False
    localizers: int = 0
    other_series: int = 0
    damaged_files: int = 0
    rescale_missing: int = 0
    kvp: float | None = None
    field_strength_t: float | None = None
    repetition_ms: float | None = None
    echo_ms: float | None = None
    inversion_ms: float | None = None
    flip_deg: float | None = None


@dataclass(frozen=True)
class Geometry:
    """Numbers of the geometry; None where they cannot be told (one slice, no position).

    Attributes
    ----------
    slices, rows, columns : size; columns run along a row
    row_spacing_mm, column_spacing_mm : distance of rows and of columns
    slice_spacing_mm : median distance of slices along their normal, with its extremes
    slice_thickness_mm : as the header states it, the largest
    slices_missing : slices that fit into gaps of more than 1.5 median distances
    slices_duplicate : slices at the place of another one
    slice_order_differs : instance numbers neither rise nor fall along the normal
    tilt_deg : angle between the normal of the slices and the line on which they lie
    orientation_spread_deg : largest angle between the orientations of two slices
    in_plane_differs : size or pixel spacing is not the same in all slices
    position_missing : slices without position or orientation
    """

    slices: int
    rows: int
    columns: int
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    slice_spacing_mm: float | None = None
    slice_spacing_min_mm: float | None = None
    slice_spacing_max_mm: float | None = None
    slice_thickness_mm: float | None = None
    slices_missing: int = 0
    slices_duplicate: int = 0
    slice_order_differs: bool = False
    tilt_deg: float | None = None
    orientation_spread_deg: float | None = None
    in_plane_differs: bool = False
    position_missing: int = 0
    origin_mm: tuple[float, ...] | None = None
    direction: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Intensity:
    """Of a CT in HU, else in stored units. The histogram has equal bins from
    `histogram_low` to `histogram_high`; what is outside counts in its first or last bin."""

    value_min: float
    value_max: float
    value_mean: float
    value_sd: float
    value_p01: float
    value_p50: float
    value_p99: float
    padding_fraction: float
    histogram_low: float
    histogram_high: float
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class StudyHashes:
    """What copies of a study have in common (`study_hashes`).

    Attributes
    ----------
    pixel_hash : of size and values; None where all values are the same
    plane_hashes : perceptual hash of each middle plane, none where a plane shows nothing
    """

    pixel_hash: str | None = None
    plane_hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyRecord:
    """One study: its identity, and what was measured or why it cannot be used.

    A refused study has `header` and `geometry` as far as they could be read. `measures` are the
    numbers of its modality (`modality_measures`), by the names of the schema.
    """

    study_id: str
    modality: str
    identity: Identity
    refusal: Refusal | None = None
    header: HeaderFacts | None = None
    geometry: Geometry | None = None
    intensity: Intensity | None = None
    hashes: StudyHashes | None = None
    measures: Mapping[str, Number] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        return self.refusal is None

    def to_json(self) -> dict[str, Any]:
        """All fields on one level, as the schema names them."""
        return {
            "study_id": self.study_id,
            "modality": self.modality,
            **records.stated(self.refusal),
            **self.identity.to_json(),
            **records.on_one_level(self.header, self.geometry, self.intensity, self.hashes),
            **self.measures,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record of a study's JSON.

        Raises
        ------
        KeyError : a key is missing.
        """
        return cls(
            study_id=data["study_id"],
            modality=data["modality"],
            identity=Identity.from_json(data),
            refusal=Refusal.from_json(data),
            header=records.group(HeaderFacts, data) if "format" in data else None,
            geometry=records.group(Geometry, data) if "slices" in data else None,
            intensity=records.group(Intensity, data) if "value_min" in data else None,
            hashes=records.group(StudyHashes, data) if "pixel_hash" in data else None,
            measures={name: value for name, value in data.items() if name not in _OF_ALL},
        )

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """A study's JSON file.

        Raises
        ------
        ValueError : the file is of another version.
        """
        return records.read(path, cls.from_json)

    def write(self, path: PathLike) -> None:
        """JSON of the record, and with which libraries it was made."""
        records.write(self.to_json(), path)


_OF_ALL = {
    *("study_id", "modality", "source", "content_hash", *records.REFUSAL, MADE_WITH),
    *(
        each.name
        for kind in (HeaderFacts, Geometry, Intensity, StudyHashes)
        for each in fields(kind)
    ),
}
