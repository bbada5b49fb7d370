"""A row of results/cohort/plan.csv: Arrow schema.

Made from workflow/schemas/plan.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("error_code", pa.string()),
        ("error_message", pa.string()),
        ("remedy", pa.string()),
        ("jobs", pa.int64()),
        ("rules", pa.string()),
        ("finished_jobs", pa.int64()),
        ("cpu_s", pa.float64()),
        ("memory_mb", pa.int64()),
        ("written_bytes", pa.int64()),
        ("written_files", pa.int64()),
        ("batch", pa.int64()),
    ]
)
