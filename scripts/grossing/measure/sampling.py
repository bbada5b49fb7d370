"""Places of level 0 that are read to see whether it decodes, is in focus, and how it is stained."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.measure import focus, round_detail
from grossing.slide import grid, opening
from grossing.slide.facts import level_for
from grossing.slide.record import FileFacts, FocusMeasures, FocusPlaces, Probes
from grossing.support import channels, intervals
from grossing.support.errors import ReadError
from grossing.support.types import Mask, Pixels

PROBES, PROBE_PX = 16, 64
BACKGROUND_PLACES, WHOLLY = 8, 0.999
SHARE_ERROR = 0.05
POOL_UM = 1.0
TOGETHER_PX = 1 << 20  # of the places whose focus is measured together, at focus resolution
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """Tissue places read at focus resolution.

    `pixels` (N, 3) uint8 RGB of tissue are pooled over the first `sample_tiles` places, about one
    per um; `means` (N, 3) are of the square from each to the next, at least 2 x 2 pixels.
    """

    focus: FocusMeasures
    pixels: Pixels
    means: Pixels


@dataclass(frozen=True)
class Probed:
    """How many probes failed, and the reader's message of the last that did."""

    probes: Probes
    message: str


def tissue_places(
    file: FileFacts, mask: Pixels, downsample: float, count: int
) -> list[tuple[int, int]]:
    """At most `count` places in the tissue, or in the scan where there is none, level-0 px.

    Parameters
    ----------
    mask : (H, W) uint8 labels from the origin of the bounds
    downsample : level-0 px per mask pixel
    """
    there = mask == labels.TISSUE
    if not there.any():
        there = mask != labels.NOT_SCANNED
    places = []
    for row, column in _spread(there, count):
        x = file.bounds.x + int((column + 0.5) * downsample)
        y = file.bounds.y + int((row + 0.5) * downsample)
        places.append((min(x, file.width_px - 1), min(y, file.height_px - 1)))
    return places


def probe(slide: opening.Slide, file: FileFacts, mask: Pixels, downsample: float) -> Probed:
    """Read small places of level 0 over the tissue, or over the scan where there is none.

    Parameters
    ----------
    mask : (H, W) uint8 labels from the origin of the bounds
    downsample : level-0 px per mask pixel
    """
    failed, message = 0, ""
    places = tissue_places(file, mask, downsample, PROBES)
    for x, y in places:
        w, h = min(PROBE_PX, file.width_px - x), min(PROBE_PX, file.height_px - y)
        try:
            slide.read_premultiplied(0, x, y, w, h)
        except ReadError as error:
            LOG.warning("level 0 at %d,%d does not decode: %s", x, y, error)
            failed, message = failed + 1, str(error)
    return Probed(Probes(len(places), failed), message)


def read(
    slide: opening.Slide,
    file: FileFacts,
    mask: Pixels,
    downsample: float,
    slide_mpp: float,
    glass: Pixels,
    *,
    sample_tiles: int,
    sample_tiles_max: int,
    tile_um: float,
    dark_field: bool = False,
) -> Sample:
    """Read tissue places spread over the slide and measure their focus.

    Parameters
    ----------
    mask, downsample : as in `probe`
    slide_mpp : um per level-0 pixel
    glass : (3,) uint8 colour of the empty slide
    sample_tiles : places that are read, if there are as many
    sample_tiles_max : places that are read where a part of the first is blurred, until their share
        is known to 5 % (95 % interval)
    tile_um : side of a place, um
    dark_field : measure the focus of the brightest channel, and how much of its detail is round
    """
    side = tile_um / slide_mpp
    tissue = mask == labels.TISSUE
    covered = grid.shares_of_squares(tissue, file.bounds, side, downsample)
    level = level_for(file.downsamples, focus.WORKING_MPP / slide_mpp)
    mpp = slide_mpp * file.downsamples[level]
    read_px, step = max(1, round(tile_um / mpp)), max(1, round(POOL_UM / mpp))
    squares = np.argwhere(covered >= 0.5)
    places, none = _Places(len(squares)), np.zeros((0, 3), np.uint8)

    def corner(row: int, column: int) -> tuple[int, int]:
        return file.bounds.x + round(column * side), file.bounds.y + round(row * side)

    def grey_of(rgb: Pixels) -> Pixels:
        return focus.working_grey(channels.as_grey(rgb) if dark_field else rgb, mpp)

    if dark_field:
        empty = grid.shares_of_squares(mask == labels.GLASS, file.bounds, side, downsample)
        places.background_noise = _background_noise(
            lambda *at: grey_of(slide.read(level, *corner(*at), read_px, read_px, glass)),
            empty >= WHOLLY,
        )
    pools, smooth = [none], [none]
    together = max(1, int(TOGETHER_PX / (tile_um / focus.WORKING_MPP) ** 2))
    for several in _until_known(places, squares, sample_tiles, sample_tiles_max, together):
        corners, greys, insides = [], [], []
        for row, column in several:
            x, y = corner(row, column)
            try:
                rgb = slide.read(level, x, y, read_px, read_px, glass)
            except ReadError as error:
                LOG.warning("tissue at %d,%d does not decode: %s", x, y, error)
                places.failed += 1
                continue
            corners.append((x, y))
            greys.append(grey_of(rgb))
            spots = (np.arange(0, read_px, step) + 0.5) * file.downsamples[level]
            down, across = spots + y - file.bounds.y, spots + x - file.bounds.x
            inside = _at(tissue, down / downsample, across / downsample)
            insides.append(inside)
            if len(pools) <= sample_tiles:
                pools.append(channels.picked(rgb, inside, step))
                smooth.append(channels.picked(_means(rgb, max(2, step)), inside, step))
        noise = places.background_noise or 0.0
        found = focus.of_greys(greys, insides, dark_field=dark_field, background_noise=noise)
        places.add(corners, found)
        if dark_field:
            at = max(mpp, focus.WORKING_MPP)
            places.add_roundness(round_detail.share(grey, at) for grey in greys)
    return Sample(places.measures(), np.concatenate(pools), np.concatenate(smooth))


