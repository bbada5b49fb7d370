"""What can be wrong with a user's files, as exceptions that say what to do."""


class UserError(Exception):
    """Something in a user's file: one message with file, place, value and remedy."""


class SlideError(Exception):
    """A slide that cannot be used: a reason code, the reader's words and a remedy."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message} ({remedy})")
        self.code = code
        self.message = message
        self.remedy = remedy


class ReadError(Exception):
    """Pixels of one place could not be read; other places may still be."""
