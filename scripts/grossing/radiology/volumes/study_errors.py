"""Faults of a study's files; their messages say what to do."""

from grossing.columns.study_codes import REMEDIES, StudyErrorCode


class StudyError(Exception):
    """A study that cannot be used: a reason code, a message without personal data, a remedy."""

    def __init__(self, code: StudyErrorCode, message: str, remedy: str = "") -> None:
        remedy = remedy or REMEDIES[code]
        super().__init__(f"{message} ({remedy})")
        self.code: StudyErrorCode = code
        self.message = message
        self.remedy = remedy
