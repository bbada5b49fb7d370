"""CT, MRI and X-ray: studies read, measured, judged, prepared and cut into patches.

The names below are functions for people who work on arrays and SimpleITK images of their own; they
are loaded when first used, so that `import grossing.radiology` needs no package.
"""

import importlib
from typing import Any

#: public name -> module and name in it
ENTRY_POINTS = {
    "augment": ("augmentation", "augment"),
    "clip": ("hu_windows", "clip"),
    "compare_studies": ("comparison", "compare_studies"),
    "correct_bias": ("bias_field", "correct"),
    "denoise": ("denoising", "denoise"),
    "equalize": ("hu_windows", "equalized"),
    "find_brain": ("brain_mask", "find"),
    "find_candidates": ("candidates", "find"),
    "find_lungs": ("lung_mask", "segment"),
    "find_metal": ("metal", "find"),
    "fit_white_stripe": ("white_stripe", "fit"),
    "min_max": ("hu_windows", "min_max"),
    "multi_window": ("hu_windows", "channels"),
    "open_study": ("study_reading", "open_study"),
    "read_pixels": ("study_reading", "pixels"),
    "resample_isotropic": ("resampling", "isotropic"),
    "resample_like": ("resampling", "like"),
    "window": ("hu_windows", "window"),
    "z_score": ("hu_windows", "z_score"),
}


def __getattr__(name: str) -> Any:
    if name not in ENTRY_POINTS:
        raise AttributeError(f"module 'grossing.radiology' has no attribute {name!r}")
    module, attribute = ENTRY_POINTS[name]
    return getattr(importlib.import_module(f"grossing.radiology.{module}"), attribute)


def __dir__() -> list[str]:
    return [*globals(), *ENTRY_POINTS]
