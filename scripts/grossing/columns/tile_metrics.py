"""A row of results/tile_metrics/{slide_id}.parquet: Arrow schema.

Made from workflow/schemas/tile_metrics.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("tile_path", pa.string()),
        ("tile_offset", pa.int64()),
        ("tile_bytes", pa.int64()),
        ("tile_col", pa.int32()),
        ("tile_row", pa.int32()),
        ("x_level0_px", pa.int64()),
        ("y_level0_px", pa.int64()),
        ("size_level0_px", pa.int32()),
        ("mpp", pa.float64()),
        ("target_mpp", pa.float64()),
        ("picture_width_px", pa.int32()),
        ("picture_height_px", pa.int32()),
        ("reader", pa.string()),
        ("lost", pa.bool_()),
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
    ]
)
