"""A row of results/cohort/study_duplicates: Arrow schema.

Made from workflow/schemas/study_duplicates.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("study_id_a", pa.string()),
        ("study_id_b", pa.string()),
        ("kind", pa.string()),
        ("distance", pa.int64()),
        ("alarm", pa.string()),
    ]
)
