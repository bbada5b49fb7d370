"""Codes that a verdict may name.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Literal

ErrorCode = Literal[
    "file_missing",
    "unreadable",
    "unsupported",
    "mpp_missing",
    "mpp_out_of_range",
    "levels_disagree",
    "planes_differ",
    "unregistered",
    "job_failed",
]
