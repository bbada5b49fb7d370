"""The abbreviated JPEG streams of TIFF tiles: checked, and completed with their shared tables.

A TIFF states the colour transform in its photometric tag, not in the stream, so markers that a
decoder would follow instead (JFIF, Adobe) are removed and one that agrees with the tag is added.
"""

from collections.abc import Iterator

MOST_SEGMENTS = 64
SOI, EOI = b"\xff\xd8", 0xD9
START_OF_SCAN = 0xDA
BASELINE = (0xC0, 0xC1)  # progressive streams can cost any time to decode
FRAMES = (0xC0, 0xC1, 0xC2)
COLOUR = (0xE0, 0xEE)  # APP0 (JFIF) and APP14 (Adobe)
TABLES = (0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0))  # DHT, DQT, DRI, comment, APPn
ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"


class BadStream(Exception):
    """Not a JPEG stream of the expected kind."""


def head(tables: bytes, *, ycbcr: bool) -> bytes:
    """What `completed` puts before a tile's stream.

    Parameters
    ----------
    tables : the TIFF's JPEGTables; may be empty
    ycbcr : whether the components are YCbCr, or RGB as stored

    Raises
    ------
    BadStream : other segments than tables, or cut off.
    """
    parts = [SOI, ADOBE, b"\x01" if ycbcr else b"\x00"]
    for marker, start, end in segments(tables) if tables else ():
        if marker not in (*TABLES, EOI):
            raise BadStream(f"marker {marker:02x} among the shared tables")
        if marker not in (*COLOUR, EOI):
            parts.append(tables[start:end])
    return b"".join(parts)


class Completion:
    """Makes the streams of a level's tiles decodable: with a `head`, without colour markers.

    Parameters
    ----------
    head : of `head`
    width, height : of every tile, px
    """

    def __init__(self, head: bytes, width: int, height: int) -> None:
        self._head, self._size = head, (width, height)
        self._headers, self._made = b"\0", b""

    def completed(self, stream: bytes) -> bytes:
        """The stream of a tile, complete.

        Nearly all tiles have the same headers, which are parsed once.

        Raises
        ------
        BadStream : not a baseline stream of three 8-bit components and of this size.
        """
        if not stream.startswith(self._headers):
            self._headers, self._made = self._completed_headers(stream)
        return b"".join((self._made, memoryview(stream)[len(self._headers) :]))

    def _completed_headers(self, stream: bytes) -> tuple[bytes, bytes]:
        """The headers up to the start of the scan, as they are and as they have to be."""
        frames, part_start = 0, 2
        parts = [self._head]
        for marker, start, end in segments(stream):
            if marker in BASELINE:
                frames += 1
                _check_frame(stream[start + 4 : end], *self._size)
            elif marker in COLOUR:
                parts.append(stream[part_start:start])
                part_start = end
            elif marker == START_OF_SCAN and frames == 1:
                parts.append(stream[part_start:end])
                return stream[:end], b"".join(parts)
            elif marker not in TABLES:
                raise BadStream(f"unexpected marker {marker:02x}")
        raise BadStream("ends before the picture")


def stated_ycbcr(tables: bytes, stream: bytes) -> bool | None:
    """Whether a stream itself says that its three components are YCbCr; None where it does not say.

    As libjpeg reads it: a JFIF marker means YCbCr, an Adobe marker names its transform, components
    named R, G, B are RGB.

    Parameters
    ----------
    tables : the TIFF's JPEGTables; may be empty
    stream : the start of a tile's stream, up to its first scan at least

    Raises
    ------
    BadStream : the headers are damaged or cut off.
    """
    jfif, transform, names = False, None, b""
    for data in filter(None, (tables, stream)):
        for marker, start, end in segments(data):
            body = data[start + 4 : end]
            if marker == 0xE0 and body.startswith(b"JFIF\0"):
                jfif = True
            elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
                transform = body[11]
            elif marker in FRAMES and len(body) >= 15 and body[5] == 3:
                names = body[6:15:3]
    if not names:
        return None
    if jfif or transform == 1:
        return True
    return False if transform == 0 or names == b"RGB" else None


def _check_frame(frame: bytes, width: int, height: int) -> None:
    if len(frame) < 6:
        raise BadStream("a frame header that is cut off")
    depth, parts = frame[0], frame[5]
    size = int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
    if size != (width, height) or (depth, parts) != (8, 3):
        raise BadStream(
            f"{size[0]}x{size[1]} px of {parts} components in {depth} bits, "
            f"not {width}x{height} px of 3 in 8"
        )


def segments(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment up to and with the first scan header or the end.

    Raises
    ------
    BadStream : it is no JPEG stream, breaks off, or has more than `MOST_SEGMENTS` segments.
    """
    if stream[:2] != SOI:
        raise BadStream(f"starts with {stream[:2].hex()!r}, not as a JPEG stream")
    start = 2
    for _ in range(MOST_SEGMENTS):
        if len(stream) < start + 2 or stream[start] != 0xFF:
            raise BadStream("ends within the headers, or a marker is missing")
        marker = stream[start + 1]
        if marker == EOI:
            yield marker, start, start + 2
            return
        length = int.from_bytes(stream[start + 2 : start + 4], "big")
        end = start + 2 + length
        if length < 2 or end > len(stream):
            raise BadStream(f"segment {marker:02x} of {length} bytes")
        yield marker, start, end
        if marker == START_OF_SCAN:
            return
        start = end
    raise BadStream(f"more than {MOST_SEGMENTS} segments before the picture")
