"""A row of results/cohort/study_splits.csv: Arrow schema.

Made from workflow/schemas/study_splits.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("study_id", pa.string()),
        ("case_id", pa.string()),
        ("qc_status", pa.string()),
        ("split", pa.string()),
        ("split_source", pa.string()),
        ("fold", pa.int64()),
    ]
)
