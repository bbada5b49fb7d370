"""The zones of a slide as typed records; its JSON holds their fields on one level.

Columns, units and ranges are in `workflow/schemas/zones.schema.yaml`.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from grossing.support import files
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
    def read(cls, path: PathLike) -> Self:
        """A slide's JSON file.

        Raises
        ------
        ValueError : the file is of another version.
        """
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        try:
            numbers = {field.name: data[field.name] for field in fields(ZoneMeasures)}
            measures = None if data["reason"] else ZoneMeasures(**numbers)
            return cls(data["slide_id"], data["method"], data["reason"], measures)
        except KeyError as error:
            raise ValueError(f"{path}: no {error}: delete this file and run again") from error

    def write(self, path: PathLike) -> None:
        files.write_json(self.to_json(), path)
