"""Reading a mask of the user's own: a picture or GeoJSON, told apart by its content."""

import os
from pathlib import Path
from stat import S_ISREG

from grossing.mask import mask_outlines, mask_picture
from grossing.mask.mask_grid import UsersMask
from grossing.support.errors import SlideError
from grossing.support.types import PathLike

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(path: PathLike) -> UsersMask:
    """A tissue mask made by another tool or by hand.

    Parameters
    ----------
    path : PNG, TIFF or JPEG (`mask_picture.read`), or GeoJSON (`mask_outlines.read`)

    Raises
    ------
    SlideError : mask_missing; mask_unreadable, for what is no file, or none of these.
    OSError : the storage does not answer.
    """
    name = os.path.basename(os.fspath(path))
    try:
        if not S_ISREG(os.stat(path).st_mode):
            raise SlideError("mask_unreadable", f"the mask {name!r} is no regular file")
        data = Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SlideError("mask_missing", f"no mask {name!r}") from error
    except PermissionError as error:
        raise SlideError("mask_unreadable", f"the mask {name!r} may not be read") from error
    text = data.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not text:
        raise SlideError("mask_unreadable", f"the mask {name!r} is empty")
    return mask_outlines.read(text) if text[:1] in b"{[" else mask_picture.read(data)
