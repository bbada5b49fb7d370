"""Memory that was freed: glibc gives large pieces back at once, and keeps small ones."""

import ctypes
from typing import ClassVar

# names of glibc's mallopt(3)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT, LARGEST_KEPT = 64 << 20, 32 << 20  # bytes; glibc allows no larger pieces
MUCH = 24 << 20  # bytes


def keep() -> None:
    """Keep freed memory for what comes next, in jobs that do the same for thousands of tiles.

    Else the arrays of each tile of 512 px are given back and asked for again, page by page, which
    is a fifth of such a job. For the whole process; does nothing with another C library.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(M_MMAP_THRESHOLD, LARGEST_KEPT)
        option(M_TRIM_THRESHOLD, KEPT)


def give_back(least: int = 0) -> None:
    """Give freed memory back, between stages that need much of it for a short time.

    glibc alone keeps arrays of up to 32 MB that were freed, and lays later ones beside them. Does
    nothing with another C library.

    Parameters
    ----------
    least : bytes; less than that is kept, as asking for it again page by page takes time, too
    """
    libc = ctypes.CDLL(None)
    if least and hasattr(libc, "mallinfo2"):
        libc.mallinfo2.restype = _MallInfo
        if libc.mallinfo2().free < least:
            return
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


class _MallInfo(ctypes.Structure):
    """glibc's mallinfo2(3); `free` are the bytes that were freed and are kept."""

    _fields_: ClassVar = [
        *((f"_{number}", ctypes.c_size_t) for number in range(8)),
        ("free", ctypes.c_size_t),
        ("_9", ctypes.c_size_t),
    ]
