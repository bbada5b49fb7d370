"""What the page needs to judge a slide again under other thresholds.

Whatever `decide.slide` finds without thresholds (not readable, no tissue, salvaged, ...) is found
by asking it with limits that nothing exceeds; so new reasons need no change here.
"""

import math
from dataclasses import replace
from typing import Any

from grossing.cohort import decide
from grossing.cohort.decide import Criteria
from grossing.report import rules
from grossing.report.rules import Positions
from grossing.slide.record import SlideRecord

Row = dict[str, Any]


def without_limits(criteria: Criteria, *, all_fail: bool = False) -> Criteria:
    """Criteria whose limits no number exceeds, or (`all_fail`) every number."""
    section: dict[str, dict[str, float]] = {
        "slide": dict.fromkeys(criteria.slide, 0.0),
        "tile": dict(criteria.tile) if not all_fail else dict.fromkeys(criteria.tile, 0.0),
    }
    for stage, listed in rules.STAGES.items():
        for rule in listed:
            harmless = math.inf if rule.direction == "max" else -math.inf
            name = "tile" if stage == "tile" else "slide"
            if name == "tile" or not all_fail or stage == "bright":
                section[name][rule.limit] = harmless
            else:
                section[name][rule.limit] = -harmless
    return replace(criteria, slide=section["slide"], tile=section["tile"])


class SlideVerdicts:
    """The parts of a slide's verdict, by criteria made once for the cohort."""

    def __init__(self, criteria: Criteria, focus: Positions) -> None:
        self._criteria, self._focus = criteria, focus
        self._harmless = without_limits(criteria)
        self._hopeless = without_limits(criteria, all_fail=True)

    def of(self, record: SlideRecord) -> Row:
        """Verdict without thresholds, status where one is exceeded, and the judged numbers."""
        base = decide.slide(record, self._harmless)
        worst = decide.slide(record, self._hopeless).status
        values: Row = {}
        if record.measures is not None:
            values = dict(decide.judged_values(record.measures, None))
            values |= {"brightness": record.measures.light.brightness}
        if decide.NO_TISSUE in base.reasons:
            values.pop("tissue_area_mm2", None)
        return {
            "status": base.status,
            "reasons": list(base.reasons),
            "fail": worst if worst in (decide.FAIL, decide.ERROR) else decide.FAIL,
            "values": values,
            "blurred": self._blurred(record),
        }

    def _blurred(self, record: SlideRecord) -> list[int] | None:
        """`blurred_fraction` * 10000 at each position of the focus threshold."""
        at = [decide.blurred_fraction(record, limit) for limit in self._focus.at]
        known = [round(value * 10_000) for value in at if value is not None]
        return known or None
