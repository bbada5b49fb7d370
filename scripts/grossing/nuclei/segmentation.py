"""Nuclei of one picture, brightfield H&E or fluorescence, separated from each other."""

import cv2
import numpy as np
import numpy.typing as npt
from skimage.segmentation import watershed

from grossing.nuclei import nuclear_colour
from grossing.nuclei.signal_levels import (
    BINS,
    BRIGHTFIELD,
    FLUORESCENCE,
    RANGE,
    Levels,
    SignalSample,
    find_levels,
)
from grossing.stain import optical_density
from grossing.support import channels
from grossing.support.types import Mask, Pixels

COARSEST_MPP = 1.05  # a nucleus is 6 px wide there
LEAST_STAINED = 3e-3  # share of the picture
DENSE_OD = 0.15
MOST_FOREIGN = 2 / 3  # of what is dense; H&E has less than a quarter, ink 0.8 and more
NUCLEUS_RADIUS_UM = 3.5
LOG_OF_DISC = 0.6  # response of the Laplacian of Gaussian to a disc of contrast 1 of that radius
MARGIN_UM = 10.0  # a nucleus reaches this far out of the mask
SURROUNDINGS_UM = 12.0
SURROUNDINGS_SHARE = 0.8
MERGE_ABOVE = 0.95

Values = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Densities = tuple[Values, Values, Values]


def segment_nuclei(
    rgb: Pixels,
    mpp: float,
    mask: Mask | None = None,
    modality: str = BRIGHTFIELD,
    *,
    levels: Levels | None = None,
    glass: npt.ArrayLike = (255, 255, 255),
    blur_um: float = 0.3,
    opening_um: float = 0.75,
    fill_um2: float = 12.0,
    log_um: float = 1.8,
    separation_um: float = 2.0,
    area_um2_min: float = 10.0,
    area_um2_max: float = 300.0,
) -> Labels:
    """Nuclei of a picture of H&E, or of bright nuclei on a dark field.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel
    mask : (H, W) bool, where to look (tissue without pen); everywhere if None. A nucleus at least
        half inside counts, whole
    modality : "brightfield" or "fluorescence"
    levels : thresholds and colour pooled over a slide; those of this picture if None
    glass : (3,) colour of the empty slide (brightfield)
    blur_um : sigma of the smoothing before the threshold, um
    opening_um : radius of the opening, um
    fill_um2 : smaller holes are filled, um2
    log_um : sigma of the Laplacian of Gaussian that finds centres, um
    separation_um : least distance between two centres, um
    area_um2_min : smaller nuclei are dropped, um2
    area_um2_max : what is larger after the separation is dropped, um2 (brightfield only: cultured
        cells spread)

    Returns
    -------
    (H, W) int32: 0, or the number of a nucleus (1, 2, ... without gaps). All 0 where nothing
    has the contrast of nuclei.

    Raises
    ------
    ValueError : not (H, W, 3) uint8, resolution <= 0, another shape of `mask`, unknown modality.

    Notes
    -----
    With any mask, glass, grey dirt and green ink are left out (`stained`), and a picture that is
    mostly ink (`is_foreign`) has no nuclei unless `levels` are given. What differs in colour from
    most nuclei is none (`nuclear_colour`), nor what lies in denser tissue: ink and pigment. Under
    faint purple or pink ink nuclei count: only a mask keeps it out. Nuclei cut by the picture's
    edge count.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    .. [2] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    .. [3] Al-Kofahi et al. 2010, doi:10.1109/TBME.2009.2035102
    .. [4] Meyer 1994, doi:10.1016/0165-1684(94)90060-4
    """
    _check(rgb, mpp, mask, modality)
    inside = np.ones(rgb.shape[:2], np.bool_) if mask is None else mask.astype(np.bool_)
    densities = _smooth_densities(rgb, mpp, glass) if modality == BRIGHTFIELD else None
    possible = _possible(rgb, densities)
    signal = intensity(rgb, modality, glass)
    smooth = _blurred(signal, max(blur_um / mpp, 0.6))
    if levels is None and not (densities and is_foreign(densities, inside)):
        there = inside & possible
        levels = find_levels([_sample(smooth, densities, there, modality, mpp)], modality)
    if levels is None:
        return np.zeros(rgb.shape[:2], np.int32)
    limit = _limit(smooth, levels, mpp, modality)
    dense = (smooth > limit) & possible & _widened(inside, MARGIN_UM / mpp)
    bodies = _cleaned(dense, opening_um / mpp, fill_um2 / mpp**2)
    distance = np.asarray(cv2.distanceTransform(bodies.view(np.uint8), cv2.DIST_L2, 5), np.float32)
    score = _score(signal, distance, levels, mpp, log_um, modality)
    centres = _centres(score, bodies, separation_um / mpp)
    basins: Labels = watershed(-score, centres, mask=bodies).astype(np.int32)
    inner = _blurred(signal, 1.0 / mpp) - np.float32(levels.background)
    nuclei = _merged(basins, score, inner)
    areas = np.bincount(nuclei.ravel())
    keep = areas >= max(1.0, area_um2_min / mpp**2)
    if modality == BRIGHTFIELD:
        keep &= areas <= area_um2_max / mpp**2
    if densities and levels.colour:
        wide = nuclear_colour.wide(distance, mpp)
        keep &= ~nuclear_colour.is_foreign(nuclei, densities, levels.colour, wide, mpp)
    return _numbered(nuclei, inside, areas, keep)


