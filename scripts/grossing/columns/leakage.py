"""A row of results/cohort/leakage.csv: Arrow schema.

Made from workflow/schemas/leakage.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("alarm", pa.bool_()),
        ("value", pa.string()),
        ("splits", pa.string()),
        ("slides", pa.string()),
    ]
)
