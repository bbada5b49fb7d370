"""Codes that a verdict may name.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Literal

SlideReason = Literal[
    "not_brightfield",
    "coarser_than_target",
    "no_tissue",
    "tissue_area_mm2",
    "blurred_fraction",
    "pen_fraction",
    "lost_fraction",
    "no_passing_tile",
    "near_threshold",
    "salvaged",
    "anisotropic",
]
TileReason = Literal["lost", "tissue_fraction", "focus_reblur", "pen_fraction"]
