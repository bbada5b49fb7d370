"""A row of results/cohort/measured_qc: Arrow schema.

Made from workflow/schemas/measured_qc.schema.yaml by `make schemas`.
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
        ("possible_pen_fraction", pa.float64()),
        ("possible_pen_area_mm2", pa.float64()),
        ("focus_median", pa.float64()),
        ("blurred_fraction", pa.float64()),
        ("blurred_fraction_low", pa.float64()),
        ("blurred_fraction_high", pa.float64()),
        ("focus_uncertain_fraction", pa.float64()),
        ("duplicate_of", pa.string()),
        ("outlier_z", pa.float64()),
        ("outlier_of", pa.string()),
        ("review_decision", pa.string()),
        ("reviewed_by", pa.string()),
        ("review_date", pa.string()),
        ("review_note", pa.string()),
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
        ("foreign_dye_fraction", pa.float64()),
        ("eosin_fraction", pa.float64()),
        ("content_hash", pa.string()),
        ("error_message", pa.string()),
        ("remedy", pa.string()),
    ]
)
