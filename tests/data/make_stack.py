"""Make focal planes of a picture whose height varies smoothly over the field, with known truth."""

from pathlib import Path

import cv2
import numpy as np
import openslide
import pyvips

RADII_PX = (0.0, 0.8, 1.6, 2.6, 3.8, 5.2, 7.0, 9.0, 12.0)  # of the discs that blur
RADIUS_PER_PLANE_PX = 1.6


def heights(height: int, width: int, planes: int, waves: float = 0.7) -> np.ndarray:
    """(height, width) true plane of each pixel, smooth, from 0 to planes - 1."""
    across = np.sin(2 * np.pi * waves * np.arange(width) / width + 0.8)
    down = np.cos(2 * np.pi * waves * np.arange(height) / height)
    return (planes - 1) / 2 * (1 + np.outer(down, across))


def defocused(
    rgb: np.ndarray, truth: np.ndarray, planes: int, *, noise: float = 2.0, seed: int = 0
) -> list[np.ndarray]:
    """The picture as each plane shows it.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, sharp
    truth : (H, W) plane in which each pixel is sharp
    noise : standard deviation of the sensor noise, grey levels

    Returns
    -------
    `planes` pictures, (H, W, 3) uint8
    """
    rng = np.random.default_rng(seed)
    blurred = [cv2.filter2D(rgb, cv2.CV_32F, _disc(radius)) for radius in RADII_PX]
    found = []
    for plane in range(planes):
        steps = np.interp(np.abs(truth - plane) * RADIUS_PER_PLANE_PX, RADII_PX, range(9))
        low = np.minimum(steps.astype(int), len(RADII_PX) - 2)
        share = (steps - low)[..., None].astype(np.float32)
        picture = np.zeros(rgb.shape, np.float32)
        for step in np.unique(low):
            mixed = blurred[step] * (1 - share) + blurred[step + 1] * share
            picture = np.where((low == step)[..., None], mixed, picture)
        picture += rng.normal(0, noise, rgb.shape).astype(np.float32)
        found.append(np.rint(picture).clip(0, 255).astype(np.uint8))
    return found


def region(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of level 0 of a small slide."""
    with openslide.OpenSlide(path) as slide:
        return np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))


def write_plane(rgb: np.ndarray, path: Path, mpp: float = 0.499, quality: int = 90) -> None:
    """A plane as a slide: pyramidal TIFF of JPEG tiles of 240 px."""
    _image(rgb, mpp).tiffsave(
        str(path), tile=True, tile_width=240, tile_height=240, pyramid=True, compression="jpeg",
        Q=quality, resunit="cm",
    )  # fmt: skip


def write_pages(pictures: list[np.ndarray], path: Path, mpp: float = 0.499) -> None:
    """All planes as the pages of one TIFF of strips."""
    pages = pyvips.Image.arrayjoin([_image(rgb, mpp) for rgb in pictures], across=1).copy()
    pages.set_type(pyvips.GValue.gint_type, "page-height", len(pictures[0]))
    pages.tiffsave(str(path), compression="deflate", resunit="cm")


def _image(rgb: np.ndarray, mpp: float) -> pyvips.Image:
    image = pyvips.Image.new_from_array(rgb)
    kind = "srgb" if rgb.ndim == 3 else "b-w"
    return image.copy(interpretation=kind, xres=1000 / mpp, yres=1000 / mpp)


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return disc / disc.sum()
