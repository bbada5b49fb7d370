"""Memory that was freed: glibc gives large pieces back at once, and keeps small ones."""

import ctypes

# names of glibc's mallopt(3)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT, LARGEST_KEPT = 64 << 20, 32 << 20  # bytes; glibc allows no larger pieces


def keep() -> None:
    """Keep freed memory for what comes next, in jobs that do the same for thousands of tiles.

    Else the arrays of each tile of 512 px are given back and asked for again, page by page, which
    is a fifth of such a job. For the whole process; does nothing with another C library.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(M_MMAP_THRESHOLD, LARGEST_KEPT)
        option(M_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Give freed memory back, between stages that need much of it for a short time.

    glibc alone keeps arrays of up to 32 MB that were freed, and lays later ones beside them. Does
    nothing with another C library.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
