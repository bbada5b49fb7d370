"""Memory that was freed, back to the system: glibc keeps it for the process."""

import ctypes


def give_back() -> None:
    """Give freed memory back, between stages that need much of it for a short time.

    glibc alone keeps arrays of up to 32 MB that were freed, and lays later ones beside them. Does
    nothing with another C library.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
