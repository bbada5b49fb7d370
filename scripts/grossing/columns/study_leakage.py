"""A row of results/cohort/study_leakage.csv: Arrow schema.

Made from workflow/schemas/study_leakage.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("alarm", pa.bool_()),
        ("value", pa.string()),
        ("splits", pa.string()),
        ("studies", pa.string()),
    ]
)
