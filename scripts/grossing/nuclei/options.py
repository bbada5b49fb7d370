"""How nuclei are segmented: the config section `nuclei` as a record."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NucleiOptions:
    """Keywords of `segmentation.segment_nuclei`, where they are explained."""

    blur_um: float
    opening_um: float
    fill_um2: float
    log_um: float
    separation_um: float
    area_um2_min: float
    area_um2_max: float