def sample(
    rgb: Pixels,
    mpp: float,
    mask: Mask | None = None,
    modality: str = BRIGHTFIELD,
    *,
    glass: npt.ArrayLike = (255, 255, 255),
    blur_um: float = 0.3,
) -> SignalSample:
    """The input of `find_levels` from one picture: the smoothed signal where there is stain.

    Parameters as in `segment_nuclei`.
    """
    _check(rgb, mpp, mask, modality)
    smooth = _blurred(intensity(rgb, modality, glass), max(blur_um / mpp, 0.6))
    densities = _smooth_densities(rgb, mpp, glass) if modality == BRIGHTFIELD else None
    possible = _possible(rgb, densities)
    there = possible if mask is None else possible & mask
    return _sample(smooth, densities, there, modality, mpp)


def stained(densities: Densities) -> Mask:
    """Pixels that may be H&E: denser than glass, neither grey nor green nor light blue.

    Parameters
    ----------
    densities : (H, W) each, of red, green, blue, smoothed

    Returns
    -------
    (H, W) bool
    """
    red, green, blue = densities
    dense = green >= 0.08
    return np.asarray(dense & (red <= 1.25 * green + 0.03) & (blue <= 0.8 * green + 0.02))


def is_foreign(densities: Densities, inside: Mask) -> bool:
    """Whether most of what is dense is ink or another stain than H&E.

    Hematoxylin and eosin together take more of the green than of the red; blue, green and black
    ink do not.

    Parameters
    ----------
    densities : (H, W) each, of red, green, blue, smoothed
    inside : (H, W) bool, where to look
    """
    red, green, blue = densities
    dense = inside & (cv2.max(cv2.max(red, green), blue) >= DENSE_OD)
    foreign = dense & ((red > green) | ~stained(densities))
    return bool(foreign.sum() > MOST_FOREIGN * dense.sum())


def _smooth_densities(rgb: Pixels, mpp: float, glass: npt.ArrayLike) -> Densities:
    """(H, W) optical density of red, green, blue of the picture smoothed with sigma 1 um."""
    smooth = cv2.GaussianBlur(rgb, (0, 0), 1.0 / mpp)
    table = optical_density.density_table(glass).T.astype(np.float32)[None]
    red, green, blue = (np.asarray(c, np.float32) for c in cv2.split(cv2.LUT(smooth, table)))
    return red, green, blue


