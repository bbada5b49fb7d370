"""A row of results/nuclei_tiles/{slide_id}.parquet: Arrow schema.

Made from workflow/schemas/nuclei_tiles.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("tile_col", pa.int32()),
        ("tile_row", pa.int32()),
        ("nuclei_count", pa.int32()),
        ("nuclei_per_mm2", pa.float32()),
        ("tissue_mm2", pa.float64()),
    ]
)
