"""A fused stack of focal planes as typed records; its JSON holds their fields on one level.

Columns, units and ranges are in `workflow/schemas/fused.schema.yaml`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from grossing.slide.identity import Identity
from grossing.slide.record import Resolution
from grossing.support import files, records
from grossing.support.records import Refusal
from grossing.support.types import PathLike


@dataclass(frozen=True)
class PlaneMatch:
    """How a plane was matched to the middle one, and how many blocks it gave.

    Its shift in level-0 px, the factors that its light was multiplied by, and what is left of both
    (px, and a share of the light).
    """

    plane: str
    shift_x_px: float | None
    shift_y_px: float | None
    gain_r: float
    gain_g: float
    gain_b: float
    shift_left_px: float | None
    light_left: float | None
    blocks: int


@dataclass(frozen=True)
class FusedFacts:
    """The fused slide and its blocks.

    In a `substituted` block another plane was taken for one that does not decode; a `lost` one
    decodes in no plane.
    """

    width_px: int
    height_px: int
    objective: float | None
    block_px: int
    blocks: int
    tissue_blocks: int
    measured_blocks: int
    substituted_blocks: int
    lost_blocks: int


@dataclass(frozen=True)
class StackRecord:
    """One stack: its planes' files, and why it cannot be fused or what it was fused to."""

    slide_id: str
    files: tuple[Identity, ...]
    refusal: Refusal | None = None
    planes: tuple[PlaneMatch, ...] = ()
    resolution: Resolution | None = None
    fused: FusedFacts | None = None

    def most_left(self, column: str) -> float | None:
        """The largest `shift_left_px` or `light_left` of the planes; None where none has it."""
        return max(
            (left for plane in self.planes if (left := getattr(plane, column)) is not None),
            default=None,
        )

    def to_json(self) -> dict[str, Any]:
        """All fields on one level, as the schema names them."""
        refusal = self.refusal
        record: dict[str, Any] = {
            "slide_id": self.slide_id,
            "error_code": refusal.code if refusal else None,
            "error_message": refusal.message if refusal else None,
            "remedy": refusal.remedy if refusal else None,
            "files": [identity.to_json() for identity in self.files],
            "planes": [asdict(plane) for plane in self.planes],
        }
        for group in (self.resolution, self.fused):
            record |= asdict(group) if group else {}
        return record

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record of a stack's JSON; KeyError where a key is missing."""
        refused = data["error_code"] is not None

        def group(kind: Any) -> Any:
            return None if refused else records.group(kind, data)

        return cls(
            slide_id=data["slide_id"],
            files=tuple(Identity.from_json(one) for one in data["files"]),
            refusal=Refusal(data["error_code"], data["error_message"], data["remedy"])
            if refused
            else None,
            planes=tuple(PlaneMatch(**plane) for plane in data["planes"]),
            resolution=group(Resolution),
            fused=group(FusedFacts),
        )

    @classmethod
    def read(cls, path: PathLike) -> Self:
        return records.read(path, cls.from_json)

    def write(self, path: PathLike) -> None:
        files.write_json(self.to_json(), path)


def read_if_stack(path: PathLike | None) -> StackRecord | None:
    """The record of a slide that is a fused stack; None of any other slide."""
    return StackRecord.read(path) if path else None
