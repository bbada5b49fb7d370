"""What the page needs to judge a slide again under other thresholds.

Whatever `decide.slide` finds without thresholds (not readable, no tissue, salvaged, ...) is found
by asking it with limits that nothing exceeds; so new reasons need no change here.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from grossing.cohort import decide, thresholds
from grossing.cohort.decide import Criteria, FocusShares
from grossing.cohort.duplicates import Duplicates
from grossing.cohort.reviews import Reviews
from grossing.report import rules
from grossing.report.rules import Positions
from grossing.slide.record import SlideRecord

Row = dict[str, Any]
OUTDATED = "outdated"


def without_limits(criteria: Criteria, *, dark_field: bool = False) -> Criteria:
    """Criteria whose limits no number of a slide exceeds."""
    slide, tile = dict.fromkeys(criteria.slide, 0.0), dict(criteria.tile)
    for stage, listed in rules.STAGES.items():
        section = tile if stage == "tile" else slide
        for rule in listed:
            section[rule.limit] = math.inf if rule.direction == "max" else -math.inf
    slide[thresholds.BRIGHTFIELD.limit] = math.inf if dark_field else -math.inf
    return replace(criteria, slide=slide, tile=tile)


@dataclass(frozen=True)
class Others:
    """What a slide's verdict takes from elsewhere: its duplicates and the reviews of people."""

    duplicates: dict[str, Duplicates]
    reviews: Reviews


class SlideVerdicts:
    """The parts of a slide's verdict, by criteria made once for the cohort."""

    def __init__(self, criteria: Criteria, focus: Positions, others: Others) -> None:
        self._focus, self._others = focus, others
        self._harmless = {dark: without_limits(criteria, dark_field=dark) for dark in (False, True)}

    def of(self, record: SlideRecord) -> Row:
        """Verdict without thresholds, status where one is exceeded, and the judged numbers."""
        measures = record.measures
        base = decide.slide(record, self._harmless[bool(measures and measures.light.dark_field)])
        values: Row = {}
        fails = decide.FAIL
        if measures is not None:
            values = dict(decide.judged_values(measures, FocusShares()))
            fails = decide.ERROR if decide.doubt_of(record.usable()) else decide.FAIL
            if light := decide.judged_light(measures.light):
                values[light[0].column] = light[1]
            if decide.UNCERTAIN in values:
                shares = FocusShares.of(record, self._focus.at[0])
                values |= decide.judged_values(measures, replace(shares, blurred=None))
        if decide.NO_TISSUE in base.reasons:
            values.pop("tissue_area_mm2", None)
        same = self._others.duplicates.get(record.slide_id, Duplicates())
        return {
            "status": base.status,
            "reasons": list(base.reasons),
            "fail": fails,
            "values": values,
            "blurred": self._blurred(record),
            "found": list(same.reasons),
            "review": self._review(record),
        }

    def _review(self, record: SlideRecord) -> str | None:
        """accept or reject, or outdated where a person has seen another content."""
        review = self._others.reviews.of.get(record.slide_id)
        if review is None:
            return None
        content = record.identity.content_hash if record.readable else None
        return review.decision if review.is_of(content) else OUTDATED

    def _blurred(self, record: SlideRecord) -> list[int] | None:
        """`blurred_fraction`, its lower and its upper bound * 10000 at each focus position."""
        shares = [FocusShares.of(record, limit) for limit in self._focus.at]
        known = [
            round(value * 10_000)
            for share in shares
            for value in (share.blurred, share.low, share.high)
            if value is not None
        ]
        return known or None
