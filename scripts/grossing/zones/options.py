"""How zones are found: the config section `zones` as a record."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ZoneOptions:
    """Keywords of `picture_zones.find`, where they are explained."""

    method: str
    smooth_um: float
    fraction_min: float
    mad_factor: float
    nuclear_od_min: float
    min_area_mm2: float
