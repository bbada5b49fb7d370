"""A row of results/cohort/patch_cohort: Arrow schema.

Made from workflow/schemas/patch_cohort.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("case_id", pa.string()),
        ("label", pa.string()),
        ("site", pa.string()),
        ("scanner", pa.string()),
        ("stain", pa.string()),
        ("split", pa.string()),
        ("qc_status", pa.string()),
        ("tile_container", pa.string()),
        ("tile_path", pa.string()),
        ("tile_offset", pa.int64()),
        ("tile_bytes", pa.int64()),
        ("tile_col", pa.int32()),
        ("tile_row", pa.int32()),
        ("x_level0_px", pa.int64()),
        ("y_level0_px", pa.int64()),
        ("size_level0_px", pa.int32()),
        ("mpp", pa.float64()),
        ("tissue_fraction", pa.float32()),
        ("pen_fraction", pa.float32()),
        ("absent_fraction", pa.float32()),
        ("decoders_disagree", pa.bool_()),
        ("overview_difference", pa.float32()),
        ("seam_step", pa.float32()),
        ("focus", pa.float32()),
        ("blurred_fraction", pa.float32()),
        ("focus_snr", pa.float32()),
        ("laplacian_var", pa.float32()),
        ("mean_od", pa.float32()),
        ("hematoxylin_od", pa.float32()),
        ("eosin_od", pa.float32()),
        ("stain_status", pa.string()),
        ("nuclei_count", pa.int32()),
        ("nuclei_per_mm2", pa.float32()),
        ("qc_status_tile", pa.string()),
        ("qc_reasons_tile", pa.string()),
    ]
)
