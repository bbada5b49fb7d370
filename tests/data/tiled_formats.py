"""Small slides of JPEG tiles as other scanners lay them out: Philips TIFF, Leica SCN, OME-TIFF."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
import tifffile

TILE_PX = 256
COMPRESSION, PHOTOMETRIC, JPEG, YCBCR = 259, 262, 7, 6
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


def _write(
    writer: tifffile.TiffWriter,
    rgb: np.ndarray,
    *,
    missing: Sequence[tuple[int, int]] = (),
    **options: Any,
) -> None:
    """A page of JPEG tiles that still claims to be deflate: tifffile has no JPEG encoder."""
    form = {"shape": rgb.shape, "dtype": rgb.dtype, "tile": (TILE_PX, TILE_PX)}
    options = {"photometric": "rgb", "metadata": None, "compression": "zlib", **options}
    writer.write(_tiles(rgb, missing), **form, **options)


def _tiles(rgb: np.ndarray, missing: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    for y in range(0, rgb.shape[0], TILE_PX):
        for x in range(0, rgb.shape[1], TILE_PX):
            tile = rgb[y : y + TILE_PX, x : x + TILE_PX]
            fill = ((0, TILE_PX - tile.shape[0]), (0, TILE_PX - tile.shape[1]), (0, 0))
            whole = np.ascontiguousarray(np.pad(tile, fill, mode="edge"))
            lost = (x // TILE_PX, y // TILE_PX) in missing
            yield b"" if lost else simplejpeg.encode_jpeg(whole, 90, colorsubsampling="422")


def _as_jpeg(path: Path) -> Path:
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for page in tiff.pages:
            for each in [page, *(page.pages or [])]:
                each.tags[COMPRESSION].overwrite(JPEG)
                each.tags[PHOTOMETRIC].overwrite(YCBCR)
    return path
