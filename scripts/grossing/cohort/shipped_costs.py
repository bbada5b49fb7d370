"""Costs of the jobs of a slide before there are earlier runs to fit them to."""

from grossing.cohort import recorded_costs
from grossing.cohort.cost_model import Coefficients, RuleCosts

#: files of a folder of tiles per tile of tissue: tiles at its edge, smaller levels, their folders
FILES_PER_TILE = 1.5
#: of the number of files, which was not fitted: assumed, not measured
FILES_ERROR = 0.5


def of(rule: str, outputs: int, folders: int, tile_px: int) -> RuleCosts:
    """The costs of a rule; one that was not recorded costs what `rescale_slide` does.

    Parameters
    ----------
    outputs, folders : number of outputs, and of those that are folders of tiles
    tile_px : side of a tile
    """
    costs = recorded_costs.COSTS
    cpu_s, written_bytes = costs.get(rule, costs["rescale_slide"])
    per_gigapixel = folders * FILES_PER_TILE * 1e9 / tile_px**2
    files = Coefficients((float(outputs), 0.0, 0.0, per_gigapixel, 0.0), FILES_ERROR)
    return RuleCosts(cpu_s, written_bytes, files)
