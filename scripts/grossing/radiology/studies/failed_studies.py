"""Studies whose jobs died after all retries and whose failure is accepted."""

from collections.abc import Iterable, Iterator

from grossing.cohort import failures
from grossing.cohort.sheet import Sheet
from grossing.radiology.studies.study_record import StudyRecord
from grossing.slide.identity import Identity
from grossing.support.types import PathLike


def records(path: PathLike, study_ids: Iterable[str], sheet: Sheet) -> Iterator[StudyRecord]:
    """What stands in for the records of these studies.

    Parameters
    ----------
    path : of `failed_studies.csv`
    """
    for study_id, refusal in failures.refusals(path, study_ids).items():
        modality = sheet.value(study_id, "modality")
        yield StudyRecord(study_id, modality, Identity(None, None), refusal)
