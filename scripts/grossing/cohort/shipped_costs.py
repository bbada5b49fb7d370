"""Costs of the jobs of a slide before there are earlier runs to fit them to."""

from grossing.cohort.cost_model import Coefficients, RuleCosts

#: files of a folder of tiles per tile of tissue: tiles at its edge, smaller levels, their folders
FILES_PER_TILE = 1.5
ERROR_BYTES = ERROR_CPU = 0.3

#: CPU s and bytes of a job; of a slide; per gigapixel at the target, of tissue there, and as read
_CPU = {
    "measure_slide": (0.35, 0.4, 0, 0, 0),
    "tile_slide": (0.3, 0.15, 0, 0, 10),
}
_BYTES = {
    "measure_slide": (5000, 100000, 0, 0, 0),
    "tile_slide": (5000, 1000, 0, 5e8, 0),
}


def of(rule: str, outputs: int, folders: int, tile_px: int) -> RuleCosts:
    """The costs of a rule; an unknown one costs what `tile_slide` does.

    Parameters
    ----------
    outputs, folders : number of outputs, and of those that are folders of tiles
    tile_px : side of a tile
    """
    per_gigapixel = folders * FILES_PER_TILE * 1e9 / tile_px**2
    return RuleCosts(
        Coefficients(_CPU.get(rule, _CPU["tile_slide"]), ERROR_CPU),
        Coefficients(_BYTES.get(rule, _BYTES["tile_slide"]), ERROR_BYTES),
        Coefficients((float(outputs), 0.0, 0.0, per_gigapixel, 0.0), ERROR_BYTES),
    )
