"""A row of results/normalized_tiles/{slide_id}.parquet: Arrow schema.

Made from workflow/schemas/normalized_tiles.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("tile_col", pa.int32()),
        ("tile_row", pa.int32()),
        ("stain_status", pa.string()),
    ]
)
