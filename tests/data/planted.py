"""Slides full of made-up personal data, in every place of a file that can hold some.

Each value starts with `PHI`, and pictures of the glass slide's label are of a colour that no tissue
has, so that one search finds what has leaked.
"""

import io
import struct
from pathlib import Path

import numpy as np
from fuzz.bases import level0
from fuzz.tiff_edit import Tiff
from make_slide import PERSONAL
from make_tagged_dicom import Dataset, make_dicom
from PIL import Image, ImageCms

#: name of the folder in which the slides lie
FOLDER = "PHI-FOLDER-jane-roe-1957"
#: colour of label and macro
LABEL_RGB = (255, 0, 255)
#: part of every planted value, of four letters at least so that pictures hold none by chance
MARKS = ("PHI-", "PHI^", "jane", "JANE", PERSONAL["Date"])

STRIP_OFFSETS, STRIP_COUNTS = 273, 279
ASCII_TAGS = {
    269: "DOCUMENT", 271: "MAKE", 272: "MODEL", 285: "PAGE", 305: "SOFTWARE", 306: "DATETIME",
    315: "ARTIST", 316: "HOST", 333: "INKS", 33432: "COPYRIGHT", 65000: "PRIVATE",
}  # fmt: skip
XMP, ICC, EXIF, IPTC, PHOTOSHOP = 700, 34675, 34665, 33723, 34377


def plant_tiff(source: Path, path: Path) -> None:
    """Copy a TIFF slide, with personal data in every directory, in its tiles and on its label."""
    tiff = Tiff(source.read_bytes())
    for index in range(len(tiff.directories)):
        text = {tag: f"PHI-{name}-jane".encode() + b"\0" for tag, name in ASCII_TAGS.items()}
        blobs = {
            XMP: b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><PHI-XMP name="jane"/></x:xmpmeta>',
            IPTC: b"PHI-IPTC-jane",
            PHOTOSHOP: b"8BIM PHI-PHOTOSHOP-jane",
            ICC: icc_profile(),
        }
        tiff.rewrite(index, text | blobs | {EXIF: [_exif(tiff)]})
        if STRIP_OFFSETS in tiff.directories[index].tags:
            _paint(tiff, index)
    if tiff.tag(0, 259) == [7]:
        _mark_jpeg_tiles(tiff)
    path.write_bytes(tiff.data)


def icc_profile() -> bytes:
    """An sRGB profile whose description, 13 characters of UTF-16, is a made-up name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    words = "sRGB built-in".encode("utf-16-be")
    assert words in profile
    return profile.replace(words, "PHI-ICC-jane1".encode("utf-16-be"))


def _exif(tiff: Tiff) -> int:
    """Append an EXIF directory with a comment; its offset."""
    comment = b"ASCII\0\0\0PHI-EXIF-jane"
    where = tiff.append(comment)
    entry = struct.pack("<HHII", 37510, 7, len(comment), where)
    return tiff.append(struct.pack("<H", 1) + entry + bytes(4))


def _paint(tiff: Tiff, index: int) -> None:
    """Show one colour on a page that is no level: thumbnail, label or macro."""
    page = tiff.directories[index]
    rgb = np.empty((page.values(257)[0], page.values(256)[0], 3), np.uint8)
    rgb[:] = LABEL_RGB
    if page.values(259) == [1]:
        data = rgb.tobytes()
    else:
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, "JPEG", quality=90, comment=b"PHI-STRIP-jane")
        data = stream.getvalue()
    tiff.rewrite(index, {STRIP_OFFSETS: [tiff.append(data)], STRIP_COUNTS: [len(data)]})


def _mark_jpeg_tiles(tiff: Tiff) -> None:
    """Put a comment and an EXIF segment into the JPEG stream of every tile of level 0."""
    exif = b"Exif\0\0PHI-TILE-EXIF-jane"
    comment = b"PHI-TILE-COMMENT-jane"
    segments = b"".join(
        bytes([0xFF, marker]) + struct.pack(">H", len(text) + 2) + text
        for marker, text in ((0xE1, exif), (0xFE, comment))
    )
    tiles = []
    for offset, size in tiff.tiles(0):
        stream = bytes(tiff.data[offset : offset + size])
        stream = stream[:2] + segments + stream[2:]
        tiles.append((tiff.append(stream), len(stream)))
    tiff.index_tiles(0, tiles)


PATIENT: Dataset = {
    0x00080050: ("SH", "PHI-ACCESSION"),
    0x00080070: ("LO", "PHI-MAKER-jane"),
    0x00080080: ("LO", "PHI-HOSPITAL-jane"),
    0x00080090: ("PN", "PHI^REFERRER"),
    0x00081030: ("LO", "PHI-STUDY-jane"),
    0x0008103E: ("LO", "PHI-SERIES-jane"),
    0x00081070: ("PN", "PHI^OPERATOR"),
    0x00100010: ("PN", "PHI^JANE^ROE"),
    0x00100020: ("LO", "PHI-PATIENT-4711"),
    0x00104000: ("LT", "PHI-COMMENT-jane"),
    0x00181000: ("LO", "PHI-SERIAL-jane"),
    0x00181020: ("LO", "PHI-VERSION-jane"),
    0x00200010: ("SH", "PHI-STUDYID"),
    0x00204000: ("LT", "PHI-IMAGE-COMMENT-jane"),
    0x00400512: ("LO", "PHI-CONTAINER-jane"),
    0x00400560: ("SQ", [{0x00400551: ("LO", "PHI-SPECIMEN-jane")}]),
    0x22000002: ("UT", "PHI-LABEL-jane"),
    0x22000005: ("LT", "PHI-BARCODE-jane"),
}


def plant_dicom(source: Path, folder: Path, extra: Dataset | None = None) -> Path:
    """Write a DICOM series of a slide's pixels with personal data in the patient's fields."""
    return make_dicom(folder, level0(source), 0.5, extra={**PATIENT, **(extra or {})})
