"""Costs of the jobs of a slide before there are earlier runs to fit them to.

Fitted to ten synthetic JPEG slides of 3 to 576 megapixels (`tests/data/make_slide.py`) on a busy
machine of 2 cores; the errors are those of slides that were left out.
"""

from grossing.cohort.cost_model import Coefficients, RuleCosts

#: files of a folder of tiles per tile of tissue: tiles at its edge, smaller levels, their folders
FILES_PER_TILE = 1.5
#: of the number of files, which was not fitted: assumed, not measured
FILES_ERROR = 0.5

#: rule to coefficients (`cost_model.TERMS`) and error of CPU seconds, and of bytes
_COSTS = {
    "measure_slide": (
        Coefficients((0.34, 0, 5.9, 219, 0), 0.20),
        Coefficients((5e3, 1.3e5, 1.4e6, 1.9e7, 0), 0.29),
    ),
    "tile_slide": (
        Coefficients((0.49, 0, 4.3, 4.8, 8.0), 0.19),
        Coefficients((5e3, 2e5, 3e7, 2.33e8, 5.2e7), 0.17),
    ),
    "rescale_slide": (
        Coefficients((0.43, 0, 24, 0, 6.6), 0.17),
        Coefficients((1e3, 2.17e5, 2.36e8, 5.3e8, 2.04e8), 0.10),
    ),
    "normalize_tiles": (
        Coefficients((0.76, 0, 8.0, 14.5, 0), 0.14),
        Coefficients((5e3, 1.4e5, 2.8e7, 1.89e8, 4.4e7), 0.16),
    ),
    "separate_stains": (
        Coefficients((0.77, 0, 12.6, 0, 0.45), 0.15),
        Coefficients((5e3, 2.16e5, 2.9e7, 1.85e8, 3.7e7), 0.20),
    ),
    "measure_nuclei": (
        Coefficients((1.0, 1.9, 0, 161, 0), 0.68),
        Coefficients((5e3, 5.5e3, 4.9e6, 1.5e7, 3e6), 0.13),
    ),
    "find_zones": (
        Coefficients((0.8, 0, 0, 0, 4.2), 0.20),
        Coefficients((1e3, 0, 0, 7.4e5, 1.8e5), 0.45),
    ),
}


def of(rule: str, outputs: int, folders: int, tile_px: int) -> RuleCosts:
    """The costs of a rule; one that is not listed costs what `rescale_slide` does.

    Parameters
    ----------
    outputs, folders : number of outputs, and of those that are folders of tiles
    tile_px : side of a tile
    """
    cpu_s, written_bytes = _COSTS.get(rule, _COSTS["rescale_slide"])
    per_gigapixel = folders * FILES_PER_TILE * 1e9 / tile_px**2
    files = Coefficients((float(outputs), 0.0, 0.0, per_gigapixel, 0.0), FILES_ERROR)
    return RuleCosts(cpu_s, written_bytes, files)
