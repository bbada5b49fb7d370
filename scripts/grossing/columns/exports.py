"""A row of results/exports/{format}.csv: Arrow schema.

Made from workflow/schemas/exports.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("format", pa.string()),
        ("slide_id", pa.string()),
        ("qc_status", pa.string()),
        ("status", pa.string()),
        ("tiles", pa.int64()),
        ("edge_tiles", pa.int64()),
        ("reason", pa.string()),
    ]
)