def intensity(
    rgb: Pixels, modality: str = BRIGHTFIELD, glass: npt.ArrayLike = (255, 255, 255)
) -> Values:
    """(H, W) hematoxylin OD of brightfield, or the brightest channel (grey level)."""
    if modality == FLUORESCENCE:
        return channels.brightest(rgb).astype(np.float32)
    return optical_density.hematoxylin(rgb, glass)


def _check(rgb: Pixels, mpp: float, mask: Mask | None, modality: str) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise ValueError(f"rgb must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not mpp > 0:
        raise ValueError(f"mpp must be above 0 um/px, not {mpp}")
    if mask is not None and mask.shape != rgb.shape[:2]:
        raise ValueError(f"mask must have the picture's shape, not {mask.shape}")
    if modality not in RANGE:
        raise ValueError(f"modality {modality!r} is unknown; use one of {', '.join(RANGE)}")


def _possible(rgb: Pixels, densities: Densities | None) -> Mask:
    """Where the colour may be that of a nucleus."""
    return np.ones(rgb.shape[:2], np.bool_) if densities is None else stained(densities)


def _sample(
    smooth: Values, densities: Densities | None, where: Mask, modality: str, mpp: float
) -> SignalSample:
    counts = _histogram(smooth, where, modality)
    if densities is None:
        return SignalSample(counts)
    return SignalSample(counts, nuclear_colour.sample(smooth, densities, where, mpp))


def _widened(mask: Mask, reach_px: float) -> Mask:
    if mask.all():
        return mask
    away = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(away <= reach_px) if mask.any() else mask


def _blurred(picture: Values, sigma_px: float) -> Values:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def _histogram(smooth: Values, where: Mask, modality: str) -> Counts:
    """Counts where enough of the picture is stained, else zeros."""
    if where.mean() < LEAST_STAINED:
        return np.zeros(BINS, np.int64)
    low, high = RANGE[modality]
    inside = np.clip(smooth, low, np.nextafter(np.float32(high), np.float32(low)))
    counts = cv2.calcHist([inside], [0], where.view(np.uint8), [BINS], [low, high])
    return np.asarray(np.round(counts.ravel()), np.int64)


def _limit(smooth: Values, levels: Levels, mpp: float, modality: str) -> Values | np.float32:
    """The threshold; in fluorescence never below most of the brightness around the pixel."""
    least = np.float32(levels.threshold)
    if modality == BRIGHTFIELD:
        return least
    around = _blurred(smooth, SURROUNDINGS_UM / mpp)
    share, dark = np.float32(SURROUNDINGS_SHARE), np.float32(levels.background)
    return np.asarray(np.maximum(least, dark + share * (around - dark)), np.float32)


def _cleaned(mask: Mask, radius_px: float, hole_px: float) -> Mask:
    """Opened, small holes filled."""
    opened = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, _disc(radius_px))
    _, holes, stats, _ = cv2.connectedComponentsWithStats(1 - opened, connectivity=4)
    fill = stats[:, cv2.CC_STAT_AREA] < hole_px
    fill[0] = False
    return np.asarray((opened > 0) | fill[holes])


def _disc(radius_px: float) -> Pixels:
    reach = int(np.ceil(radius_px - 1e-9))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(x * x + y * y <= radius_px**2 + 0.25, np.uint8)


def _score(
    signal: Values, distance: Values, levels: Levels, mpp: float, log_um: float, modality: str
) -> Values:
    """High in the middle of a nucleus: blob of the signal and depth in the mask, about 0..1."""
    depth = np.asarray(distance * (mpp / NUCLEUS_RADIUS_UM), np.float32)
    if modality == FLUORESCENCE:
        return _blurred(depth, 0.5 / mpp)
    sigma = log_um / mpp
    contrast = LOG_OF_DISC * (levels.nuclei - levels.background)
    blob = cv2.Laplacian(_blurred(signal, sigma), cv2.CV_32F) * np.float32(
        -sigma * sigma / contrast
    )
    return _blurred(np.asarray((depth + blob) / 2, np.float32), 0.5 / mpp)


