"""The verdicts of a cohort as text for people."""

from collections import Counter

import pyarrow as pa

from grossing.cohort import decide

SHORT_COHORT = 40


def of_verdicts(verdicts: pa.Table) -> str:
    """A line per slide (of more than 40 slides, those not PASS), then the counts.

    Parameters
    ----------
    verdicts : `measured_qc` or `cohort_qc`
    """
    columns = ["slide_id", "qc_status", "qc_reasons", "error_message", "remedy"]
    rows = verdicts.select(columns).to_pylist()
    counts = Counter(row["qc_status"] for row in rows)
    width = max((len(row["slide_id"]) for row in rows), default=0)
    lines = []
    for row in rows:
        if row["qc_status"] != decide.PASS or len(rows) <= SHORT_COHORT:
            remedy = f" ({row['error_message']}; {row['remedy']})" if row["error_message"] else ""
            text = f"{row['qc_reasons'] or ''}{remedy}"
            lines.append(f"  {row['slide_id']:<{width}}  {row['qc_status']:<6}  {text}".rstrip())
    totals = ", ".join(f"{counts[status]} {status}" for status in decide.STATUSES)
    return "\n".join([*lines, f"  {len(rows)} slides: {totals}"])
