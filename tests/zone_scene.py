"""A drawn picture of stroma with sparse nuclei and one place where they stand dense."""

import cv2
import numpy as np

GLASS, STROMA, NUCLEUS = (243, 242, 244), (226, 150, 190), (80, 50, 130)


def scene(mpp, side_um=640, radius_um=150, seed=0):
    """Stroma with sparse nuclei of 7 um on glass, and a disc where they stand dense.

    Returns the picture, the tissue, and the disc (both (H, W) bool).
    """
    rng = np.random.default_rng(seed)
    side = round(side_um / mpp)
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = GLASS
    y, x = (np.mgrid[:side, :side] + 0.5) * mpp
    body = (x > 40) & (x < side_um - 40)
    disc = np.hypot(x - 0.6 * side_um, y - 0.5 * side_um) < radius_um
    picture[body] = STROMA
    for inside, spacing in ((False, 40), (True, 9)):
        for at in np.mgrid[0:side_um:spacing, 0:side_um:spacing].reshape(2, -1).T:
            row, column = ((at + rng.uniform(0, spacing / 3, 2)) / mpp).astype(int)
            if row < side and column < side and body[row, column] and disc[row, column] == inside:
                cv2.circle(picture, (int(column), int(row)), round(3.5 / mpp), NUCLEUS, -1)
    noisy = picture + rng.normal(0, 3, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), body, disc
