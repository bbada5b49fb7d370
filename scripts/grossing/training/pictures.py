"""Stored tiles as arrays: read from zips and folders by each process for itself, and decoded."""

import math
import os
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

MOST_OPEN_FILES = 128
LOCAL_HEADER_BYTES = 30  # before the name of a member of a zip
JPEG = b"\xff\xd8\xff"
MADE_BY = {"normalized": "stain", "stains/hematoxylin": "stains", "stains/eosin": "stains"}
PRODUCTS = ("tiles", *MADE_BY)

Pixels = npt.NDArray[np.uint8]
Row = Mapping[str, Any]


class Pictures:
    """The pictures of one product of a run.

    Parameters
    ----------
    results : the results folder of the run
    product : folder of `results` that the pixels come from

    Notes
    -----
    Each process opens the containers itself: neither pickling nor forking hands over an open file.
    At most 128 are open at a time.
    """

    def __init__(self, results: Path, product: str) -> None:
        if product not in PRODUCTS:
            raise ValueError(f"product {product!r} is unknown; use one of {', '.join(PRODUCTS)}")
        self.results, self.product = results, product
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._files: OrderedDict[Path, FileIO] = OrderedDict()
        self._members: dict[Path, Members | None] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"results": self.results, "product": self.product}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._forget()

    def read(self, row: Row) -> Pixels:
        """(H, W, 3) uint8 RGB of the tile of a row of `patch_cohort`.

        Raises
        ------
        FileNotFoundError : there is no such container.
        ValueError : the container is not of the run of the table, or broken.
        """
        if self._process != os.getpid():  # forked
            self._forget()
        container = self.results / self.product / Path(row["tile_container"]).name
        try:
            data = self._bytes(container, row)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{row['slide_id']}: {error.filename} does not exist: give the folder that holds "
                f"{self.product!r} as results, or run the workflow again"
            ) from error
        pixels = decode(data)
        if pixels is None:
            raise ValueError(
                f"{row['slide_id']}: {row['tile_path']} is not in its place in {container}: table "
                f"and container come from different runs: delete {container} and run again"
            )
        return pixels

    def _bytes(self, container: Path, row: Row) -> bytes:
        """A member of a container; nothing where another lies in its place."""
        place = row.get("tile_offset"), row.get("tile_bytes")
        if self.product != "tiles":
            place = self._place(container, row)
        if place[0] is None or place[1] is None:
            return Path(container, row["tile_path"]).read_bytes()
        name = row["tile_path"].encode()  # which a zip has right before the data
        start = int(place[0]) - len(name)
        data = os.pread(self._open(container).fileno(), len(name) + int(place[1]), start)
        return data[len(name) :] if data.startswith(name) else b""

    def _open(self, container: Path) -> FileIO:
        if container not in self._files:
            if len(self._files) >= MOST_OPEN_FILES:
                self._files.popitem(last=False)[1].close()
            self._files[container] = FileIO(container)
        self._files.move_to_end(container)
        return self._files[container]

    def _place(self, container: Path, row: Row) -> tuple[int | None, int | None]:
        """Offset and length of a member that the table does not describe; None in a folder.

        Raises
        ------
        ValueError : the container or the member is missing or from another run than the tiles.
        """
        slide_id, member = row["slide_id"], row["tile_path"]
        section = MADE_BY[self.product]
        remedy = f"delete {container} and run again with {section}.enabled: true"
        if container not in self._members:
            made = _dzi(container, slide_id)
            expected = _dzi(self.results / row["tile_container"], slide_id)
            if made is None or expected not in (None, made):
                raise ValueError(
                    f"{slide_id}: product {self.product!r} is missing, broken or of another run "
                    f"than the tiles: {remedy}"
                )
            self._members[container] = None if container.is_dir() else Members(container)
        members = self._members[container]
        if members is None and (container / member).exists():
            return None, None
        place = members.place(member) if members else None
        if place is None:
            if section == "stains" and math.isnan(row.get("hematoxylin_od", math.nan)):
                remedy = "the slide is of another stain than H&E: leave its rows out of the table"
            raise ValueError(f"{slide_id}: product {self.product!r} has no {member}: {remedy}")
        return place


class Members:
    """Where the stored members of a zip lie, in 24 bytes each: a run has millions."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as container:
            infos = container.infolist()
        names = [info.filename for info in infos]
        keys = np.array([hash(name) for name in names], np.int64)
        starts = [
            info.header_offset + LOCAL_HEADER_BYTES + len(name.encode())
            for info, name in zip(infos, names, strict=True)
        ]
        order = np.argsort(keys)
        self._keys = keys[order]
        self._starts = np.array(starts, np.int64)[order]
        self._bytes = np.array([info.file_size for info in infos], np.int64)[order]

    def place(self, name: str) -> tuple[int, int] | None:
        """Offset and length of a member; None where there is no such name."""
        at = int(np.searchsorted(self._keys, hash(name)))
        if at == len(self._keys) or self._keys[at] != hash(name):
            return None
        return int(self._starts[at]), int(self._bytes[at])


def _dzi(container: Path, slide_id: str) -> bytes | None:
    """The `.dzi` of a container, which describes its grid; None where there is none."""
    name = f"{slide_id}.dzi"
    try:
        if container.is_dir():
            return (container / name).read_bytes()
        with zipfile.ZipFile(container) as members:
            return members.read(name)
    except (FileNotFoundError, KeyError, zipfile.BadZipFile):
        return None


def decode(data: bytes) -> Pixels | None:
    """(H, W, 3) uint8 RGB of an encoded tile; None where the bytes do not decode.

    JPEG by simplejpeg: OpenCV's pixels for less CPU time.
    """
    if data.startswith(JPEG):
        try:
            return np.asarray(simplejpeg.decode_jpeg(data), np.uint8)
        except ValueError:
            return None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    return None if picture is None else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
