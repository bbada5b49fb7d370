"""The groups of MR studies of a cohort, which are aligned to each other and so stay together."""

import pyarrow as pa

from grossing.cohort import patients


def of_verdicts(verdicts: pa.Table) -> list[list[str]]:
    """study_ids of each value of the column `group` of `studies_qc`; none without the column."""
    if "group" not in verdicts.column_names:
        return []
    columns = (verdicts["study_id"].to_pylist(), verdicts["group"].to_pylist())
    rows = [{"slide_id": i, "group": group} for i, group in zip(*columns, strict=True)]
    return patients.sharing(rows, "group")
