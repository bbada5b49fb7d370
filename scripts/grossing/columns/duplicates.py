"""A row of results/cohort/duplicates.csv: Arrow schema.

Made from workflow/schemas/duplicates.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id_a", pa.string()),
        ("slide_id_b", pa.string()),
        ("kind", pa.string()),
        ("distance", pa.int64()),
        ("alarm", pa.string()),
    ]
)
