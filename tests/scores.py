"""Scores against truth: overlap of masks, matched nuclei, sharp tiles above blurred ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from grossing import measure_focus
from grossing.mask import labels
from running import REPOSITORY
from scipy.optimize import linear_sum_assignment
from stages import CONFIG

SAMPLES = REPOSITORY / "tests/data/samples"
FOCUS_LIMIT = CONFIG["thresholds"]["tile"]["focus_min"]
#: tissue of a tile of the focus set: pixels whose channels are this far apart
COLOURED, TISSUE_SHARE = 20, 0.6
TILE_PX = 256
JPEG_QUALITY = 85
CLEARLY_BLURRED = ("gauss 1.5", "gauss 2", "gauss 3", "gauss 4", "disc 3", "disc 5")


def focus_of(rgb: np.ndarray, mpp: float) -> float:
    """The number that tiles are judged by; higher is sharper, 0 where it cannot be told."""
    return measure_focus(rgb, mpp)["focus"] or 0.0


def read(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_labels(path: Path) -> np.ndarray:
    """(H, W) whole numbers of a picture of labels."""
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(np.int32)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures, dB; infinite where they are equal."""
    error = np.mean((one.astype(float) - other) ** 2)
    return 10 * np.log10(255**2 / error) if error else np.inf


# Tissue


@dataclass(frozen=True)
class TissueScore:
    """How a tissue mask agrees with its truth, each 0..1.

    Attributes
    ----------
    iou : intersection over union of tissue
    ink_as_tissue : share of the ink that is called tissue; NaN below 0.3 % of ink
    tissue_as_ink, tissue_as_artefact : share of the tissue that is called ink, or fold, dark
        spot or bubble
    """

    iou: float
    ink_as_tissue: float
    tissue_as_ink: float
    tissue_as_artefact: float


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def tissue_score(predicted: np.ndarray, truth: np.ndarray) -> TissueScore:
    """Compare labels of `segment_tissue` with truth in the same labels (tissue, pen, glass)."""
    tissue_there, ink_there = truth == labels.TISSUE, truth == labels.PEN
    artefacts = (labels.FOLD, labels.DARK_SPOT, labels.BUBBLE)
    return TissueScore(
        iou(predicted == labels.TISSUE, tissue_there),
        (predicted[ink_there] == labels.TISSUE).mean() if ink_there.mean() > 0.003 else np.nan,
        (predicted[tissue_there] == labels.PEN).mean(),
        np.isin(predicted[tissue_there], artefacts).mean(),
    )


# Nuclei


@dataclass(frozen=True)
class NucleiScore:
    """Mean scores of some pictures, and the number of nuclei in all of them."""

    f1: float
    aji: float
    predicted: int
    true: int


def nuclei_score(pairs: Iterable[tuple[np.ndarray, np.ndarray]], radius_px: float) -> NucleiScore:
    """Scores of (predicted, true) pictures of labels, each (H, W) with 0 for the ground."""
    each = []
    for predicted, truth in pairs:
        places = centroids(predicted), centroids(truth)
        matched = matches(*places, radius_px)
        counts = [len(found) for found in places]
        each.append((2 * matched / max(sum(counts), 1), aji(predicted, truth), *counts))
    f1, overlap, predicted_count, true_count = zip(*each, strict=True)
    return NucleiScore(
        float(np.mean(f1)), float(np.mean(overlap)), sum(predicted_count), sum(true_count)
    )


def centroids(labelled: np.ndarray) -> np.ndarray:
    """(N, 2) y, x of every labelled piece; labels may have gaps."""
    flat = np.unique(labelled, return_inverse=True)[1].ravel()
    areas = np.bincount(flat)
    places = [np.bincount(flat, at.ravel()) / areas for at in np.indices(labelled.shape)]
    return np.stack(places, axis=1)[1 if labelled.min() == 0 else 0 :]