def _background_noise(read: Callable[[int, int], Pixels], empty: Mask) -> float | None:
    """`focus.noise` of a few of the empty squares, (rows, columns); None where none can be read."""
    greys = []
    for row, column in _spread(empty, BACKGROUND_PLACES):
        with contextlib.suppress(ReadError):
            greys.append(read(row, column))
    noise = focus.noise(greys)
    return None if noise is None else round(noise, 4)


def _means(rgb: Pixels, side: int) -> Pixels:
    """Of each pixel, the mean of the square that starts there.

    JPEG as scanners write it keeps colour at half the resolution: the colour of a single pixel is
    its neighbours' with its own brightness, and that is wrong in another way under each cast.
    """
    return np.asarray(cv2.blur(rgb, (side, side), anchor=(0, 0)), np.uint8)


class _Places:
    """Sampled places and their focus; None where it cannot be measured."""

    def __init__(self, there: int) -> None:
        self.failed = 0
        self.background_noise: float | None = None
        self._there = there
        self._x: list[int] = []
        self._y: list[int] = []
        self._roundness: list[float | None] = []
        self._measured: dict[str, list[float | None]] = {name: [] for name in focus.NAMES}

    def add(
        self, corners: Sequence[tuple[int, int]], measured: Sequence[Mapping[str, float | None]]
    ) -> None:
        for (x, y), values in zip(corners, measured, strict=True):
            self._x.append(x)
            self._y.append(y)
            for name, value in values.items():
                self._measured[name].append(None if value is None else round(value, 4))

    def add_roundness(self, shares: Iterable[float | None]) -> None:
        self._roundness += shares

    def well_known(self) -> bool:
        """Whether the share of blurred places is known to 5 %; by the shipped limit."""
        known = [value for value in self._measured["focus"] if value is not None]
        if not known:
            return True
        blurred = sum(value < 1 for value in known)
        low, high = intervals.wilson(blurred, len(known), self._there)
        return high - low <= 2 * SHARE_ERROR

    def measures(self) -> FocusMeasures:
        columns = {name: tuple(values) for name, values in self._measured.items()}
        return FocusMeasures(
            focus_tiles=FocusPlaces(tuple(self._x), tuple(self._y), **columns),
            focus_tiles_there=self._there,
            focus_tiles_failed=self.failed,
            focus_median=_median(columns["focus"]),
            sharpness_score=_median(columns["laplacian_var"]),
            round_detail_fraction=_median(self._roundness),
            background_noise=self.background_noise,
        )


def _median(values: Sequence[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return round(float(np.median(measured)), 4) if measured else None


def _at(mask: Mask, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]) -> Mask:
    """(rows, columns) bool of a mask; coordinates in its px."""
    row = rows.astype(np.intp).clip(0, mask.shape[0] - 1)
    column = columns.astype(np.intp).clip(0, mask.shape[1] - 1)
    return np.asarray(mask.take(row, axis=0).take(column, axis=1))


def _spread(there: Mask, count: int) -> Iterator[tuple[int, int]]:
    """Rows and columns of at most `count` of the places, evenly over their order, row by row."""
    ends = np.cumsum(np.count_nonzero(there, axis=1))
    for pick in _picks(ends[-1], count) if ends[-1] else ():
        row = int(np.searchsorted(ends, pick, "right"))
        columns = np.flatnonzero(there[row])
        yield row, int(columns[pick - ends[row]])


def _picks(places: int, count: int) -> npt.NDArray[np.intp]:
    return np.unique(np.linspace(0, places - 1, count).astype(np.intp))


def _until_known(
    places: _Places, squares: npt.NDArray[np.intp], count: int, most: int, together: int
) -> Iterator[list[list[int]]]:
    """`count` of the squares, then as many again, at most `most`; each time spread evenly.

    A few of them `together`. Even steps row by row fall into the same columns of each row, or along
    a diagonal: the steps go along a curve that keeps neighbours together in both directions.
    """
    left, taken = squares, 0
    while len(left) and taken < most and (not taken or not places.well_known()):
        steps = _picks(len(left), min(count, max(count, most) - taken))
        picks = np.sort(_z_order(left)[steps])
        chosen = left[picks].tolist()
        yield from (chosen[at : at + together] for at in range(0, len(chosen), together))
        left, taken = np.delete(left, picks, 0), taken + len(picks)


def _z_order(squares: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """(N,) order of (N, 2) rows and columns along Morton's curve: their bits in turn.

    References
    ----------
    .. [1] Morton 1966, A computer oriented geodetic data base. IBM, Ottawa.
    """
    key = np.zeros(len(squares), np.int64)
    for bit in range(int(squares.max()).bit_length()):
        row, column = (squares >> bit & 1).T
        key |= (2 * row + column) << 2 * bit
    return np.argsort(key)
