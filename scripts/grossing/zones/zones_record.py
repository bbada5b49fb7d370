"""The zones of a slide as typed records; its JSON holds their fields on one level.

Columns, units and ranges are in `workflow/schemas/zones.schema.yaml`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from grossing.support import files, records
from grossing.support.types import PathLike


@dataclass(frozen=True)
class ZoneMeasures:
    """Number, areas and share of the zones, the limits that made them, the scale of their mask."""

    zones: int
    area_mm2: float
    tissue_area_mm2: float
    fraction: float | None
    largest_mm2: float | None
    threshold: float | None
    nuclear_od: float | None
    downsample: float
    mpp: float


@dataclass(frozen=True)
class ZonesRecord:
    """The zones of one slide: measures, or the reason why there are none."""

    slide_id: str
    method: str
    reason: str | None = None
    measures: ZoneMeasures | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields on one level, as the schema names them."""
        names = [field.name for field in fields(ZoneMeasures)]
        measures = asdict(self.measures) if self.measures else dict.fromkeys(names)
        return {
            "slide_id": self.slide_id,
            "method": self.method,
            "reason": self.reason,
            **measures,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record of a slide's JSON; KeyError where a key is missing."""
        measures = None if data["reason"] else records.group(ZoneMeasures, data)
        return cls(data["slide_id"], data["method"], data["reason"], measures)

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """A slide's JSON file.

        Raises
        ------
        ValueError : the file is of another version.
        """
        return records.read(path, cls.from_json)

    def write(self, path: PathLike) -> None:
        files.write_json(self.to_json(), path)
