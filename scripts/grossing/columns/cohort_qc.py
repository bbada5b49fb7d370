"""A row of results/cohort/cohort_qc: Arrow schema.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("qc_status", pa.string()),
        ("qc_reasons", pa.string()),
        ("vendor", pa.string()),
        ("width_px", pa.int64()),
        ("height_px", pa.int64()),
        ("mpp", pa.float64()),
        ("mpp_source", pa.string()),
        ("objective", pa.float64()),
        ("tissue_area_mm2", pa.float64()),
        ("tissue_fraction", pa.float64()),
        ("pen_fraction", pa.float64()),
        ("fold_fraction", pa.float64()),
        ("bubble_fraction", pa.float64()),
        ("focus_reblur_median", pa.float64()),
        ("blurred_fraction", pa.float64()),
        ("sharpness_score", pa.float64()),
        ("brightness", pa.float64()),
        ("background_r", pa.int64()),
        ("background_g", pa.int64()),
        ("background_b", pa.int64()),
        ("stain_h_r", pa.float64()),
        ("stain_h_g", pa.float64()),
        ("stain_h_b", pa.float64()),
        ("stain_e_r", pa.float64()),
        ("stain_e_g", pa.float64()),
        ("stain_e_b", pa.float64()),
        ("hematoxylin_od", pa.float64()),
        ("eosin_od", pa.float64()),
        ("content_hash", pa.string()),
        ("error_message", pa.string()),
        ("remedy", pa.string()),
        ("candidate_tiles", pa.int64()),
        ("passed_tiles", pa.int64()),
        ("lost_tiles", pa.int64()),
        ("lost_fraction", pa.float64()),
        ("absent_fraction", pa.float64()),
        ("suspicious_fraction", pa.float64()),
        ("tile_bytes", pa.int64()),
        ("tile_reader", pa.string()),
        ("tile_mpp", pa.float64()),
        ("target_mpp", pa.float64()),
        ("picture_width_px", pa.int64()),
        ("picture_height_px", pa.int64()),
    ]
)
