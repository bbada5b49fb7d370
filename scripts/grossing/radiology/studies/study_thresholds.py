"""Every threshold of studies: what it judges, the key of its limit, its direction, its reason.

`STUDY` is for all modalities, the others for one. A missing number judges nothing.
"""

from collections.abc import Mapping

from grossing.cohort.thresholds import Threshold

Rules = Mapping[str, tuple[Threshold, ...]]

#: checked first; slices of several orientations are judged by nothing else
ORIENTATION = (
    Threshold("orientation_spread_deg", "orientation_spread_deg_max", "max", "orientation_differs"),
)

#: on volumes in whose distances no whole slice fits: beyond it a study fails
SPACING = Threshold("spacing_variation", "spacing_variation_max", "max", "spacing_varies")

#: on volumes: below it a study gets REVIEW
FEW_SLICES = Threshold("slices", "slices_min", "min", "few_slices")

#: beyond them a study fails: its geometry or its values are not what a volume needs
FAIL: Rules = {
    "STUDY": (Threshold("tilt_deg", "tilt_deg_max", "max", "gantry_tilt"),),
    "CT": (
        Threshold("value_p01", "hu_low_min", "min", "hu_out_of_range"),
        Threshold("value_p01", "hu_low_max", "max", "hu_out_of_range"),
        Threshold("value_max", "hu_high_max", "max", "hu_out_of_range"),
    ),
    "MR": (),
    "XR": (),
}

#: beyond them a study gets REVIEW
REVIEW: Rules = {
    "STUDY": (
        Threshold("slice_thickness_mm", "slice_thickness_mm_max", "max", "slice_thickness"),
        Threshold("slice_spacing_mm", "slice_spacing_mm_max", "max", "slice_spacing"),
    ),
    "CT": (
        Threshold("border_air_hu", "border_air_hu_max", "max", "hu_out_of_range"),
        Threshold("border_body_fraction", "border_body_fraction_max", "max", "truncated_field"),
        Threshold("snr", "snr_min", "min", "low_snr"),
    ),
    "MR": (Threshold("snr", "snr_min", "min", "low_snr"),),
    "XR": (Threshold("spine_over_lungs", "spine_over_lungs_min", "min", "photometric"),),
}

#: on the results of preparing
AFTER_PREPARING: Rules = {
    "CT": (
        Threshold("metal_mm3", "metal_mm3_max", "max", "metal"),
        Threshold("lung_volume_l", "lung_volume_l_min", "min", "lung_volume"),
        Threshold("lung_volume_l", "lung_volume_l_max", "max", "lung_volume"),
        Threshold("lung_cut_fraction", "lung_cut_fraction_max", "max", "partial_lung"),
    ),
    "MR": (
        Threshold("brain_confidence", "brain_confidence_min", "min", "brain_mask"),
        Threshold("cnr", "cnr_min", "min", "low_cnr"),
        Threshold("residual_shift_mm", "residual_shift_mm_max", "max", "misaligned"),
    ),
    "XR": (Threshold("lung_confidence", "lung_confidence_min", "min", "lung_field"),),
}
