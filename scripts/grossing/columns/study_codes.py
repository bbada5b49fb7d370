# ruff: noqa: E501
"""Codes that a verdict may name.

Made from workflow/schemas/studies_qc.schema.yaml by `make schemas`.
"""

from typing import Literal

StudyErrorCode = Literal[
    "file_missing", "unreadable", "unsupported_syntax", "mixed_series", "job_failed"
]
StudyReason = Literal[
    "localizer",
    "secondary_capture",
    "burned_in_annotation",
    "wrong_modality",
    "modality_unknown",
    "empty",
    "not_finite",
    "too_small",
    "several_pictures",
    "slices_blank",
    "damaged_files",
    "position_missing",
    "single_slice",
    "few_slices",
    "slices_missing",
    "slices_duplicate",
    "slice_order",
    "orientation_differs",
    "gantry_tilt",
    "spacing_varies",
    "slice_thickness",
    "slice_spacing",
    "no_rescale",
    "hu_out_of_range",
    "no_soft_tissue",
    "truncated_field",
    "low_snr",
    "lossy_compression",
    "metal",
    "no_lung",
    "lung_volume",
    "partial_lung",
    "candidates_not_searched",
    "white_stripe",
    "brain_mask",
    "low_cnr",
    "misaligned",
    "lung_field",
    "no_pixel_spacing",
    "photometric",
    "voi",
    "duplicate_in_other_split",
    "duplicate_in_other_case",
    "duplicate_with_other_label",
]

REMEDIES: dict[StudyErrorCode, str] = {
    "file_missing": "correct `path` in the sheet (a relative one is relative to the sheet)",
    "unreadable": "copy or export the study again; supported are DICOM, NIfTI, MHA, NRRD and PNG",
    "unsupported_syntax": "convert the study to Explicit VR Little Endian (gdcmconv --raw, dcmdjpeg)",
    "mixed_series": "give one of the series that are named in the column `series_uid`",
    "job_failed": "fix the cause in failed_studies.csv and run again",
}
