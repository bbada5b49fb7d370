"""Tiles drawn for tests of stain: hematoxylin and eosin of known vectors, one even colour."""

import cv2
import numpy as np

H, E = (0.60, 0.72, 0.35), (0.20, 0.85, 0.49)  # of a usual scan
INK = {"green": (30, 150, 110), "blue": (60, 80, 200), "black": (25, 22, 28), "red": (215, 25, 35)}


def drawn(h=H, e=E, strength=1.0, side=256, seed=0):
    """An H&E-like tile of known vectors: nuclei on pink, some glass."""
    rng = np.random.default_rng(seed)
    cells = cv2.GaussianBlur(rng.normal(0, 1, (side, side)), (0, 0), 3)
    pink = cv2.GaussianBlur(rng.normal(0, 1, (side, side)), (0, 0), 20)
    amounts = [1.6 * (cells > 0.08) * rng.uniform(0.5, 1, (side, side)), 0.9 * (pink > -0.03)]
    amounts[1] = amounts[1] * rng.uniform(0.5, 1, (side, side))
    unit = [np.array(v) / np.linalg.norm(v) for v in (h, e)]
    od = strength * sum(a[..., None] * v for a, v in zip(amounts, unit, strict=True))
    return np.clip(240 * np.exp(-od) - 1 + rng.normal(0, 1, od.shape), 0, 255).astype(np.uint8)


def plain(colour, noise=4, side=256, seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(colour, noise, (side, side, 3)), 0, 255).astype(np.uint8)
