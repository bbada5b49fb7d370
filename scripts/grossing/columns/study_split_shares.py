"""A row of results/cohort/study_split_shares.csv: Arrow schema.

Made from workflow/schemas/study_split_shares.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("name", pa.string()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("studies", pa.int64()),
        ("cases", pa.int64()),
        ("share", pa.float64()),
        ("wanted", pa.float64()),
    ]
)
