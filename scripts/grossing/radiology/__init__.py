"""CT, MRI and X-ray: studies read, measured, judged, prepared and cut into patches.

The names below are functions for people who work on arrays and SimpleITK images of their own; they
are loaded when first used, so that `import grossing.radiology` needs no package.
"""

import importlib
from typing import Any

#: public name -> module and name in it
ENTRY_POINTS = {
    "augment": ("volumes.augmentation", "augment"),
    "clip": ("ct.hu_windows", "clip"),
    "compare_studies": ("volumes.comparison", "compare_studies"),
    "correct_bias": ("mr.bias_field", "correct"),
    "denoise": ("volumes.denoising", "denoise"),
    "equalize": ("ct.hu_windows", "equalized"),
    "find_brain": ("mr.brain_mask", "find"),
    "find_candidates": ("ct.candidates", "find"),
    "find_lungs": ("ct.lung_mask", "segment"),
    "find_metal": ("ct.metal", "find"),
    "fit_white_stripe": ("mr.white_stripe", "fit"),
    "min_max": ("ct.hu_windows", "min_max"),
    "multi_window": ("ct.hu_windows", "channels"),
    "open_study": ("reading.study_reading", "open_study"),
    "read_pixels": ("reading.study_reading", "pixels"),
    "resample_isotropic": ("volumes.resampling", "isotropic"),
    "resample_like": ("volumes.resampling", "like"),
    "window": ("ct.hu_windows", "window"),
    "z_score": ("ct.hu_windows", "z_score"),
}


def __getattr__(name: str) -> Any:
    if name not in ENTRY_POINTS:
        raise AttributeError(f"module 'grossing.radiology' has no attribute {name!r}")
    module, attribute = ENTRY_POINTS[name]
    return getattr(importlib.import_module(f"grossing.radiology.{module}"), attribute)


def __dir__() -> list[str]:
    return [*globals(), *ENTRY_POINTS]