def matches(one: np.ndarray, other: np.ndarray, radius_px: float) -> int:
    """How many points have a partner of their own within the radius."""
    apart = np.linalg.norm(one[:, None] - other[None], axis=2)
    near = apart <= radius_px
    pairs = linear_sum_assignment(np.where(near, apart, 1e6))
    return np.count_nonzero(near[pairs])


def aji(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Aggregated Jaccard index (Kumar et al. 2017, doi:10.1109/TMI.2017.2677499).

    Every true nucleus with the predicted one that overlaps it best; what stays without a partner
    counts into the union.
    """
    sides = [np.unique(np.append(0, lab), return_inverse=True)[1][1:] for lab in (truth, predicted)]
    rows, columns = (side.max() + 1 for side in sides)
    shared = np.bincount(sides[0] * columns + sides[1], minlength=rows * columns)
    shared = shared.reshape(rows, columns)
    true_areas, areas = shared.sum(axis=1)[1:], shared.sum(axis=0)[1:]
    shared = shared[1:, 1:]
    if shared.size == 0:
        return float(true_areas.sum() + areas.sum() == 0)
    union = true_areas[:, None] + areas - shared
    rows_, best = np.arange(len(shared)), (shared / union).argmax(axis=1)
    touched = shared[rows_, best] > 0
    alone = np.setdiff1d(np.arange(len(areas)), best[touched])
    total = union[rows_, best][touched].sum() + true_areas[~touched].sum() + areas[alone].sum()
    return float(shared[rows_, best].sum() / total)


# Focus


def kernels() -> dict[str, np.ndarray]:
    """Blurs by name: Gaussians of that sigma, discs of that radius, motion of that length, px."""
    made = {}
    for sigma in (0.5, 1, 1.5, 2, 3, 4):
        line = cv2.getGaussianKernel(2 * int(np.ceil(4 * sigma)) + 1, sigma)
        made[f"gauss {sigma}"] = line @ line.T
    for radius in (3, 5):
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        made[f"disc {radius}"] = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    made["motion 9"] = np.eye(9)
    return {name: kernel / kernel.sum() for name, kernel in made.items()}


def tissue_tiles(rgb: np.ndarray) -> list[np.ndarray]:
    """Whole tiles of 256 px, left to right and down, in which most pixels have a colour."""
    height, width = rgb.shape[:2]
    corners = [
        (y, x)
        for y in range(0, height - TILE_PX + 1, TILE_PX)
        for x in range(0, width - TILE_PX + 1, TILE_PX)
    ]
    tiles = [np.ascontiguousarray(rgb[y : y + TILE_PX, x : x + TILE_PX]) for y, x in corners]
    return [tile for tile in tiles if (np.ptp(tile, axis=2) > COLOURED).mean() > TISSUE_SHARE]


def focus_values(tiles: Iterable[np.ndarray], mpp: float, kernel: np.ndarray | None) -> np.ndarray:
    """Focus of each tile after a blur (None: as it is), written as a scanner's JPEG."""
    values = []
    for tile in tiles:
        blurred = tile if kernel is None else cv2.filter2D(tile, -1, kernel)
        _, stream = cv2.imencode(".jpg", blurred, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        values.append(focus_of(cv2.imdecode(stream, cv2.IMREAD_COLOR), mpp))
    return np.array(values)


def scanned(picture: np.ndarray, noise: float, quality: int) -> np.ndarray:
    """Grey levels as a scanner writes them: white noise of that deviation, then JPEG."""
    white = np.random.default_rng(3).normal(0, noise, picture.shape)
    levels = np.clip(np.rint(picture + white), 0, 255).astype(np.uint8)
    _, stream = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(stream, cv2.IMREAD_COLOR)


def auc(higher: np.ndarray, lower: np.ndarray) -> float:
    """Share of the pairs in which the value that should be higher is; ties count half."""
    apart = higher[:, None] - lower[None]
    return float((apart > 0).mean() + (apart == 0).mean() / 2)
