"""`patch_studies`: all patches of the cohort with their study's row of the verdicts."""

from collections.abc import Sequence

import pyarrow as pa

from grossing.columns import patch_studies as columns
from grossing.support import tables
from grossing.support.types import PathLike

#: of the study's row, where the sheet has them
CARRIED = ("modality", "case_id", "label", "site", "split", "qc_status")


def collect(verdicts: pa.Table, paths: Sequence[PathLike]) -> pa.Table:
    """One row per patch, in the order of the studies.

    Parameters
    ----------
    verdicts : `studies_qc`
    paths : tables of the studies
    """
    there = [name for name in ("study_id", *CARRIED) if name in verdicts.column_names]
    of = {row["study_id"]: row for row in verdicts.select(there).to_pylist()}
    rows = [
        row | of[row["study_id"]] | {"file": f"patches/{row['study_id']}.npz"}
        for path in paths
        for row in tables.read(path).to_pylist()
    ]
    return tables.from_rows(rows, columns.SCHEMA)
