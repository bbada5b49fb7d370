"""Blocks of a stack read from its planes; places that do not decode are noted and replaced."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Mask, Pixels
from grossing.zstack import blending, plane_choice
from grossing.zstack.blending import PlaneIndex, ReadPart
from grossing.zstack.block_grid import BlockGrid
from grossing.zstack.matched_plane import MatchedPlane

LOG = logging.getLogger(__name__)


class BlockReader:
    """Reads the blocks of a stack.

    Parameters
    ----------
    planes : in the order of their height
    grid : the blocks
    blank : grey level of places that no plane shows

    Attributes
    ----------
    substituted : (rows, columns) bool, blocks in which a plane that was to be compared or taken
        did not decode
    lost : (rows, columns) bool, blocks in which a place decoded in no plane
    """

    def __init__(self, planes: Sequence[MatchedPlane], grid: BlockGrid, blank: int) -> None:
        self._planes, self._grid, self._blank = planes, grid, blank
        self.substituted: Mask = np.zeros(grid.shape, np.bool_)
        self.lost: Mask = np.zeros(grid.shape, np.bool_)

    def sharpness(self, row: int, column: int, method: str) -> npt.NDArray[np.float64]:
        """(planes,) sharpness of a block in every plane; 0 where a plane does not decode."""
        values = np.zeros(len(self._planes))
        for number, plane in enumerate(self._planes):
            try:
                picture = plane.read(*self._grid.extent(row, column))
            except ReadError as error:
                LOG.warning("plane %s, block %d,%d is lost: %s", plane.name, row, column, error)
                self.substituted[row, column] = True
            else:
                values[number] = plane_choice.sharpness(picture, method)
        return values

    def bands(self, plane: PlaneIndex) -> Iterator[Pixels]:
        """Rows of blocks, top to bottom, (height, width, 3) uint8, each block from its plane."""
        rows, columns = self._grid.shape
        near = np.pad(plane, 1, mode="edge")
        for row in range(rows):
            height = self._grid.extent(row, 0)[3]
            band = np.empty((height, self._grid.width, 3), np.uint8)
            for column in range(columns):
                x, _, width, _ = self._grid.extent(row, column)
                around = near[row : row + 3, column : column + 3]
                part = blending.blended(around, self._read_inside(row, column), height, width)
                band[:, x : x + width] = part
            yield band

    def _read_inside(self, row: int, column: int) -> ReadPart:
        """Reads parts of one block."""
        left, top, _, _ = self._grid.extent(row, column)

        def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels:
            taken, part = self._nearest(plane, left + x, top + y, w, h)
            self.substituted[row, column] |= taken != plane
            self.lost[row, column] |= part is None
            return np.full((h, w, 3), self._blank, np.uint8) if part is None else part

        return read

    def _nearest(self, plane: int, x: int, y: int, w: int, h: int) -> tuple[int, Pixels | None]:
        """The plane, or the nearest that decodes there, and its pixels; None where none does."""
        for number in sorted(range(len(self._planes)), key=lambda other: abs(other - plane)):
            try:
                return number, self._planes[number].read(x, y, w, h)
            except ReadError as error:
                name = self._planes[number].name
                LOG.warning("plane %s at %d,%d is lost: %s", name, x, y, error)
        return plane, None

    def check_lost(self, tissue: Mask) -> None:
        """Refuse a stack of which half of the picture, or of the tissue, decodes in no plane.

        Raises
        ------
        SlideError : more than half of the blocks, or of those with tissue, are lost.
        """
        for lost, of in ((self.lost, "blocks"), (self.lost[tissue], "blocks with tissue")):
            if 2 * lost.sum() > lost.size:
                message = f"{lost.sum()} of {lost.size} {of} do not decode in any plane"
                raise SlideError("unreadable", message, "copy or scan the planes again")
