"""Splits of studies, and what leaks between them: by the code for slides; groups stay together."""

import pyarrow as pa

from grossing.cohort import splits
from grossing.cohort.splits import SplitOptions
from grossing.columns import study_split_shares, study_splits
from grossing.radiology.studies import as_slides, study_groups


def assign(
    verdicts: pa.Table, duplicates: pa.Table, options: SplitOptions
) -> tuple[pa.Table, pa.Table]:
    """The tables `study_splits` and `study_split_shares` (`cohort.splits.assign`).

    Parameters
    ----------
    verdicts : `studies_qc`
    duplicates : `study_duplicates`

    Raises
    ------
    CohortError : the wish cannot be fulfilled.
    """
    assigned, shares = splits.assign(
        as_slides.renamed(verdicts),
        as_slides.renamed(duplicates),
        options,
        linked=study_groups.of_verdicts(verdicts),
        nouns="studies",
    )
    counted = shares["column"].to_pylist()
    counted = [as_slides.BACK.get(name, name) for name in counted]
    shares = shares.set_column(shares.column_names.index("column"), "column", [counted])
    return (
        as_slides.back(assigned, study_splits.SCHEMA),
        as_slides.back(shares, study_split_shares.SCHEMA),
    )
