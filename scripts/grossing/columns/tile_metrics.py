"""A row of results/tile_metrics/{slide_id}.parquet: columns and their Arrow types.

Made from workflow/schemas/tile_metrics.schema.yaml by `make schemas`.
"""

COLUMNS = (
    ("slide_id", "string"),
    ("tile_path", "string"),
    ("tile_offset", "int64"),
    ("tile_bytes", "int64"),
    ("tile_col", "int32"),
    ("tile_row", "int32"),
    ("x_level0_px", "int64"),
    ("y_level0_px", "int64"),
    ("size_level0_px", "int32"),
    ("mpp", "float64"),
    ("target_mpp", "float64"),
    ("picture_width_px", "int32"),
    ("picture_height_px", "int32"),
    ("reader", "string"),
    ("lost", "bool"),
    ("tissue_fraction", "float32"),
    ("pen_fraction", "float32"),
    ("absent_fraction", "float32"),
    ("decoders_disagree", "bool"),
    ("overview_difference", "float32"),
    ("seam_step", "float32"),
    ("focus", "float32"),
    ("blurred_fraction", "float32"),
    ("focus_snr", "float32"),
    ("laplacian_var", "float32"),
    ("mean_od", "float32"),
    ("hematoxylin_od", "float32"),
    ("eosin_od", "float32"),
)
