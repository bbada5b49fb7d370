"""Paths of a cohort sheet that name no regular file, reported together before any job runs."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping

from grossing.cohort.sheet import Sheet
from grossing.cohort.stacks import Stack

_LISTED_MAX = 5

#: how a path is written that names no file, what it is then, and the remedy; the first counts
_SPELLINGS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://"),
        "is a URL, which is not opened",
        "download the files, or mount the storage, and give their paths",
    ),
    (re.compile(r"^~"), "starts with ~, which is not expanded", "write the path in full"),
    (
        re.compile(r"\$\w|\$\{|%\w+%"),
        "holds an environment variable, which is not expanded",
        "write the path in full",
    ),
    (
        re.compile(r"[*?]|\[.*\]"),
        "is a pattern, which is not expanded",
        "give each slide a row with the path of its file",
    ),
    (
        re.compile(r"^[A-Za-z]:[\\/]|\\"),
        "is a path of Windows",
        "give the path on this machine, with /",
    ),
)
_MISSING = (
    "does not exist",
    "correct the path (a relative one is relative to the sheet), or bring the file back",
)
_NO_ACCESS = "lies in a folder that may not be searched", "make it accessible for this user"
_FOLDER = (
    "is a folder",
    "name a file: of a slide any file of a DICOM series, the .mrxs file of MIRAX",
)
_SPECIAL = "is a FIFO, a device or a socket, which is not opened", "give the path of a file"

#: what the path is, and the remedy
Problem = tuple[str, str]


def warning(
    sheet: Sheet, stacks: Mapping[str, Stack], is_measured: Callable[[str], bool]
) -> str | None:
    """A warning of all slides whose path names no regular file; None where there are none.

    Costs one `stat` per file and opens nothing. Only the last part of a path is shown.

    Parameters
    ----------
    sheet : with a row per slide (stacks folded)
    stacks : their planes, by slide_id
    is_measured : whether a slide was measured before; it may be gone (archived)
    """
    return _warning(sheet, "path", _paths(sheet, stacks), is_measured, "file at their path")


def mask_warning(sheet: Sheet, was_used: Callable[[str], bool]) -> str | None:
    """The same of the masks that the column `mask` names.

    Parameters
    ----------
    was_used : whether a slide was measured with its mask, which may be gone then
    """
    masks = (
        (slide_id, path, sheet.value(slide_id, "mask"))
        for slide_id in sheet.rows
        if (path := sheet.mask_path(slide_id))
    )
    return _warning(sheet, "mask", masks, was_used, "mask at its path")


def _warning(
    sheet: Sheet,
    column: str,
    paths: Iterable[tuple[str, str, str]],
    may_be_gone: Callable[[str], bool],
    lacking: str,
) -> str | None:
    """The text of a warning of slides without a file, by what is wrong with their paths."""
    problems: dict[Problem, list[str]] = {}
    slides = set()
    for slide_id, path, text in paths:
        problem = _problem(path, text)
        is_there = problem in (_FOLDER, _SPECIAL)
        if problem and (is_there or not may_be_gone(slide_id)):
            name = re.split(r"[\\/]", text.rstrip("\\/"))[-1]
            place = f"{slide_id} (line {sheet.lines[slide_id]}: {name!r})"
            problems.setdefault(problem, []).append(place)
            slides.add(slide_id)
    if not problems:
        return None
    count = f"{len(slides)} of {len(sheet.rows)} slides"
    lines = [
        f"warning: {os.path.basename(sheet.path)}, column {column}: "
        f"{count} have no {lacking} and become ERROR:"
    ]
    for (what, remedy), places in sorted(problems.items(), key=lambda item: -len(item[1])):
        more = ", ..." if len(places) > _LISTED_MAX else ""
        lines.append(f"  {len(places)} x {column} {what}: {', '.join(places[:_LISTED_MAX])}{more}")
        lines.append(f"    {remedy}")
    return "\n".join(lines)


def _paths(sheet: Sheet, stacks: Mapping[str, Stack]) -> Iterator[tuple[str, str, str]]:
    """slide_id, path, and the path as the sheet has it; of a stack, those of its planes."""
    folder = os.path.join(os.path.dirname(sheet.path), "")
    for slide_id, row in sheet.rows.items():
        if slide_id in stacks:
            for path in stacks[slide_id].paths:
                yield slide_id, path, path.removeprefix(folder)
        else:
            yield slide_id, sheet.slide_path(slide_id), row["path"]


def _problem(path: str, text: str) -> Problem | None:
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return _NO_ACCESS
    except (OSError, ValueError):
        spelled = (problem for pattern, *problem in _SPELLINGS if pattern.search(text))
        what, remedy = next(spelled, _MISSING)
        return what, remedy
    if stat.S_ISREG(mode):
        return None
    return _FOLDER if stat.S_ISDIR(mode) else _SPECIAL
