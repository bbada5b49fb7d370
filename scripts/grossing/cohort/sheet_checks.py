"""The cohort sheet as a whole: rows that contradict each other, and leakage between splits."""

import difflib
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from grossing.cohort import sheet as sheets
from grossing.cohort import stacks, values
from grossing.cohort.sheet import Sheet
from grossing.slide import modality
from grossing.support import findings
from grossing.support.findings import Finding, Severity

Leakage = Literal["stop", "report"]

#: how serious it is, by column, that two values differ only in case or blanks: two such splits are
#: never intended, but a genotype `Aa` is not `AA`
SPELLED: dict[str, Severity] = {
    "split": "error",
    "case_id": "warning",
    "label": "warning",
    "stain": "warning",
    "site": "warning",
    "scanner": "warning",
}
OF_ONE_SLIDE = ("split", "label", "case_id")
_SPLITS = {
    "training": "train",
    "tr": "train",
    "valid": "val",
    "validation": "val",
    "validate": "val",
    "dev": "val",
    "testing": "test",
    "tst": "test",
}
_LISTED_MAX = 5


def read(
    path: str | os.PathLike[str],
    schema_path: str | os.PathLike[str],
    reserved: Iterable[str],
    *,
    focus_stack: bool,
    leakage: Leakage,
) -> tuple[Sheet, dict[str, stacks.Stack], list[Finding]]:
    """Read a cohort sheet and check it: its rows (`sheet.load`), its stacks, and as a whole.

    Parameters
    ----------
    path, schema_path, reserved : as for `sheet.load`
    focus_stack : whether rows that share `z_stack` become one slide
    leakage : `report` makes warnings of what would be errors

    Returns
    -------
    The sheet with a row per slide, its stacks, and the warnings.

    Raises
    ------
    UserError : with all findings, where one is an error.
    """
    sheet = sheets.load(path, schema_path, reserved)
    faulty = stacks.faults(sheet, focus_stack)
    slides, folded = (sheet, {}) if faulty else stacks.fold(sheet, focus_stack)
    faults = [
        *sheet.findings,
        *faulty,
        *ids(slides),
        *spellings(sheet),
        *splits(sheet),
        *stains(sheet),
        *cases(slides, leakage),
        *files(sheet, leakage),
    ]
    findings.refuse(faults)
    return slides, folded, faults


def ids(sheet: Sheet) -> list[Finding]:
    """Ids that differ only in case: on a file system that ignores case they are one file."""
    key = sheet.id_column
    remedy = "rename one where the results may lie on a disk that ignores case (macOS, Windows)"
    return [
        sheet.finding(group[1], key, _beside(sheet, key, group), remedy, "warning")
        for group in _groups(sheet.rows, str.casefold)
    ]


def spellings(sheet: Sheet) -> list[Finding]:
    """Values of a column that differ only in case or blanks."""
    faults = []
    remedy = "write them one way where they mean the same"
    for column, severity in SPELLED.items():
        first = _first_rows(sheet, column)
        for group in _groups(first, values.folded):
            slide_ids = [first[value] for value in group]
            value = f"{_beside(sheet, column, slide_ids)} differ only in case or blanks"
            faults.append(sheet.finding(slide_ids[1], column, value, remedy, severity))
    return faults


def splits(sheet: Sheet) -> list[Finding]:
    """Splits that look like another name, or a misspelling, of one that the sheet has too."""
    faults = []
    remedy = "write them one way where they mean the same"
    first = _first_rows(sheet, "split")
    by_name = {values.folded(name): name for name in reversed(first)}
    for name, slide_id in first.items():
        meant = by_name.get(_usual_split(values.folded(name)))
        if meant is not None and values.folded(meant) != values.folded(name):
            value = _beside(sheet, "split", [first[meant], slide_id])
            faults.append(sheet.finding(slide_id, "split", value, remedy, "warning"))
    return faults


def stains(sheet: Sheet) -> list[Finding]:
    """Stains that `modality` does not know, each once."""
    remedy = (
        "it is taken for a brightfield stain other than H&E: nothing of its stain is measured; "
        f"known are {modality.vocabulary()}"
    )
    return [
        sheet.finding(slide_id, "stain", repr(stain), remedy, "warning")
        for stain, slide_id in _first_rows(sheet, "stain").items()
        if modality.kind(stain) is None
    ]


def cases(sheet: Sheet, leakage: Leakage) -> list[Finding]:
    """Cases with slides in more than one split.

    Parameters
    ----------
    sheet : with a row per slide (stacks folded)
    """
    faults = []
    members: dict[str, list[str]] = {}
    for slide_id in sheet.rows:
        if case_id := sheet.value(slide_id, "case_id"):
            members.setdefault(case_id, []).append(slide_id)
    for case_id, slide_ids in members.items():
        different = _different(sheet, "split", slide_ids, values.folded)
        if different:
            value = f"case {case_id!r} is in {_beside(sheet, 'split', different)}"
            remedy = "leakage between splits: give all slides of a case one split"
            faults.append(_leak(sheet, different[1], "split", value, remedy, leakage))
    return faults


