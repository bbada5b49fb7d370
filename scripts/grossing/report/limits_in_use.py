"""The thresholds with the limits of the configuration, for the report."""

from collections.abc import Iterable, Mapping

from grossing.cohort import thresholds
from grossing.cohort.thresholds import Threshold
from grossing.report.limit import Limit, LimitsInUse

SLIDE = (thresholds.BRIGHTFIELD, *thresholds.SLIDE, *thresholds.AFTER_TILING)


def of(limits: Mapping[str, Mapping[str, float]]) -> LimitsInUse:
    """Every threshold of slides and tiles.

    Parameters
    ----------
    limits : the section `thresholds` of the configuration
    """
    beside_others = _limits("cohort", thresholds.COHORT, limits["cohort"])
    return LimitsInUse(
        _limits("slide", SLIDE, limits["slide"]),
        (*_limits("slide", thresholds.REVIEW, limits["slide"]), *beside_others),
        _limits("tile", thresholds.TILE, limits["tile"]),
    )


def _limits(
    section: str, rules: Iterable[Threshold], limits: Mapping[str, float]
) -> tuple[Limit, ...]:
    return tuple(
        Limit(f"{section}.{rule.limit}", rule.column, rule.direction, float(limits[rule.limit]))
        for rule in rules
    )
