"""Fused slides whose planes still differed after they were matched."""

from grossing.cohort import thresholds
from grossing.columns.reason_codes import SlideReason
from grossing.slide.record import FileFacts

PLANE_SHIFT: SlideReason = "plane_shift"
PLANE_LIGHT: SlideReason = "plane_light"
PLANE_SHIFT_PX = 0.5
PLANE_LIGHT_SHARE = 0.03  # of the light of the middle plane


def reasons(file: FileFacts) -> list[str]:
    """Reasons for a review of a fused slide whose planes differ after they were matched."""
    left = (
        (PLANE_SHIFT, file.plane_shift_px, PLANE_SHIFT_PX),
        (PLANE_LIGHT, file.plane_light, PLANE_LIGHT_SHARE),
    )
    return [
        thresholds.with_value(code, value, limit)
        for code, value, limit in left
        if value is not None and value > limit
    ]
