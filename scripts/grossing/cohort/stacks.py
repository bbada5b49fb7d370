"""Focal planes in the cohort sheet: rows that share `z_stack` become one slide."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grossing.cohort.sheet import Sheet
from grossing.support import findings
from grossing.support.findings import Finding

FUSED = "results/fused/{slide_id}.tif"  # the tiff of `fuse_focus`
SHARED_COLUMNS = ("case_id", "stain", "label", "split", "mpp", "mask")
# as in the schema of the sheet, for `z_plane` and `slide_id`
_PLANE = re.compile(r"-?[0-9]{1,9}")
_STACK_ID = re.compile(r"(?!.*?(.{1,10})\1{19}$)[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Stack:
    """Paths of the planes' files in the order of their height, and the planes' numbers.

    One path without a number is a TIFF that holds all planes.
    """

    paths: tuple[str, ...]
    planes: tuple[str, ...]


def fold(sheet: Sheet, enabled: bool) -> tuple[Sheet, dict[str, Stack]]:
    """The sheet with one row per stack, in the place of its first plane, and the stacks by id.

    Parameters
    ----------
    sheet : rows with `z_stack` are planes
    enabled : False gives the sheet as it is, and no stacks

    Returns
    -------
    The row of a stack has the stack's id, the path of its fused slide and the values of its first
    plane; `SHARED_COLUMNS` may be given in any of its rows.

    Raises
    ------
    UserError : with file, line, column, value and remedy of all `faults`.
    """
    members = _members(sheet) if enabled else {}
    if not members:
        return sheet, {}
    findings.refuse(_faults(sheet, members))
    stacks = {stack_id: _stack(sheet, ids) for stack_id, ids in members.items()}
    rows = {}
    for slide_id, row in sheet.rows.items():
        stack_id = sheet.value(slide_id, "z_stack")
        if not stack_id:
            rows[slide_id] = row
        elif stack_id not in rows:
            rows[stack_id] = _row(sheet, stack_id, members[stack_id])
    lines = {stack_id: sheet.lines[slide_ids[0]] for stack_id, slide_ids in members.items()}
    return replace(sheet, rows=rows, lines=sheet.lines | lines), stacks


def slides(sheet: Sheet, enabled: bool) -> Sheet:
    """The sheet of `fold` alone."""
    return fold(sheet, enabled)[0]


def faults(sheet: Sheet, enabled: bool) -> list[Finding]:
    """Why rows that share `z_stack` do not form a stack."""
    return list(_faults(sheet, _members(sheet))) if enabled else []


def _members(sheet: Sheet) -> dict[str, list[str]]:
    """The slide_ids of each stack's planes."""
    members: dict[str, list[str]] = {}
    for slide_id in sheet.rows:
        if stack_id := sheet.value(slide_id, "z_stack"):
            members.setdefault(stack_id, []).append(slide_id)
    return members


def _faults(sheet: Sheet, members: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    for stack_id, slide_ids in members.items():
        yield from _faults_of_id(sheet, stack_id, slide_ids)
        yield from _faults_of_planes(sheet, slide_ids)
        yield from _disagreements(sheet, slide_ids)


def _faults_of_id(sheet: Sheet, stack_id: str, slide_ids: Sequence[str]) -> Iterator[Finding]:
    if not _STACK_ID.fullmatch(stack_id):
        remedy = (
            "it names the fused slide: use letters, digits, dot, underscore and hyphen, not "
            "starting with a dot, at most 200 of them, not ending in 20 repeats of the same"
        )
        yield sheet.finding(slide_ids[0], "z_stack", repr(stack_id), remedy)
    if stack_id in sheet.rows and stack_id not in slide_ids:
        remedy = (
            f"line {sheet.lines[stack_id]} has a slide of that name: give the stack another name"
        )
        yield sheet.finding(slide_ids[0], "z_stack", repr(stack_id), remedy)


def _faults_of_planes(sheet: Sheet, slide_ids: Sequence[str]) -> Iterator[Finding]:
    if _holds_all(sheet, slide_ids):
        return
    numbers: dict[int, str] = {}
    for slide_id in slide_ids:
        number = sheet.value(slide_id, "z_plane")
        if not number:
            remedy = "give every plane of the stack its number"
            yield sheet.finding(slide_id, "z_plane", "''", remedy)
        elif not _PLANE.fullmatch(number):
            continue  # reported by the check of the row
        elif int(number) in numbers:
            other = sheet.lines[numbers[int(number)]]
            remedy = f"line {other} has the same plane of the stack: give each plane its own number"
            yield sheet.finding(slide_id, "z_plane", repr(number), remedy)
        else:
            numbers[int(number)] = slide_id
    if len(slide_ids) == 1:
        remedy = "a stack needs at least two planes: add the others, or leave z_stack empty"
        yield sheet.finding(slide_ids[0], "z_stack", "one plane", remedy)


def _disagreements(sheet: Sheet, slide_ids: Sequence[str]) -> Iterator[Finding]:
    for column in SHARED_COLUMNS:
        given = [slide_id for slide_id in slide_ids if sheet.value(slide_id, column)]
        for slide_id in given[1:]:
            first, value = sheet.value(given[0], column), sheet.value(slide_id, column)
            if value != first:
                place = f"line {sheet.lines[given[0]]} has {first!r}"
                remedy = f"planes of one stack must agree, and {place}"
                yield sheet.finding(slide_id, column, repr(value), remedy)


def _holds_all(sheet: Sheet, slide_ids: Sequence[str]) -> bool:
    """Whether the one file of a stack holds all of its planes."""
    return len(slide_ids) == 1 and not sheet.value(slide_ids[0], "z_plane")


def _stack(sheet: Sheet, slide_ids: Sequence[str]) -> Stack:
    """The planes of a stack in their order."""
    if _holds_all(sheet, slide_ids):
        return Stack((sheet.slide_path(slide_ids[0]),), ())
    numbers = {int(sheet.value(slide_id, "z_plane")): slide_id for slide_id in slide_ids}
    order = sorted(numbers)
    paths = tuple(sheet.slide_path(numbers[number]) for number in order)
    return Stack(paths, tuple(str(number) for number in order))


def _row(sheet: Sheet, stack_id: str, slide_ids: Sequence[str]) -> dict[str, str]:
    """The values of the first plane, completed from the others where all have to agree."""
    row = dict(sheet.rows[slide_ids[0]])
    for column in SHARED_COLUMNS:
        given = (sheet.value(slide_id, column) for slide_id in slide_ids)
        if column in row:
            row[column] = next(filter(None, given), "")
    path = FUSED.format(slide_id=stack_id)
    row |= {"slide_id": stack_id, "path": os.path.relpath(path, os.path.dirname(sheet.path) or ".")}
    return row | ({"z_plane": ""} if "z_plane" in row else {})
