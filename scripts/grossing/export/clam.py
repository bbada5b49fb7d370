"""Coordinates, data set and splits for CLAM.

CLAM reads `patch_size` px of `patch_level` at each coordinate. With level 0 and the side of the
tiles in level-0 px, every slide is stated exactly; the encoder's transform brings it to its size.

References
----------
.. [1] https://github.com/mahmoodlab/CLAM, `dataset_modules/`
"""

import csv
import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from grossing.export import hdf5
from grossing.export.selection import (
    ExportSlide,
    NotStatable,
    Selection,
    Tiling,
    coordinates,
    each,
    side_level0_px,
)
from grossing.support import files
from grossing.support.types import PathLike

SPLITS = ("train", "val", "test")
Columns = Mapping[str, Sequence[str]]


def export(selection: Selection, folder: PathLike, tiling: Tiling) -> pa.Table:
    """Write `patches/{slide_id}.h5`, `dataset.csv` and `splits/splits_{i}.csv`.

    Returns
    -------
    The table `exports`.
    """
    to = Path(folder)
    numbers = all(_number(slide.slide_id) is not None for slide in selection.slides)

    def write(slide: ExportSlide, tiles: pa.Table) -> None:
        if numbers and str(_number(slide.slide_id)) != slide.slide_id:
            raise NotStatable(
                "all slide_ids are numbers, and CLAM would read this one as "
                f"{_number(slide.slide_id)}: give slide_ids a letter"
            )
        side = side_level0_px(slide, tiles, tiling)
        path = to / f"patches/{slide.slide_id}.h5"
        hdf5.write(path, coordinates(tiles), _attributes(slide, side))

    outcome = each(selection, write)
    written = [slide for slide in selection.slides if outcome[slide.slide_id] is None]
    labelled = [slide for slide in written if slide.label]
    rows = [(slide.case_id or slide.slide_id, slide.slide_id, slide.label) for slide in labelled]
    _write_csv(to / "dataset.csv", ("case_id", "slide_id", "label"), rows)
    for number, columns in enumerate(rounds(labelled)):
        lines = itertools.zip_longest(*(columns[name] for name in SPLITS))
        numbered = ((index, *line) for index, line in enumerate(lines))
        _write_csv(to / f"splits/splits_{number}.csv", ("", *SPLITS), numbered)
    folds = any(slide.fold for slide in labelled)
    left_out = {slide.slide_id: why for slide in written if (why := _left_out(slide, folds))}
    return selection.report("clam", outcome, left_out)


def rounds(slides: Sequence[ExportSlide]) -> list[Columns]:
    """The splits: one round, or with folds one per fold, which is then `val` of its round."""
    folds = sorted({slide.fold for slide in slides if slide.fold})
    if not folds:
        return [{name: [s.slide_id for s in slides if s.split == name] for name in SPLITS}]
    train = [slide for slide in slides if slide.split == "train" and slide.fold]
    test = [slide.slide_id for slide in slides if slide.split == "test"]
    return [
        {
            "train": [slide.slide_id for slide in train if slide.fold != fold],
            "val": [slide.slide_id for slide in train if slide.fold == fold],
            "test": test,
        }
        for fold in folds
    ]


def _left_out(slide: ExportSlide, folds: bool) -> str:
    """What CLAM's tables lack of a slide whose coordinates are written; empty for nothing."""
    if not slide.label:
        return "no label: not in dataset.csv and splits: fill the column label of the sheet"
    if not slide.split:
        return "no split: not in splits: give it one in the sheet, or use splits.enabled"
    if slide.split not in SPLITS:
        return f"split {slide.split!r}: CLAM knows train, val and test: not in splits"
    if folds and slide.split == "val":
        return "split val: with folds, each fold is val once: not in splits"
    if folds and slide.split == "train" and not slide.fold:
        return "no fold: not in splits"
    return ""


def _attributes(slide: ExportSlide, side: int) -> dict[str, hdf5.Value]:
    size = (slide.width_px, slide.height_px)
    return {
        "patch_size": side,
        "patch_level": 0,
        "downsample": (1.0, 1.0),
        "downsampled_level_dim": size,
        "level_dim": size,
        "name": slide.slide_id,
        "save_path": "patches",
    }


def _number(slide_id: str) -> int | float | None:
    """What pandas makes of a column of such ids; None where it stays text."""
    try:
        return int(slide_id) if slide_id.isdecimal() else float(slide_id)
    except ValueError:
        return None


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    files.write(path, text.getvalue().encode())
