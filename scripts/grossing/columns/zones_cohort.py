"""A row of results/cohort/zones_cohort: Arrow schema.

Made from workflow/schemas/zones_cohort.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("qc_status", pa.string()),
        ("method", pa.string()),
        ("reason", pa.string()),
        ("zones", pa.int64()),
        ("area_mm2", pa.float64()),
        ("tissue_area_mm2", pa.float64()),
        ("fraction", pa.float64()),
        ("largest_mm2", pa.float64()),
        ("threshold", pa.float64()),
        ("nuclear_od", pa.float64()),
    ]
)
