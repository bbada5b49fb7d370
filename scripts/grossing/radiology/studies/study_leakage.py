"""Leakage between splits of studies: patients, duplicates, groups and sites in several."""

import pyarrow as pa

from grossing.cohort import leakage
from grossing.columns import study_leakage as columns
from grossing.radiology.studies import as_slides, study_groups


def find(
    verdicts: pa.Table, duplicates: pa.Table, assigned: pa.Table | None, *, site_alarm: bool
) -> pa.Table:
    """The table `study_leakage`; only studies that are PASS or REVIEW count.

    Parameters
    ----------
    verdicts, duplicates : `studies_qc`, `study_duplicates`
    assigned : `study_splits`, None to check the splits of the sheet
    site_alarm : whether sites were to stay together
    """
    leaks = leakage.find(
        as_slides.renamed(verdicts),
        as_slides.renamed(duplicates),
        None if assigned is None else as_slides.renamed(assigned),
        site_alarm=site_alarm,
        linked=study_groups.of_verdicts(verdicts),
    )
    return as_slides.back(leaks, columns.SCHEMA)
