"""Focal planes in the cohort sheet: rows that share `z_stack` become one slide."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from grossing.cohort.sheet import Sheet, complaint

FUSED = "results/fused/{slide_id}.tif"  # the tiff of `fuse_focus`
SHARED_COLUMNS = ("case_id", "stain", "label", "split", "mpp")
_STACK_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


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
    The row of a stack has the stack's id, the path of its fused slide and the cells of its first
    plane; `case_id`, `stain`, `label`, `split` and `mpp` may be given in any of its rows.

    Raises
    ------
    UserError : with file, line, column, value and remedy.
    """
    members: dict[str, list[str]] = {}
    for slide_id in sheet.rows if enabled else ():
        if stack_id := sheet.cell(slide_id, "z_stack"):
            members.setdefault(stack_id, []).append(slide_id)
    if not members:
        return sheet, {}
    for stack_id, slide_ids in members.items():
        _check_id(sheet, stack_id, slide_ids)
    stacks = {stack_id: _stack(sheet, ids) for stack_id, ids in members.items()}
    rows = {}
    for slide_id, row in sheet.rows.items():
        stack_id = sheet.cell(slide_id, "z_stack")
        if not stack_id:
            rows[slide_id] = row
        elif stack_id not in rows:
            rows[stack_id] = _row(sheet, stack_id, members[stack_id])
    return replace(sheet, rows=rows), stacks


def slides(sheet: Sheet, enabled: bool) -> Sheet:
    """The sheet of `fold` alone."""
    return fold(sheet, enabled)[0]


def _check_id(sheet: Sheet, stack_id: str, slide_ids: Sequence[str]) -> None:
    if not _STACK_ID.fullmatch(stack_id):
        remedy = "it names the fused slide: use letters, digits, dot, underscore and hyphen"
        raise complaint(sheet, slide_ids[0], "z_stack", repr(stack_id), remedy)
    if stack_id in sheet.rows and stack_id not in slide_ids:
        remedy = f"line {sheet.lines[stack_id]} has a slide of that name: give the stack another"
        raise complaint(sheet, slide_ids[0], "z_stack", repr(stack_id), remedy)


def _stack(sheet: Sheet, slide_ids: Sequence[str]) -> Stack:
    """The planes of a stack in their order."""
    if len(slide_ids) == 1 and not sheet.cell(slide_ids[0], "z_plane"):
        return Stack((sheet.slide_path(slide_ids[0]),), ())
    numbers: dict[int, str] = {}
    for slide_id in slide_ids:
        cell = sheet.cell(slide_id, "z_plane")
        if not cell:
            remedy = "give every plane of the stack its number"
            raise complaint(sheet, slide_id, "z_plane", "''", remedy)
        if int(cell) in numbers:
            other = sheet.lines[numbers[int(cell)]]
            remedy = f"line {other} is that plane of the stack: give each another number"
            raise complaint(sheet, slide_id, "z_plane", repr(cell), remedy)
        numbers[int(cell)] = slide_id
    if len(numbers) == 1:
        remedy = "a stack needs two planes: add the others, or leave z_stack empty"
        raise complaint(sheet, slide_ids[0], "z_stack", "one plane", remedy)
    order = sorted(numbers)
    paths = tuple(sheet.slide_path(numbers[number]) for number in order)
    return Stack(paths, tuple(str(number) for number in order))


def _row(sheet: Sheet, stack_id: str, slide_ids: Sequence[str]) -> dict[str, str]:
    """The cells of the first plane, completed from the others where all have to agree."""
    row = dict(sheet.rows[slide_ids[0]])
    for column in SHARED_COLUMNS:
        given = [slide_id for slide_id in slide_ids if sheet.cell(slide_id, column)]
        for slide_id in given:
            first, cell = sheet.cell(given[0], column), sheet.cell(slide_id, column)
            if cell != first:
                place = f"line {sheet.lines[given[0]]} has {first!r}"
                remedy = f"planes of one stack must agree, and {place}"
                raise complaint(sheet, slide_id, column, repr(cell), remedy)
            row[column] = first
    path = FUSED.format(slide_id=stack_id)
    row |= {"slide_id": stack_id, "path": os.path.relpath(path, os.path.dirname(sheet.path) or ".")}
    return row | ({"z_plane": ""} if "z_plane" in row else {})
