"""Small slides of JPEG tiles as other scanners lay them out: Philips, Leica, Ventana, OME, NDPI."""

import io
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
import tifffile
from PIL import Image

TILE_PX = 256
COMPRESSION, PHOTOMETRIC, JPEG, YCBCR = 259, 262, 7, 6
APERIO_JPEG2000 = 33005
XML_PACKET = 700
LEICA = "http://www.leica-microsystems.com/scn/2010/10/01"


def halves(rgb: np.ndarray, levels: int) -> list[np.ndarray]:
    """A picture and its reductions by 2, 4, ...; sizes rounded down."""
    sizes = [(rgb.shape[1] >> level, rgb.shape[0] >> level) for level in range(levels)]
    return [cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) for size in sizes]


def philips(
    path: Path, rgb: np.ndarray, levels: int = 3, *, missing: Sequence[tuple[int, int]] = ()
) -> Path:
    """Philips TIFF: levels filled up to whole tiles, their scales in XML.

    Parameters
    ----------
    missing : (column, row) of tiles of every level that hold nothing
    """
    spacings = [f'"{0.00025 * 2**level:g}" "{0.00025 * 2**level:g}"' for level in range(levels)]
    array = "".join(
        _philips("PixelDataRepresentation", DICOM_PIXEL_SPACING=spacing) for spacing in spacings
    )
    scanned = _philips(
        "DPScannedImage",
        PIM_DP_IMAGE_TYPE="WSI",
        DICOM_PIXEL_SPACING=spacings[0],
        PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE=f"<Array>{array}</Array>",
    )
    words = _philips(
        "DPUfsImport",
        DICOM_MANUFACTURER="PHILIPS",
        PIM_DP_SCANNED_IMAGES=f"<Array>{scanned}</Array>",
    )
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for level, picture in enumerate(halves(rgb, levels)):
            below, right = (-side % TILE_PX for side in picture.shape[:2])
            whole = np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=255)
            options = {"software": "Philips DP v1.0", "subfiletype": int(level > 0)}
            description = words if level == 0 else f"level={level}"
            _write(writer, whole, missing=missing, description=description, **options)
    return _as_jpeg(path)


def _philips(kind: str, **attributes: str) -> str:
    inside = "".join(
        f'<Attribute Name="{name}" Group="0x301D" Element="0x1000" PMSVR="IString">{value}'
        "</Attribute>"
        for name, value in attributes.items()
    )
    return f'<DataObject ObjectType="{kind}">{inside}</DataObject>'


def leica(
    path: Path,
    areas: Sequence[tuple[np.ndarray, tuple[float, float]]],
    size: tuple[int, int],
    levels: int = 3,
    nm: int = 250,
) -> Path:
    """Leica SCN: areas of a slide, each a pyramid, laid out in nm; a macro picture first.

    Parameters
    ----------
    areas : pictures, each with its place (x, y) on the slide in px, which may be a fraction
    size : of the slide, px
    """
    whole = (size[0] * nm, size[1] * nm)
    parts = [_leica_image(0, [(200, 200)], whole, (0, 0))]
    for number, (rgb, at) in enumerate(areas):
        sizes = [(rgb.shape[1] >> level, rgb.shape[0] >> level) for level in range(levels)]
        view = (rgb.shape[1] * nm, rgb.shape[0] * nm)
        offset = (round(at[0] * nm), round(at[1] * nm))
        parts.append(_leica_image(1 + number * levels, sizes, view, offset))
    words = (
        f'<?xml version="1.0"?><scn xmlns="{LEICA}"><collection name="c" '
        f'sizeX="{whole[0]}" sizeY="{whole[1]}">{"".join(parts)}</collection></scn>'
    )
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        _write(writer, np.full((200, 200, 3), 200, np.uint8), description=words)
        for rgb, _ in areas:
            for level, picture in enumerate(halves(rgb, levels)):
                resolution = (1e7 / nm / 2**level,) * 2
                _write(writer, picture, resolution=resolution, resolutionunit="CENTIMETER")
    return _as_jpeg(path)


def _leica_image(
    first: int, sizes: list[tuple[int, int]], view: tuple[int, int], offset: tuple[int, int]
) -> str:
    dimensions = "".join(
        f'<dimension sizeX="{w}" sizeY="{h}" r="{r}" ifd="{first + r}"/>'
        for r, (w, h) in enumerate(sizes)
    )
    return (
        f'<image><pixels sizeX="{sizes[0][0]}" sizeY="{sizes[0][1]}">{dimensions}</pixels>'
        f'<view sizeX="{view[0]}" sizeY="{view[1]}" offsetX="{offset[0]}" offsetY="{offset[1]}"/>'
        "<scanSettings><objectiveSettings><objective>40</objective></objectiveSettings>"
        "<illuminationSettings><illuminationSource>brightfield</illuminationSource>"
        "</illuminationSettings></scanSettings></image>"
    )


