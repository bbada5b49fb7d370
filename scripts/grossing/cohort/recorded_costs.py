"""Costs of the jobs of a slide, recorded by benchmarks/record_costs.py: not edited here.

By rule: coefficients (`cost_model.TERMS`) of CPU seconds, their error over slides that were left
out of the fit, and the same of bytes.
"""

from grossing.cohort.cost_model import Coefficients

#: slides of the run
SLIDES = 14
COSTS: dict[str, tuple[Coefficients, Coefficients]] = {
    "measure_slide": (
        Coefficients((0.3216, 0.2224, 6.504, 97.76, 0.0), 0.276),
        Coefficients((1589.0, 17270.0, 204000.0, 49410000.0, 0.0), 0.372),
    ),
    "tile_slide": (
        Coefficients((0.3942, 0.05549, 0.0, 12.77, 12.96), 0.101),
        Coefficients((0.0, 0.0, 0.0, 340400000.0, 42630000.0), 0.183),
    ),
    "rescale_slide": (
        Coefficients((0.2181, 0.02411, 19.35, 0.0, 13.11), 0.181),
        Coefficients((0.0, 0.0, 85710000.0, 902100000.0, 203600000.0), 0.136),
    ),
    "normalize_tiles": (
        Coefficients((0.5937, 0.0, 3.725, 34.53, 1.765), 0.087),
        Coefficients((0.0, 0.0, 0.0, 277000000.0, 39400000.0), 0.19),
    ),
    "separate_stains": (
        Coefficients((0.6394, 0.01219, 0.0, 34.36, 2.788), 0.093),
        Coefficients((0.0, 0.0, 0.0, 289300000.0, 24150000.0), 0.166),
    ),
    "measure_nuclei": (
        Coefficients((0.9828, 0.1279, 2.135, 329.3, 0.0), 0.177),
        Coefficients((533.3, 0.0, 0.0, 28530000.0, 1951000.0), 0.238),
    ),
    "find_zones": (
        Coefficients((0.6624, 0.05269, 0.9966, 15.78, 0.0), 0.15),
        Coefficients((205.8, 0.0, 0.0, 507900.0, 238000.0), 0.427),
    ),
}
