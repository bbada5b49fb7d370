"""A slide whose JPEG tiles are decoded straight from the file where OpenSlide gives the same."""

import functools

import cv2
import numpy as np
import numpy.typing as npt

from grossing.slide import opening, raw_levels
from grossing.slide.facts import file_facts
from grossing.slide.jpeg_tiles import JpegTiles
from grossing.slide.record import FileFacts
from grossing.slide.region import Region
from grossing.support.errors import ReadError, Unsupported
from grossing.support.types import Pixels

PROOFS, PROOF_PX = 5, 128


class RawSlide(opening.Slide):
    """Reads as `opening.Slide`, several times faster where `raw_levels` can; same pixels and alpha.

    Each level is compared with OpenSlide at some places when it is first read: any difference, and
    every rectangle that the fast reader refuses, leaves it to OpenSlide.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._raw: dict[int, JpegTiles | None] = {}

    @functools.cached_property
    def _file(self) -> FileFacts:
        return file_facts(self)

    def close(self) -> None:
        for reader in self._raw.values():
            if reader is not None:
                reader.close()
        super().close()

    def forget(self) -> None:
        super().forget()
        for reader in self._raw.values():
            if reader is not None:
                reader.forget()

    def read_premultiplied(self, level: int, x: int, y: int, w: int, h: int) -> Pixels:
        region = self._region(level, x, y, w, h)
        if region is None:
            return super().read_premultiplied(level, x, y, w, h)
        return _premultiplied(region)

    def read_stored(self, level: int, x: int, y: int, w: int, h: int) -> Pixels:
        region = self._region(level, x, y, w, h)
        if region is None:
            return super().read_premultiplied(level, x, y, w, h)
        return region.rgb if region.absent is None else _premultiplied(region)

    def read(self, level: int, x: int, y: int, w: int, h: int, glass: npt.ArrayLike) -> Pixels:
        region = self._region(level, x, y, w, h)
        if region is None:
            return super().read(level, x, y, w, h, glass)
        if region.absent is not None:
            region.rgb[region.absent] = glass
        return region.rgb

    def _region(self, level: int, x: int, y: int, w: int, h: int) -> Region | None:
        """What the fast reader gives; None where it cannot read."""
        reader = self._reader(level)
        scale = round(self._file.levels[level].downsample)
        if reader is None or x % scale or y % scale:
            return None
        try:
            return reader.read(x // scale, y // scale, w, h)
        except ReadError:
            return None

    def _reader(self, level: int) -> JpegTiles | None:
        if level not in self._raw:
            self._raw[level] = self._proved(level)
        return self._raw[level]

    def _proved(self, level: int) -> JpegTiles | None:
        """The fast reader of a level, None where it cannot read it or reads other pixels."""
        try:
            reader = raw_levels.open_level(self.path, self._file, level, (0, 0, 0), 1)
        except Unsupported:
            return None
        if all(self._agrees(reader, level, *place) for place in self._places(reader, level)):
            return reader
        reader.close()
        return None

    def _places(self, reader: JpegTiles, level: int) -> list[tuple[int, int]]:
        """Over the corners of stored tiles, and the last pixels; px of the level."""
        extent = self._file.levels[level]
        last = [max(0, side - PROOF_PX) for side in (extent.width_px, extent.height_px)]
        corners = [[at - PROOF_PX // 2 for at in place] for place in reader.stored(PROOFS - 1)]
        return [(max(0, x), max(0, y)) for x, y in [*corners, last]]

    def _agrees(self, reader: JpegTiles, level: int, x: int, y: int) -> bool:
        """Where the fast reader refuses, nothing is said: such places go to OpenSlide."""
        scale = round(self._file.levels[level].downsample)
        try:
            ours = _premultiplied(reader.read(x, y, PROOF_PX, PROOF_PX))
        except ReadError:
            return True
        try:
            theirs = super().read_premultiplied(level, x * scale, y * scale, PROOF_PX, PROOF_PX)
        except ReadError:
            return False
        return np.array_equal(ours, theirs)


def _premultiplied(region: Region) -> Pixels:
    """BGRA, transparent outside the picture and where nothing is stored."""
    bgra = np.asarray(cv2.cvtColor(region.rgb, cv2.COLOR_RGB2BGRA), np.uint8)
    if region.absent is not None:
        bgra[region.absent] = 0
    return bgra
