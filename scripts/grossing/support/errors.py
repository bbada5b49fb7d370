"""Exceptions for faults of a user's files; their messages say what to do."""

from grossing.columns.error_codes import REMEDIES, ErrorCode


class UserError(Exception):
    """Something in a user's file: a line per fault with file, place, value and remedy."""


class CohortError(Exception):
    """Tables or files of a cohort that do not belong together; names the slide."""


class SlideError(Exception):
    """A slide that cannot be used: a reason code, the reader's message and a remedy.

    Without a remedy of its own it has that of its code.
    """

    def __init__(self, code: ErrorCode, message: str, remedy: str = "") -> None:
        remedy = remedy or REMEDIES[code]
        super().__init__(f"{message} ({remedy})")
        self.code: ErrorCode = code
        self.message = message
        self.remedy = remedy


class SlideChanged(Exception):
    """A slide whose content is no longer that which was measured."""

    remedy = "run the same command again: the slide is measured anew"

    def __init__(self, slide_id: str, difference: str) -> None:
        self.slide_id = slide_id
        self.message = f"slide {slide_id} changed since it was measured: {difference}"
        super().__init__(f"{self.message}: {self.remedy}")


class Unsupported(Exception):
    """A file, or a part of it, that a reader leaves to another reader; the message says why."""


class ReadError(Exception):
    """Pixels of one place could not be read; other places may still be."""
