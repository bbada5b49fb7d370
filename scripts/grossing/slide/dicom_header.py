"""The identifier of a DICOM series, from the first bytes of one of its files.

Encoding: DICOM PS3.5, sections 7.1 (data elements) and 7.5 (sequences); PS3.10, section 7.1.
"""

import struct

HEAD_BYTES = 8 * 1024
LONGEST_HEAD_BYTES = 1024 * 1024  # with private values before the identifier

_PREAMBLE_BYTES = 128
_MAGIC = b"DICM"
_TRANSFER_SYNTAX = 0x0002_0010
_END_OF_META = 0x0003_0000
_SERIES_INSTANCE_UID = 0x0020_000E
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_UNDEFINED = 0xFFFF_FFFF
_IMPLICIT_VR = b"1.2.840.10008.1.2"
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


def series_uid(path: str) -> str | None:
    """SeriesInstanceUID of a DICOM file; None where the file is none, or has none.

    Parameters
    ----------
    path : a regular file, of any name; at most `LONGEST_HEAD_BYTES` are read

    Raises
    ------
    OSError : it cannot be read.
    """
    for size in (HEAD_BYTES, LONGEST_HEAD_BYTES):
        head = _head(path, size)
        if not is_dicom(head):
            return None
        try:
            return series_uid_of(head)
        except struct.error:  # the head ends before the identifier
            if len(head) < size:
                return None
    return None


def is_dicom(head: bytes) -> bool:
    """Whether these are the first bytes of a DICOM file."""
    return head.startswith(_MAGIC, _PREAMBLE_BYTES)


def series_uid_of(head: bytes) -> str | None:
    """SeriesInstanceUID in the first bytes of a DICOM file; None where it has none.

    Raises
    ------
    struct.error : the bytes end before it.
    """
    start = _PREAMBLE_BYTES + len(_MAGIC)
    _, syntax = _element(head, start, _TRANSFER_SYNTAX, explicit=True)
    data, _ = _element(head, start, _END_OF_META, explicit=True)
    _, uid = _element(head, data, _SERIES_INSTANCE_UID, explicit=syntax != _IMPLICIT_VR)
    return uid.decode("ascii", "replace") if uid else None


def _element(head: bytes, at: int, wanted: int, *, explicit: bool) -> tuple[int, bytes | None]:
    """Place of the first element whose tag is not below a tag; its value where it has that tag.

    Elements inside sequences do not count.
    """
    depth = 0
    while True:
        group, number = struct.unpack_from("<HH", head, at)
        tag = group << 16 | number
        if depth == 0 and tag > wanted:
            return at, None
        start, length = _extent(head, at, tag, explicit)
        if depth == 0 and tag == wanted:
            (value,) = struct.unpack_from(f"{length}s", head, start)
            return at, value.rstrip(b"\0 ")
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth -= 1
        elif length == _UNDEFINED:
            depth += 1
        else:
            start += length
        at = start


def _extent(head: bytes, at: int, tag: int, explicit: bool) -> tuple[int, int]:
    """Where an element's value starts, and its length."""
    if not explicit or tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
        return at + 8, struct.unpack_from("<I", head, at + 4)[0]
    if head[at + 4 : at + 6] in _LONG:
        return at + 12, struct.unpack_from("<I", head, at + 8)[0]
    return at + 8, struct.unpack_from("<H", head, at + 6)[0]


def _head(path: str, size: int) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(size)
