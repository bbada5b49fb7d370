"""What a file that is no slide is by its first bytes, and what to do about it."""

import re

from grossing.support.types import PathLike

_HEAD_BYTES = 512
_CONVERT = "convert the slide to a little-endian pyramidal TIFF"
_DOWNLOAD = "download the slide again"
_UNPACK = "unpack it, and name the slide's file"

#: how the file starts, what that is, and the remedy
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (rb"\s*<(!doctype\s+html|html)", "an HTML page: the download was refused", _DOWNLOAD),
    (rb"version https://git-lfs", "a pointer of Git LFS in place of the file", "git lfs pull"),
    (rb"PK\x03\x04", "a ZIP archive", _UNPACK),
    (rb"\x1f\x8b", "a gzip archive", _UNPACK),
    (rb"MM\x00\*", "a big-endian TIFF, which OpenSlide does not read", _CONVERT),
    (rb"\x00{512}", "it starts with zeros: the copy is not complete", "copy the slide again"),
)


def no_slide(path: PathLike) -> tuple[str, str] | None:
    """What a file is that OpenSlide does not take for a slide, and the remedy; None where its
    first bytes do not tell."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    for start, kind, remedy in _KINDS:
        if re.match(start, head, re.IGNORECASE):
            return kind, remedy
    return None
