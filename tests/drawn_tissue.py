"""Overviews at 8 um/px drawn for tests of the masks: glass, stained tissue, strokes of ink."""

import cv2
import numpy as np

GLASS = (240, 238, 241)
INKS = {
    "green": (30, 150, 110),
    "blue": (30, 60, 190),
    "red": (215, 25, 35),
    "black": (25, 22, 28),
}


def glass(side=500, colour=GLASS, noise=1.5, seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(colour, noise, (side, side, 3)), 0, 255).astype(np.uint8)


def ellipse(side=500, centre=(200, 260), axes=(120, 160)):
    mask = np.zeros((side, side), np.uint8)
    cv2.ellipse(mask, centre, axes, 20, 0, 360, 1, -1)
    return mask > 0


def with_tissue(picture, mask, strength=1.0, seed=1):
    """Eosin with spots of hematoxylin, rough as tissue is at 8 um/px, mixed into the glass."""
    rng = np.random.default_rng(seed)
    spots = cv2.GaussianBlur(rng.normal(0, 1, mask.shape), (0, 0), 2) > 0.1
    stain = np.where(spots[..., None], (130, 85, 160), (215, 140, 185))
    mixed = (1 - strength) * np.array(GLASS) + strength * stain
    mixed = np.clip(mixed + rng.normal(0, 1.5 + 6 * strength, mixed.shape), 0, 255).astype(np.uint8)
    return np.where(mask[..., None], mixed, picture)


def with_stroke(picture, colour):
    stroke = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(stroke, (400, 30), (430, 470), 1, 22)
    soft = cv2.GaussianBlur(stroke.astype(np.float32), (0, 0), 1.5)[..., None]
    mixed = (1 - soft) * picture + soft * np.array(colour)
    return np.round(mixed).astype(np.uint8), stroke > 0
