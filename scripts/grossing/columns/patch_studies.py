"""A row of results/cohort/patch_studies: Arrow schema.

Made from workflow/schemas/patch_studies.schema.yaml by `make schemas`.
"""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("study_id", pa.string()),
        ("modality", pa.string()),
        ("case_id", pa.string()),
        ("label", pa.string()),
        ("site", pa.string()),
        ("split", pa.string()),
        ("qc_status", pa.string()),
        ("file", pa.string()),
        ("array", pa.string()),
        ("index", pa.int64()),
        ("side_voxels", pa.int64()),
        ("spacing_mm", pa.float64()),
        ("z_voxel", pa.int64()),
        ("y_voxel", pa.int64()),
        ("x_voxel", pa.int64()),
        ("x_mm", pa.float64()),
        ("y_mm", pa.float64()),
        ("z_mm", pa.float64()),
        ("candidate", pa.int64()),
        ("mask_fraction", pa.float64()),
        ("value_mean", pa.float64()),
        ("value_sd", pa.float64()),
    ]
)
