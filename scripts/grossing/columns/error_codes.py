"""Codes that a verdict may name.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Literal

ErrorCode = Literal[
    "file_missing",
    "not_a_file",
    "unreadable",
    "unsupported",
    "unsupported_compression",
    "unsupported_samples",
    "unsupported_colour",
    "unsupported_orientation",
    "nothing_scanned",
    "mpp_missing",
    "mpp_out_of_range",
    "levels_disagree",
    "planes_differ",
    "unregistered",
    "mask_missing",
    "mask_unreadable",
    "mask_mismatch",
    "job_failed",
]

REMEDIES: dict[ErrorCode, str] = {
    "file_missing": "correct `path` in the cohort sheet, or bring the file back",
    "not_a_file": "name the slide's file: any file of a DICOM series, the .mrxs file of MIRAX",
    "unreadable": "copy or scan the slide again; error_message says what failed",
    "unsupported": "check that the copy is complete, or convert the slide to a pyramidal TIFF",
    "unsupported_compression": "convert the slide to a pyramidal TIFF with JPEG tiles",
    "unsupported_samples": "convert the slide to 8-bit RGB without alpha",
    "unsupported_colour": "convert the slide to 8-bit RGB, or correct its photometric tag",
    "unsupported_orientation": "turn the pixels and drop the tag (`vips autorot`)",
    "nothing_scanned": "check that the copy is complete, or scan the slide again",
    "mpp_missing": "give the true um/px in the column `mpp` of the cohort sheet",
    "mpp_out_of_range": "give the true um/px in the column `mpp` of the cohort sheet",
    "levels_disagree": "copy, scan or convert the slide again",
    "planes_differ": "give planes of one scan; correct `path` and `z_stack` in the cohort sheet",
    "unregistered": "register the planes, or leave the one that is named out of the sheet",
    "mask_missing": "correct `mask` in the cohort sheet, or bring the file back",
    "mask_unreadable": "write the mask again as PNG or GeoJSON, or leave `mask` empty",
    "mask_mismatch": "give the mask of this slide (polygons in level-0 px), or leave `mask` empty",
    "job_failed": "fix the cause in failed_jobs.csv and run again",
}
