"""How tiles are cut and written: the config section `tiles` as a record."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Encoding:
    """How a container of tiles and the tiles in it are written."""

    size_px: int
    format: str
    quality: int
    chroma: str
    container: str

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> Self:
        """From the config section `tiles`."""
        values = {field.name: section[field.name] for field in fields(cls)}
        return cls(**values | {"chroma": str(section["chroma"])})


@dataclass(frozen=True)
class TileOptions(Encoding):
    """The whole section."""

    engine: str
    reader: str
    fast_downsample: bool
    denoise: float
    denoise_search_px: int
