"""Grossing: from whole-slide histology images to judged tiles for deep learning.

Plain Python: nothing in this package knows Snakemake. The names below are loaded when first used,
so that `import grossing` is cheap and a reader of tiles needs nothing else.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

#: public name -> module and name in it
ENTRY_POINTS = {
    "Tiles": ("grossing.dataset", "Tiles"),
    "TileSampler": ("grossing.training.sampling", "TileSampler"),
    "apply_stain": ("grossing.stain.normalisation", "apply"),
    "augment": ("grossing.radiology.volumes.augmentation", "augment"),
    "balanced_weights": ("grossing.training.sampling", "balanced_weights"),
    "compare_studies": ("grossing.radiology.volumes.comparison", "compare_studies"),
    "find_duplicates": ("grossing.cohort.same_pictures", "find_duplicates"),
    "fit_stain": ("grossing.stain.fit", "fit"),
    "fuse_planes": ("grossing.zstack.fusion", "fuse_planes"),
    "measure_focus": ("grossing.measure.focus", "measure"),
    "segment_nuclei": ("grossing.nuclei.segmentation", "segment_nuclei"),
    "segment_tissue": ("grossing.mask.tissue", "segment"),
}


def __getattr__(name: str) -> Any:
    if name not in ENTRY_POINTS:
        raise AttributeError(f"module 'grossing' has no attribute {name!r}")
    module, attribute = ENTRY_POINTS[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return [*globals(), *ENTRY_POINTS]
