"""Pictures to bytes, for tiles and for the small pictures beside them."""

import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

PNG_LEVEL = 1


def jpeg(picture: npt.NDArray[np.uint8], *, quality: int, chroma: str = "420") -> bytes:
    """JPEG of an (H, W, 3) or (H, W) uint8 picture."""
    if picture.ndim == 2:
        return bytes(simplejpeg.encode_jpeg(picture[..., None], quality, "GRAY", "Gray"))
    return bytes(simplejpeg.encode_jpeg(picture, quality, "RGB", chroma))


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """PNG of an (H, W, 3) or (H, W) uint8 picture."""
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    return bytes(data)


def encoder(*, format: str, quality: int, chroma: Any) -> Callable[[npt.NDArray[np.uint8]], bytes]:
    """The function that the `tiles` section of the config asks for."""
    if format == "png":
        return png
    return functools.partial(jpeg, quality=quality, chroma=str(chroma))
