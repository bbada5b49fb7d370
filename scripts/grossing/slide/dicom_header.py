"""The identifier of a DICOM series, from the first bytes of one of its files.

Encoding: DICOM PS3.5, sections 7.1 (data elements) and 7.5 (sequences); PS3.10, section 7.1.
"""

import struct
from collections.abc import Iterator

HEAD_BYTES = 8 * 1024
LONGEST_HEAD_BYTES = 1024 * 1024  # with private values before the identifier

_PREAMBLE_BYTES = 128
_MAGIC = b"DICM"
_TRANSFER_SYNTAX = 0x0002_0010
_LAST_OF_META = 0x0002_FFFF
_SERIES_INSTANCE_UID = 0x0020_000E
_DELIMITERS = 0xFFFE  # the group of items and of the ends of items and sequences
_ITEM_END, _SEQUENCE_END = 0xFFFE_E00D, 0xFFFE_E0DD
_UNDEFINED = 0xFFFF_FFFF
_IMPLICIT_VR = b"1.2.840.10008.1.2"
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_TAG, _UINT16, _UINT32 = struct.Struct("<HH"), struct.Struct("<H"), struct.Struct("<I")


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
    data, explicit = 0, True
    for at, tag, start, length in _elements(head, _PREAMBLE_BYTES + len(_MAGIC), explicit=True):
        if tag == _TRANSFER_SYNTAX:
            explicit = _value(head, start, length) != _IMPLICIT_VR
        if tag > _LAST_OF_META:
            data = at
            break
    for _, tag, start, length in _elements(head, data, explicit=explicit):
        if tag == _SERIES_INSTANCE_UID:
            return _value(head, start, length).decode("ascii", "replace") or None
        if tag > _SERIES_INSTANCE_UID:
            break
    return None


def _elements(head: bytes, at: int, *, explicit: bool) -> Iterator[tuple[int, int, int, int]]:
    """Place, tag, and start and length of the value of each element outside of sequences."""
    depth = 0
    while True:
        group, number = _TAG.unpack_from(head, at)
        tag = group << 16 | number
        if not explicit or group == _DELIMITERS:
            start, (length,) = at + 8, _UINT32.unpack_from(head, at + 4)
        elif head[at + 4 : at + 6] in _LONG:
            start, (length,) = at + 12, _UINT32.unpack_from(head, at + 8)
        else:
            start, (length,) = at + 8, _UINT16.unpack_from(head, at + 6)
        if depth == 0:
            yield at, tag, start, length
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth -= 1
        elif length == _UNDEFINED:
            depth += 1
        else:
            start += length
        at = start


def _value(head: bytes, start: int, length: int) -> bytes:
    (value,) = struct.unpack_from(f"{length}s", head, start)
    return bytes(value).rstrip(b"\0 ")


def _head(path: str, size: int) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(size)
