"""A tissue mask of the user's own in place of ours, and how the two agree."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.labels import FOLD, GLASS, NOT_SCANNED, TISSUE
from grossing.support.types import Mask, Pixels

MARGIN_UM = 100.0  # edges drawn by hand, and by other programs, differ by so much
MARGIN_SHARE = 0.01  # of the longer side: of a small picture so much
FAR = 5  # margins from our tissue: an outline that goes round the tissue generously ends before
COMPARED_PX = 256  # longer side of the masks that are moved over each other


@dataclass(frozen=True)
class Agreement:
    """How a user's mask agrees with ours; None where one of them is empty.

    Attributes
    ----------
    mask_agreement : 1 minus the smaller one of the tissue that it leaves out (`missed`) and of its
        part that is glass, both beyond a margin: 1 where one mask holds the other
    mask_missed_fraction : share of our tissue that lies farther than a margin from the user's mask
    mask_on_glass_fraction : share of the user's mask on glass, farther than five margins from our
        tissue
    mask_moved_gain : by how much the intersection over union grows where the mask is mirrored,
        turned by 180 degrees or shifted to where it fits best
    """

    mask_agreement: float | None
    mask_missed_fraction: float | None
    mask_on_glass_fraction: float | None
    mask_moved_gain: float | None


def combine(own: Pixels, users: Mask) -> Pixels:
    """Our labels with the user's tissue in place of ours.

    Parameters
    ----------
    own : (H, W) uint8 labels
    users : (H, W) bool

    Returns
    -------
    (H, W) uint8 labels: what was not scanned, ink, spots and bubbles stay, within the user's tissue
    too; of our tissue and folds, what the user's mask leaves out is glass.
    """
    labels = own.copy()
    labels[np.isin(own, (TISSUE, FOLD)) & ~users] = GLASS
    labels[(own == GLASS) & users] = TISSUE
    return labels


def common(own: Pixels, users: Mask) -> Pixels:
    """The labels of `combine` with tissue only where ours have it too, to measure tissue in.

    Glass that a generous outline takes in is neither sharp nor stained. Where the two have no
    tissue in common, those of `combine`.
    """
    labels = combine(own, users)
    shared = (labels == TISSUE) & (own == TISSUE)
    if shared.any():
        labels[(labels == TISSUE) & ~shared] = GLASS
    return labels


def compare(own: Pixels, users: Mask, mpp: float) -> Agreement:
    """How a user's mask agrees with our labels.

    Parameters
    ----------
    own : (H, W) uint8 labels
    users : (H, W) bool
    mpp : um per pixel

    Notes
    -----
    A mask that is drawn generously holds our tissue, one that is drawn tightly is held by it; that
    of another slide leaves tissue out and takes glass in. The margin is 100 um, or 1 % of the
    longer side where that is less.
    """
    ours, users = np.isin(own, (TISSUE, FOLD)), users & (own != NOT_SCANNED)
    margin = min(MARGIN_UM, MARGIN_SHARE * mpp * max(own.shape))
    from_ours, from_users = _distance_um(ours, mpp), _distance_um(users, mpp)
    on_glass = users & (own == GLASS)
    missed = _share(ours & (from_users > margin), ours)
    outside = _share(on_glass & (from_ours > margin), users)
    if missed is None or outside is None:
        agreement, gain = None, None
    else:
        agreement, gain = round(1 - min(missed, outside), 4), _moved_gain(ours, users)
    return Agreement(
        mask_agreement=agreement,
        mask_missed_fraction=missed,
        mask_on_glass_fraction=_share(on_glass & (from_ours > FAR * margin), users),
        mask_moved_gain=gain,
    )


def _distance_um(mask: Mask, mpp: float) -> npt.NDArray[np.float32]:
    """Distance of each pixel from a mask; infinite from an empty one."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    outside = (~mask).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(distance * np.float32(mpp), np.float32)


def _share(part: Mask, whole: Mask) -> float | None:
    count = int(whole.sum())
    return round(int(part.sum()) / count, 4) if count else None


def _moved_gain(ours: Mask, users: Mask) -> float:
    """Intersection over union where the user's mask fits best, minus that where it is.

    All shifts are tried at once, by the product of the Fourier transforms.
    """
    scale = min(1.0, COMPARED_PX / max(ours.shape))
    height, width = (max(1, round(side * scale)) for side in ours.shape)
    fixed, moved = (
        np.asarray(
            cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA),
            np.float32,
        )
        for mask in (ours, users)
    )
    shape = 2 * height, 2 * width
    spectrum, area = np.conj(np.fft.rfft2(fixed, shape)), float(fixed.sum() + moved.sum())

    def overlaps(mask: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        shared = np.fft.irfft2(np.fft.rfft2(mask, shape) * spectrum, shape)
        return np.asarray(shared / np.maximum(area - shared, 1e-6))

    found = overlaps(moved)
    turned = (moved[:, ::-1], moved[::-1], moved[::-1, ::-1])
    best = max(float(overlaps(mask).max()) for mask in turned)
    return round(max(0.0, max(best, float(found.max())) - float(found[0, 0])), 4)
