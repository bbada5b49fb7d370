"""A row of results/cohort/nuclei_cohort: Arrow schema.

Made from workflow/schemas/nuclei_cohort.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("slide_id", pa.string()),
        ("qc_status", pa.string()),
        ("nuclei_count", pa.int64()),
        ("tissue_mm2", pa.float64()),
        ("nuclei_per_mm2", pa.float64()),
        ("area_um2_p10", pa.float64()),
        ("area_um2_median", pa.float64()),
        ("area_um2_p90", pa.float64()),
        ("eccentricity_median", pa.float64()),
        ("hematoxylin_od_mean", pa.float64()),
        ("brightness_mean", pa.float64()),
        ("mpp_doubtful", pa.bool_()),
    ]
)
