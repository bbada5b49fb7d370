"""Pictures to bytes and back, for tiles and for the small pictures beside them."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from grossing.support.types import PathLike, Pixels

PNG_LEVEL = 1


def jpeg(picture: Pixels, *, quality: int, chroma: str = "420") -> bytes:
    """JPEG of an (H, W, 3) or (H, W) uint8 picture."""
    if picture.ndim == 2:
        return bytes(simplejpeg.encode_jpeg(picture[..., None], quality, "GRAY", "Gray"))
    return bytes(simplejpeg.encode_jpeg(picture, quality, "RGB", chroma))


def png(picture: Pixels) -> bytes:
    """PNG of an (H, W, 3) or (H, W) uint8 picture."""
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    return bytes(data)


def encoder(*, format: str, quality: int, chroma: str) -> Callable[[Pixels], bytes]:
    """The function that the `tiles` section of the config asks for."""
    if format == "png":
        return png
    return functools.partial(jpeg, quality=quality, chroma=chroma)


def decode(data: bytes) -> Pixels | None:
    """(H, W, 3) uint8 RGB of an encoded picture; None where the bytes do not decode."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        return None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def read(path: PathLike) -> Pixels:
    """(H, W, 3) uint8 RGB of a file.

    Raises
    ------
    FileNotFoundError : there is no picture that can be read.
    """
    picture = decode(Path(path).read_bytes()) if os.path.exists(path) else None
    if picture is None:
        raise FileNotFoundError(f"{path}: not a readable picture: delete it and run again")
    return picture