def ventana(
    path: Path,
    rgb: np.ndarray,
    areas: Sequence[tuple[int, int, int, int]] = (),
    levels: int = 3,
    *,
    left_px: int = 0,
    overlap_px: int = 0,
    missing: Sequence[tuple[int, int]] = (),
) -> Path:
    """Ventana BIF: a label, then levels whose scanned areas and joints stand in XML; or its TIFF.

    Parameters
    ----------
    areas : column, row, columns and rows of each, in stored tiles of level 0; areas lie above each
        other on the slide, the first below; none for Ventana's TIFF, which has whole levels alone
    left_px : of all areas on the slide
    overlap_px : of neighbours, as the joints say; the picture itself has none
    missing : as of `philips`
    """
    joints, below = [], 0
    for area in areas:
        joints.append(_ventana_area(area, (left_px, below), overlap_px))
        below += area[3] * TILE_PX
    origins = (
        f'<AOI{i} OriginX="{a[0] * TILE_PX}" OriginY="{a[1] * TILE_PX}"/>'
        for i, a in enumerate(areas)
    )
    words = (
        f"<EncodeInfo><SlideStitchInfo>{''.join(joints)}</SlideStitchInfo>"
        f"<AoiOrigin>{''.join(origins)}</AoiOrigin></EncodeInfo>"
    )
    scan = '<iScan Magnification="40" ScanRes="0.25" Z-layers="1"/>'
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        label = np.full((TILE_PX, TILE_PX, 3), 200, np.uint8)
        _write(writer, label, description="Label Image", extratags=[_packet(scan)])
        for level, picture in enumerate(halves(rgb, levels)):
            tags = [_packet(words)] if areas and level == 0 else []
            description = f"level={level} mag={40 / 2**level:g} quality=90"
            _write(writer, picture, missing=missing, description=description, extratags=tags)
    return _as_jpeg(path)


def _packet(words: str) -> tuple[int, str, int, bytes, bool]:
    return XML_PACKET, "B", len(words), words.encode(), True


def _ventana_area(area: tuple[int, int, int, int], place: tuple[int, int], overlap_px: int) -> str:
    """What a file says of an area: tiles are counted from below, every other row backwards."""
    _, _, wide, high = area

    def number(column: int, row: int) -> int:
        up = high - 1 - row
        return up * wide + (wide - 1 - column if up % 2 else column) + 1

    pairs = [
        ("RIGHT", number(x, y), number(x + 1, y)) for y in range(high) for x in range(wide - 1)
    ] + [("UP", number(x, y), number(x, y - 1)) for y in range(1, high) for x in range(wide)]
    joints = "".join(
        f'<TileJointInfo Confidence="100" Direction="{direction}" Tile1="{one}" Tile2="{two}" '
        f'OverlapX="{overlap_px}" OverlapY="{overlap_px}"/>'
        for direction, one, two in pairs
    )
    return (
        f'<ImageInfo AOIScanned="1" Width="{TILE_PX}" Height="{TILE_PX}" NumRows="{high}" '
        f'NumCols="{wide}" Pos-X="{place[0]}" Pos-Y="{place[1]}">{joints}</ImageInfo>'
    )