def files(sheet: Sheet, leakage: Leakage) -> list[Finding]:
    """Files under several ids whose rows contradict each other; existing files or not."""
    resolved = _resolver()
    paths = {slide_id: resolved(sheet.slide_path(slide_id)) for slide_id in sheet.rows}
    return list(_contradictions(sheet, paths, "the same file as", leakage))


def contents(sheet: Sheet, hashes: Mapping[str, str], leakage: Leakage) -> list[Finding]:
    """Slides of the same content in several files whose rows contradict each other.

    Parameters
    ----------
    sheet : with a row per slide (stacks folded)
    hashes : slide_id to `content_hash` of slides that were read; ids without a row are left out
    """
    resolved = _resolver()
    copies: dict[str, str] = {}
    for group in _groups(hashes, lambda slide_id: hashes[slide_id]):
        group = [slide_id for slide_id in group if slide_id in sheet.rows]
        if len({resolved(sheet.slide_path(slide_id)) for slide_id in group}) > 1:
            copies |= {slide_id: hashes[slide_id] for slide_id in group}
    return list(_contradictions(sheet, copies, "the same content as", leakage))


def _contradictions(
    sheet: Sheet, identity: Mapping[str, str], relation: str, leakage: Leakage
) -> Iterator[Finding]:
    """Slides of equal identity that differ in a value of `OF_ONE_SLIDE`."""
    for group in _groups(identity, lambda slide_id: identity[slide_id]):
        differences = []
        for column in OF_ONE_SLIDE:
            fold = values.folded if column == "split" else str
            if different := _different(sheet, column, group, fold):
                differences.append(f"{column} {_beside(sheet, column, different)}")
        if differences:
            other = f"{relation} {group[0]!r} on line {sheet.lines[group[0]]}"
            value = f"{sheet.value(group[1], 'path')!r} is {other}, with {', '.join(differences)}"
            remedy = "correct the path, or give both rows one split, label and case_id"
            yield _leak(sheet, group[1], "path", value, remedy, leakage)


def _leak(
    sheet: Sheet, slide_id: str, column: str, value: str, remedy: str, leakage: Leakage
) -> Finding:
    if leakage == "report":
        return sheet.finding(slide_id, column, value, remedy, "warning")
    return sheet.finding(slide_id, column, value, f"{remedy}, or go on with `leakage: report`")


def _usual_split(name: str) -> str:
    """train, val or test where a name is close to it; `test2` is a name of its own."""
    if name in _SPLITS:
        return _SPLITS[name]
    close = difflib.get_close_matches(name, ("train", "val", "test"), n=1, cutoff=0.75)
    return close[0] if close and name.isalpha() else name


def _first_rows(sheet: Sheet, column: str) -> dict[str, str]:
    """The values of a column, each with the first slide that has it; empty ones left out."""
    first: dict[str, str] = {}
    for slide_id in sheet.rows:
        if value := sheet.value(slide_id, column):
            first.setdefault(value, slide_id)
    return first


def _groups(items: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    """Items that share a key, in their order; single ones left out."""
    groups: dict[str, list[str]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return [group for group in groups.values() if len(group) > 1]


def _different(
    sheet: Sheet, column: str, slide_ids: Sequence[str], fold: Callable[[str], str]
) -> list[str]:
    """The first slide of each value of a column, where there are several; empty ones left out."""
    first: dict[str, str] = {}
    for slide_id in slide_ids:
        if value := sheet.value(slide_id, column):
            first.setdefault(fold(value), slide_id)
    return list(first.values()) if len(first) > 1 else []


def _beside(sheet: Sheet, column: str, slide_ids: Sequence[str]) -> str:
    """The values of some slides with their lines."""
    listed = [
        f"{sheet.value(slide_id, column)!r} (line {sheet.lines[slide_id]})"
        for slide_id in slide_ids[:_LISTED_MAX]
    ]
    more = len(slide_ids) - len(listed)
    return ", ".join([*listed, f"{more} more"] if more else listed)


def _resolver() -> Callable[[str], str]:
    """Resolves links in paths; each folder is looked at once."""
    folder_of = functools.cache(os.path.realpath)

    def resolved(path: str) -> str:
        folder, name = os.path.split(path)
        whole = os.path.join(folder_of(folder or "."), name)
        return os.path.realpath(whole) if os.path.islink(whole) else whole

    return resolved
