"""A row of results/nuclei/{slide_id}.parquet: Arrow schema.

Made from workflow/schemas/nuclei.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("nucleus", pa.int64()),
        ("x_level0_px", pa.float64()),
        ("y_level0_px", pa.float64()),
        ("area_um2", pa.float32()),
        ("equivalent_diameter_um", pa.float32()),
        ("perimeter_um", pa.float32()),
        ("eccentricity", pa.float32()),
        ("hematoxylin_od", pa.float32()),
        ("brightness", pa.float32()),
        ("tile_col", pa.int32()),
        ("tile_row", pa.int32()),
    ]
)