def _centres(score: Values, bodies: Mask, separation_px: float) -> Labels:
    """Peaks of the score that are the highest within the separation, numbered."""
    highest = cv2.dilate(score, _disc(separation_px))
    peaks = (score >= highest) & bodies
    return np.asarray(cv2.connectedComponents(peaks.view(np.uint8))[1], np.int32)


def _merged(basins: Labels, score: Values, inner: Values) -> Labels:
    """Neighbouring basins become one where neither score nor signal falls between their peaks.

    Parameters
    ----------
    basins : (H, W) int32
    score, inner : (H, W); a border between two basins is real where one of them falls below
        `MERGE_ABOVE` of the lower peak
    """
    count = int(basins.max())
    pairs = _touching(basins)
    if not len(pairs[0]):
        return basins
    inside = np.flatnonzero(basins)
    owner = basins.ravel()[inside]
    peaks = np.full((2, count + 1), -np.inf, np.float32)
    saddles = []
    for k, picture in enumerate((score.ravel(), inner.ravel())):
        np.maximum.at(peaks[k], owner, picture[inside])
        saddles.append(np.minimum(picture[pairs[0]], picture[pairs[1]]))
    flat = basins.ravel()
    ends = np.sort(np.stack([flat[pairs[0]], flat[pairs[1]]]), axis=0).astype(np.int64)
    borders, of = np.unique(ends[0] * (count + 1) + ends[1], return_inverse=True)
    passes = np.full((2, len(borders)), -np.inf, np.float32)
    for k in range(2):
        np.maximum.at(passes[k], of, saddles[k])
    return _joined(basins, borders, passes, peaks)


def _touching(basins: Labels) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Flat positions of neighbouring pixels (of 8) that belong to two different basins."""
    height, width = basins.shape
    places = np.arange(height * width).reshape(height, width)
    first, second = [], []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = slice(0, height - down), slice(max(0, -across), width - max(0, across))
        there = slice(down, height), slice(max(0, across), width - max(0, -across))
        border = (basins[here] != basins[there]) & (basins[here] > 0) & (basins[there] > 0)
        first.append(places[here][border])
        second.append(places[there][border])
    return np.concatenate(first), np.concatenate(second)


def _joined(
    basins: Labels,
    borders: npt.NDArray[np.int64],
    passes: npt.NDArray[np.float32],
    peaks: npt.NDArray[np.float32],
) -> Labels:
    """Join basins over the highest passes first; a joined basin has the higher peak."""
    count = peaks.shape[1]
    parent = list(range(count))

    def root(basin: int) -> int:
        while parent[basin] != basin:
            basin = parent[basin]
        return basin

    for k in np.argsort(-passes[0], kind="stable").tolist():
        one, other = sorted((root(int(borders[k]) // count), root(int(borders[k]) % count)))
        lower = np.minimum(peaks[:, one], peaks[:, other])
        if one != other and (passes[:, k] >= MERGE_ABOVE * lower).all():
            parent[other] = one
            peaks[:, one] = np.maximum(peaks[:, one], peaks[:, other])
    roots = np.array([root(basin) for basin in range(count)], np.int32)
    return np.asarray(roots[basins], np.int32)


def _numbered(nuclei: Labels, inside: Mask, areas: Counts, keep: Mask) -> Labels:
    """Those to keep that are at least half inside, numbered without gaps."""
    if not inside.all():
        keep = keep & (2 * np.bincount(nuclei[inside], minlength=len(areas)) >= areas)
    keep[0] = False
    numbers = np.zeros(len(areas), np.int32)
    numbers[keep] = np.arange(1, int(keep.sum()) + 1)
    return np.asarray(numbers[nuclei], np.int32)
