"""Tiles as WebDataset shards, one series per split.

References
----------
.. [1] https://github.com/webdataset/webdataset
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import pyarrow as pa
from webdataset.writer import TarWriter

from grossing.export.selection import ExportSlide, NotStatable, Selection, each
from grossing.support import files
from grossing.support.errors import CohortError
from grossing.support.types import PathLike

SHARD_BYTES = 500_000_000
UNASSIGNED = "unassigned"  # name of the shards of slides without a split
MOST_OPEN_FILES = 64
ROWS_AT_ONCE = 4096
TAR_BYTES = 512  # header of a member, and the unit that it is filled up to
END_BYTES = 10_240  # of a tar: its end is filled up to a whole block
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
MAGIC = {".jpeg": (b"\xff\xd8\xff", "jpg"), ".png": (b"\x89PNG", "png")}
#: columns of `patch_cohort` that describe a container that a shard does not need
PLACES = ("tile_container", "tile_path", "tile_offset", "tile_bytes")
Row = dict[str, Any]


def export(
    selection: Selection,
    results: PathLike,
    folder: PathLike,
    *,
    shard_bytes: int = SHARD_BYTES,
) -> pa.Table:
    """Write `{split}-{000000}.tar`: shuffled tiles of that split, bytes as they are stored.

    The order depends on slide_id and place of a tile alone: another slide does not change the
    order of the others, and the same tiles give the same bytes.

    Parameters
    ----------
    selection : with all columns of `patch_cohort`
    results : folder that `tile_container` is relative to
    shard_bytes : most bytes of a shard, unless a single tile is larger

    Returns
    -------
    The table `exports`.

    Raises
    ------
    CohortError : a container is missing, or of another run than the table.
    """
    outcome = each(selection, _check)
    of_split: dict[str, list[str]] = {}
    for slide in selection.slides:
        if outcome[slide.slide_id] is None:
            of_split.setdefault(slide.split or UNASSIGNED, []).append(slide.slide_id)
    folds = {slide.slide_id: slide.fold for slide in selection.slides}
    first_key = 0
    with Containers(results) as containers:
        for split, slide_ids in of_split.items():
            order = shuffled(selection.tiles, slide_ids)
            rows = (
                row
                | {"split": None if split == UNASSIGNED else split, "fold": folds[row["slide_id"]]}
                for row in _rows(selection.tiles, order)
            )
            samples = _samples(rows, containers, first_key)
            _write_shards(Path(folder) / split, samples, shard_bytes)
            first_key += len(order)
    return selection.report("webdataset", outcome)


def shuffled(tiles: pa.Table, slide_ids: Sequence[str]) -> list[int]:
    """Numbers of the rows of some slides, ordered by a hash of slide_id, column and row."""
    wanted = set(slide_ids)
    columns = (tiles[name].to_pylist() for name in ("slide_id", "tile_col", "tile_row"))
    hashes = [
        (hashlib.blake2b(f"{slide_id}/{col}_{row}".encode(), digest_size=8).digest(), number)
        for number, (slide_id, col, row) in enumerate(zip(*columns, strict=True))
        if slide_id in wanted
    ]
    return [number for _, number in sorted(hashes)]


class Containers:
    """Encoded tiles from the zips or folders of a run; keeps the last 64 zips open."""

    def __init__(self, results: PathLike) -> None:
        self.results = Path(results)
        self._open: OrderedDict[str, BinaryIO] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open.values():
            file.close()

    def read(self, row: Row) -> tuple[str, bytes]:
        """Extension and bytes of a tile of `patch_cohort`.

        Raises
        ------
        CohortError : no such file, or not a tile in its place.
        """
        magic, extension = MAGIC[Path(row["tile_path"]).suffix]
        try:
            data = self._bytes(row)
        except FileNotFoundError:
            data = b""
        if not data.startswith(magic) or len(data) != (row["tile_bytes"] or len(data)):
            path = self.results / row["tile_container"]
            raise CohortError(
                f"slide {row['slide_id']}: {row['tile_path']} is not in its place in {path}: table "
                "and container come from different runs: delete the container and run again"
            )
        return extension, data

    def _bytes(self, row: Row) -> bytes:
        name = row["tile_container"]
        if row["tile_offset"] is None:
            return Path(self.results, name, row["tile_path"]).read_bytes()
        if name not in self._open:
            if len(self._open) >= MOST_OPEN_FILES:
                self._open.popitem(last=False)[1].close()
            self._open[name] = (self.results / name).open("rb", buffering=0)
        self._open.move_to_end(name)
        return os.pread(self._open[name].fileno(), row["tile_bytes"], row["tile_offset"])


def _check(slide: ExportSlide, tiles: pa.Table) -> None:
    """Raise NotStatable where the name of a slide's split cannot be that of a file."""
    if slide.split and not FILE_NAME.fullmatch(slide.split):
        raise NotStatable(
            f"split {slide.split!r} cannot be the name of a file: use letters, digits, _ and - "
            "in the column split of the sheet"
        )


def _rows(tiles: pa.Table, order: Sequence[int]) -> Iterator[Row]:
    """Rows of the table in an order, few of them in memory at a time."""
    for start in range(0, len(order), ROWS_AT_ONCE):
        part = np.array(order[start : start + ROWS_AT_ONCE], np.int64)
        yield from tiles.take(pa.array(part)).to_pylist()


def _samples(
    rows: Iterator[Row], containers: Containers, first_key: int
) -> Iterator[dict[str, str | bytes]]:
    """What WebDataset writes of each tile: key, picture and JSON."""
    for key, row in enumerate(rows, first_key):
        extension, data = containers.read(row)
        facts = {name: value for name, value in row.items() if name not in PLACES}
        text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
        yield {"__key__": f"{key:08d}", extension: data, "json": text.encode()}


def _write_shards(
    prefix: Path, samples: Iterator[dict[str, str | bytes]], shard_bytes: int
) -> None:
    """Write samples to `{prefix}-{000000}.tar` and on, each shard whole or not at all."""
    waiting, numbers = next(samples, None), itertools.count()
    while waiting is not None:
        path = prefix.with_name(f"{prefix.name}-{next(numbers):06d}.tar")
        with files.replacing(path) as temporary, _tar(temporary) as tar:
            total = END_BYTES
            while waiting is not None:
                size = _tar_bytes(waiting)
                if total > END_BYTES and total + size > shard_bytes:
                    break
                tar.write(waiting)
                total, waiting = total + size, next(samples, None)


@contextlib.contextmanager
def _tar(path: Path) -> Iterator[TarWriter]:
    """A tar whose bytes depend on its members alone."""
    with path.open("wb") as file, TarWriter(file, encoder=False, mtime=0) as tar:
        yield tar


def _tar_bytes(sample: dict[str, str | bytes]) -> int:
    members = [value for name, value in sample.items() if name != "__key__"]
    return sum(TAR_BYTES * (1 + -(-len(member) // TAR_BYTES)) for member in members)
