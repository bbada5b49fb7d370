"""Values of a table that people fill in: invisible characters, missing values, spellings."""

import re
import unicodedata

_FAILED_FORMULAS = ("#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!")
_MARKS = (
    "na",
    "n/a",
    "n.a.",
    "#n/a",
    "#na",
    "<na>",
    "nan",
    "-nan",
    "null",
    "none",
    "nil",
    "-",
    "--",
)
#: marks of a missing value in spreadsheets, R, pandas and by hand, in lower case
MISSING = frozenset((*_MARKS, *_FAILED_FORMULAS))
_SPACES = "\t\n\v\f\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
# controls, and Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt
_NO_WIDTH = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SPACE = re.compile(f"[{_SPACES}]")
_NOTHING = re.compile(f"[{_NO_WIDTH}]")
_GUARDED = re.compile(r"'+[=+\-@]")
_INVISIBLE = re.compile(f"[{_SPACES}{_NO_WIDTH}]")


def is_missing(value: str) -> bool:
    """Whether a value is empty or one of the usual marks of a missing value."""
    return not value or value.lower() in MISSING


def invisible(value: str) -> list[str]:
    """Invisible characters of a value as `U+200B ZERO WIDTH SPACE`, each once; not the blank."""
    return [_named(character) for character in dict.fromkeys(_INVISIBLE.findall(value))]


def cleaned(value: str) -> str:
    """The value with plain blanks for all kinds of space, and without characters of no width."""
    return _NOTHING.sub("", _SPACE.sub(" ", value)).strip()


def unguarded(value: str) -> str:
    """The value without the apostrophe that keeps a spreadsheet from running it as a formula.

    The report writes such values with one apostrophe more than they have.
    """
    return value[1:] if _GUARDED.match(value) else value


def folded(value: str) -> str:
    """The same for values that differ only in case, blanks or the way Unicode composes letters."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"