def ome(path: Path, rgb: np.ndarray, levels: int = 3) -> Path:
    """OME-TIFF with the smaller levels in SubIFDs."""
    pictures = halves(rgb, levels)
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as writer:
        options = {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}
        metadata = {"axes": "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
        _write(writer, pictures[0], subifds=levels - 1, metadata=metadata, **options)
        for picture in pictures[1:]:
            _write(writer, picture, subfiletype=1)
    return _as_jpeg(path)


def ndpi(
    path: Path, rgb: np.ndarray, levels: int = 2, *, interval_px: int = 128, chroma: str = "4:2:2"
) -> Path:
    """Hamamatsu NDPI: a JPEG per level with restart markers, each a quarter of the one before.

    Parameters
    ----------
    rgb : the picture; its sides are cut to whole restart intervals on every level
    interval_px : width of a restart interval, px
    """
    step = interval_px * 4 ** (levels - 1)
    whole = rgb[: rgb.shape[0] // step * step, : rgb.shape[1] // step * step]
    data = bytearray(b"II*\0" + bytes(8))
    link = 4
    for level, picture in enumerate(halves(whole, 2 * levels)[::2]):
        stream, starts = _restarted(picture, interval_px, chroma)
        place = len(data)
        data += stream
        struct.pack_into("<Q", data, link, len(data))
        link = _ndpi_page(data, picture, (place, len(stream)), starts, 40 / 4**level)
    path.write_bytes(data)
    return path


def _restarted(rgb: np.ndarray, interval_px: int, chroma: str) -> tuple[bytes, list[int]]:
    """A JPEG and where its restart intervals start."""
    buffer = io.BytesIO()
    mcu_px = {"4:4:4": 8, "4:2:2": 16, "4:2:0": 16}[chroma]
    options = {"subsampling": chroma, "restart_marker_blocks": interval_px // mcu_px}
    Image.fromarray(rgb).save(buffer, "JPEG", quality=90, **options)
    stream = buffer.getvalue()
    scan = stream.index(b"\xff\xda")
    first = scan + 2 + int.from_bytes(stream[scan + 2 : scan + 4], "big")
    markers = re.finditer(rb"\xff[\xd0-\xd7]", stream[first:])
    return stream, [first, *(first + each.end() for each in markers)]


def _ndpi_page(
    data: bytearray, rgb: np.ndarray, strip: tuple[int, int], starts: list[int], lens: float
) -> int:
    """Append a directory; returns where the place of the next one is written."""
    far = len(data) + 2 + 12 * 16 + 8 + 4 * 16
    numbers = struct.pack(f"<{len(starts)}I", *starts)
    per_cm = round(4e4 * lens / 40)
    rows = [
        (256, 4, 1, rgb.shape[1]),
        (257, 4, 1, rgb.shape[0]),
        (258, 3, 3, far),
        (259, 3, 1, JPEG),
        (262, 3, 1, YCBCR),
        (273, 4, 1, strip[0]),
        (277, 3, 1, 3),
        (278, 4, 1, rgb.shape[0]),
        (279, 4, 1, strip[1]),
        (282, 5, 1, far + 8),
        (283, 5, 1, far + 8),
        (296, 3, 1, 3),
        (65420, 3, 1, 1),
        (65421, 11, 1, int.from_bytes(struct.pack("<f", lens), "little")),
        (65424, 9, 1, 0),
        (65426, 4, len(starts), far + 16),
    ]
    data += struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in rows)
    link = len(data)
    data += bytes(8 + 4 * len(rows)) + struct.pack("<4H2I", 8, 8, 8, 0, per_cm, 1) + numbers
    return link


def jpeg2000(path: Path, rgb: np.ndarray) -> Path:
    """Aperio of one level in JPEG 2000 (RGB)."""
    words = f"Aperio Image Library v12 \r\n{rgb.shape[1]}x{rgb.shape[0]} J2K|AppMag = 40|MPP = 0.25"
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        _write(writer, rgb, encode=_jpeg2000, description=words)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages[0].tags[COMPRESSION].overwrite(APERIO_JPEG2000)
    return path


def _jpeg2000(tile: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    options = {"irreversible": True, "quality_mode": "rates", "quality_layers": [15]}
    Image.fromarray(tile).save(buffer, "JPEG2000", no_jp2=True, **options)
    return buffer.getvalue()


def _jpeg(tile: np.ndarray) -> bytes:
    stream: bytes = simplejpeg.encode_jpeg(tile, 90, colorsubsampling="422")
    return stream


def _write(
    writer: tifffile.TiffWriter,
    rgb: np.ndarray,
    *,
    missing: Sequence[tuple[int, int]] = (),
    encode: Callable[[np.ndarray], bytes] = _jpeg,
    **options: Any,
) -> None:
    """A page of JPEG tiles that still claims to be deflate: tifffile has no JPEG encoder."""
    form = {"shape": rgb.shape, "dtype": rgb.dtype, "tile": (TILE_PX, TILE_PX)}
    options = {"photometric": "rgb", "metadata": None, "compression": "zlib", **options}
    writer.write(_tiles(rgb, missing, encode), **form, **options)


def _tiles(
    rgb: np.ndarray, missing: Sequence[tuple[int, int]], encode: Callable[[np.ndarray], bytes]
) -> Iterator[bytes]:
    for y in range(0, rgb.shape[0], TILE_PX):
        for x in range(0, rgb.shape[1], TILE_PX):
            tile = rgb[y : y + TILE_PX, x : x + TILE_PX]
            fill = ((0, TILE_PX - tile.shape[0]), (0, TILE_PX - tile.shape[1]), (0, 0))
            whole = np.ascontiguousarray(np.pad(tile, fill, mode="edge"))
            lost = (x // TILE_PX, y // TILE_PX) in missing
            yield b"" if lost else encode(whole)


def _as_jpeg(path: Path) -> Path:
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for page in tiff.pages:
            for each in [page, *(page.pages or [])]:
                each.tags[COMPRESSION].overwrite(JPEG)
                each.tags[PHOTOMETRIC].overwrite(YCBCR)
    return path
