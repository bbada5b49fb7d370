"""Unit, range and allowed values of columns; meaning of the limits.

Made from workflow/schemas/*.schema.yaml by `make schemas`.
"""

from typing import NamedTuple


class Column(NamedTuple):
    """Unit, range and allowed values of a column; None and empty where there are none."""

    unit: str
    minimum: float | None
    maximum: float | None
    values: tuple[str, ...]


COHORT_QC: dict[str, Column] = {
    "qc_status": Column("", None, None, ("PASS", "REVIEW", "FAIL", "ERROR")),
    "qc_reasons": Column("", None, None, ()),
    "vendor": Column("", None, None, ()),
    "width_px": Column("px", 1, None, ()),
    "height_px": Column("px", 1, None, ()),
    "mpp": Column("um/px", 0.05, 20, ()),
    "mpp_source": Column("", None, None, ("sheet", "file", "tiff", "objective")),
    "objective": Column("x", 0, None, ()),
    "tissue_area_mm2": Column("mm2", 0, None, ()),
    "tissue_fraction": Column("fraction", 0, 1, ()),
    "pen_fraction": Column("fraction", 0, 1, ()),
    "fold_fraction": Column("fraction", 0, 1, ()),
    "bubble_fraction": Column("fraction", 0, 1, ()),
    "focus_reblur_median": Column("fraction", 0, 1, ()),
    "blurred_fraction": Column("fraction", 0, 1, ()),
    "sharpness_score": Column("grey level^2", 0, None, ()),
    "brightness": Column("grey level", 0, 255, ()),
    "background_r": Column("grey level", 0, 255, ()),
    "background_g": Column("grey level", 0, 255, ()),
    "background_b": Column("grey level", 0, 255, ()),
    "stain_h_r": Column("1", -1, 1, ()),
    "stain_h_g": Column("1", -1, 1, ()),
    "stain_h_b": Column("1", -1, 1, ()),
    "stain_e_r": Column("1", -1, 1, ()),
    "stain_e_g": Column("1", -1, 1, ()),
    "stain_e_b": Column("1", -1, 1, ()),
    "hematoxylin_od": Column("OD", -8, 8, ()),
    "eosin_od": Column("OD", -8, 8, ()),
    "content_hash": Column("", None, None, ()),
    "error_message": Column("", None, None, ()),
    "remedy": Column("", None, None, ()),
    "candidate_tiles": Column("tiles", 0, None, ()),
    "passed_tiles": Column("tiles", 0, None, ()),
    "lost_tiles": Column("tiles", 0, None, ()),
    "lost_fraction": Column("fraction", 0, 1, ()),
    "absent_fraction": Column("fraction", 0, 1, ()),
    "suspicious_fraction": Column("fraction", 0, 1, ()),
    "tile_bytes": Column("bytes", 0, None, ()),
    "tile_reader": Column("", None, None, ()),
    "tile_mpp": Column("um/px", 0, 25, ()),
    "target_mpp": Column("um/px", 0.05, 20, ()),
    "picture_width_px": Column("px", 1, None, ()),
    "picture_height_px": Column("px", 1, None, ()),
}

PATCH_COHORT: dict[str, Column] = {
    "slide_id": Column("", None, None, ()),
    "case_id": Column("", None, None, ()),
    "label": Column("", None, None, ()),
    "site": Column("", None, None, ()),
    "scanner": Column("", None, None, ()),
    "stain": Column("", None, None, ()),
    "split": Column("", None, None, ()),
    "qc_status": Column("", None, None, ("PASS", "REVIEW", "FAIL", "ERROR")),
    "tile_container": Column("", None, None, ()),
    "tile_path": Column("", None, None, ()),
    "tile_offset": Column("bytes", 0, None, ()),
    "tile_bytes": Column("bytes", 1, None, ()),
    "tile_col": Column("tiles", 0, None, ()),
    "tile_row": Column("tiles", 0, None, ()),
    "x_level0_px": Column("level-0 px", 0, None, ()),
    "y_level0_px": Column("level-0 px", 0, None, ()),
    "size_level0_px": Column("level-0 px", 1, None, ()),
    "mpp": Column("um/px", 0, 25, ()),
    "tissue_fraction": Column("fraction", 0, 1, ()),
    "pen_fraction": Column("fraction", 0, 1, ()),
    "absent_fraction": Column("fraction", 0, 1, ()),
    "decoders_disagree": Column("", None, None, ()),
    "overview_difference": Column("grey level", 0, 255, ()),
    "seam_step": Column("1", -1, 85, ()),
    "focus_reblur": Column("fraction", 0, 1, ()),
    "laplacian_var": Column("grey level^2", 0, None, ()),
    "mean_od": Column("OD", -2.41, 2.41, ()),
    "hematoxylin_od": Column("OD", -8, 8, ()),
    "eosin_od": Column("OD", -8, 8, ()),
    "stain_status": Column(
        "",
        None,
        None,
        (
            "normalized",
            "foreign_colour",
            "too_little_tissue",
            "stain_angle",
            "luminance",
            "fit_failed",
            "not_he",
        ),
    ),
    "nuclei_count": Column("nuclei", 0, None, ()),
    "nuclei_per_mm2": Column("1/mm2", 0, None, ()),
    "qc_status_tile": Column("", None, None, ("PASS", "FAIL")),
    "qc_reasons_tile": Column("", None, None, ()),
}

LIMITS: dict[str, str] = {
    "slide.tissue_area_mm2_min": "mm2 of tissue",
    "slide.blurred_fraction_max": "share of sampled tissue tiles out of focus",
    "slide.pen_fraction_max": "share of the scanned area under ink",
    "slide.brightness_min": "90th percentile of grey",
    "slide.lost_fraction_max": "share of candidate tiles that could not be read",
    "slide.absent_fraction_max": "share of the candidate tiles that was never scanned",
    "slide.suspicious_fraction_max": "share of candidate tiles that may show something else than "
    "the slide",
    "slide.near_margin": "share of a limit within which a slide is marked REVIEW",
    "tile.tissue_fraction_min": "share of the tile that is tissue",
    "tile.focus_reblur_min": "re-blur focus",
    "tile.pen_fraction_max": "share of the tile under ink",
    "tile.absent_fraction_max": "share of the tile that was never scanned",
    "tile.overview_difference_max": "difference from the overview in grey levels",
    "tile.seam_step_max": "step at the borders of stored tiles",
}
