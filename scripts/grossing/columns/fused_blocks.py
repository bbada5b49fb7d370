"""A block of a fused stack, results/fused/{slide_id}.parquet: Arrow schema.

Made from workflow/schemas/fused_blocks.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("row", pa.int32()),
        ("col", pa.int32()),
        ("x_level0_px", pa.int64()),
        ("y_level0_px", pa.int64()),
        ("size_level0_px", pa.int32()),
        ("tissue_fraction", pa.float32()),
        ("plane", pa.int32()),
        ("source", pa.string()),
        ("sharpness", pa.float32()),
        ("sharpness_ratio", pa.float32()),
    ]
)
