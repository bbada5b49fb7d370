"""Make a synthetic Aperio slide: real H&E texture on glass, a pen stroke, an out-of-focus block.

The same arguments always give the same bytes. Memory does not grow with the slide's height.

Example: make_slide.py CMU-1-Small-Region.svs slide.svs 6000 5000 --seed 7 --truth-path truth.png
"""

import argparse
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from scene import PAINT_MAX_PX, PEN_RGB, Scene, draw
from svs import JpegCodec, TiffWriter, padded_tiles

LAST_LEVEL_MAX_PX = 4096
THUMBNAIL_PX = 1024
SIDE_MIN_PX = 64
LIBRARY = "Aperio Image Library v12.0.15 \r\n"

#: Made-up personal data that every slide carries; none of it may reach an output.
PERSONAL = {
    "Filename": "PHI-FILENAME-5678",
    "Date": "02/03/1999",
    "Time": "04:05:06",
    "User": "PHI-USER-jane-roe",
    "Barcode": "PHI-BARCODE-1234",
}


def make_slide(
    region_path: Path,
    out_path: Path,
    width_px: int,
    height_px: int,
    *,
    mpp: float = 0.25,
    tissue_fraction: float = 0.35,
    seed: int = 7,
    blurred_fraction: float = 0.1,
    pen: bool | str | tuple[int, int, int] = True,
    pyramid_factor: int = 4,
    tile_px: int = 256,
    quality: int = 75,
    noise: float = 1.5,
    with_mpp: bool = True,
    subsampling: str = "422",
    photometric: str = "ycbcr",
    bigtiff: bool = False,
    truth_path: Path | None = None,
) -> np.ndarray:
    """Write one pyramidal SVS, under a temporary name until it is complete.

    Parameters
    ----------
    region_path : real slide whose level 0 gives the tissue texture
    out_path : the SVS
    width_px, height_px : size of level 0
    mpp : um per pixel of level 0
    tissue_fraction : share of the slide that is tissue; 0 makes a blank slide
    seed : of everything drawn
    blurred_fraction : share of the tissue that is out of focus
    pen : True (green), False, a name in `scene.PEN_RGB`, or a colour
    pyramid_factor : 2 or 4, between levels
    tile_px : 240, 256 or 512
    quality : of the JPEG tiles
    noise : standard deviation of the sensor noise, grey levels
    with_mpp : whether the file states its resolution
    subsampling : of chroma, "444", "422" or "420"
    photometric : "ycbcr", or "rgb" for JPEG without a colour transform (needs "444")
    bigtiff : 64-bit offsets
    truth_path : also write the truth there, as PNG

    Returns
    -------
    (H, W) uint8 truth, one cell per 8 um: 1 tissue, 4 pen, 6 tissue out of focus, 7 glass

    Raises
    ------
    ValueError : a side below 64 px, an unknown pen, or photometric rgb with subsampled chroma.
    """
    if min(width_px, height_px) < SIDE_MIN_PX:
        raise ValueError(f"{width_px}x{height_px} px is too small; {SIDE_MIN_PX} a side at least")
    codec = JpegCodec(quality, subsampling, photometric)
    scene = draw(
        Path(region_path),
        width_px,
        height_px,
        mpp=mpp,
        tissue_fraction=tissue_fraction,
        blurred_fraction=blurred_fraction,
        pen_rgb=_pen_rgb(pen),
        noise=noise,
        seed=seed,
    )
    out_path = Path(out_path)
    partial = out_path.with_name(f".{out_path.name}.part")
    properties = _properties(mpp if with_mpp else None, round(10 / mpp))
    with (
        TiffWriter(partial, bigtiff=bigtiff) as tiff,
        tempfile.TemporaryDirectory(dir=out_path.parent, prefix=".levels-") as folder,
    ):
        sizes = level_sizes(width_px, height_px, pyramid_factor)
        stores = [_RowStore(Path(folder, str(level)), *size) for level, size in enumerate(sizes)]
        _write_pages(tiff, scene, codec, stores, pyramid_factor, tile_px, properties)
    partial.replace(out_path)
    if truth_path is not None:
        cv2.imwrite(str(truth_path), scene.truth)
    return scene.truth


def level_sizes(width_px: int, height_px: int, factor: int) -> list[tuple[int, int]]:
    """(width, height) of each level, rounded down as Aperio does; at least two levels."""
    sizes = [(width_px, height_px)]
    while len(sizes) < 2 or max(sizes[-1]) > LAST_LEVEL_MAX_PX:
        width, height = sizes[-1]
        sizes.append((width // factor, height // factor))
    return sizes


class _RowStore:
    """Pixel rows of one level in a file, so that a large level needs no memory."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self.size = (width, height)
        self._path = path
        path.touch()

    def append(self, rows: np.ndarray) -> None:
        with self._path.open("ab") as file:
            rows.tofile(file)

    def bands(self, rows: int) -> Iterator[np.ndarray]:
        width = self.size[0]
        with self._path.open("rb") as file:
            while data := file.read(rows * width * 3):
                yield np.frombuffer(data, np.uint8).reshape(-1, width, 3)


def _write_pages(
    tiff: TiffWriter,
    scene: Scene,
    codec: JpegCodec,
    stores: list[_RowStore],
    factor: int,
    tile_px: int,
    properties: str,
) -> None:
    """Level 0, thumbnail, lower levels, label and macro: the order in which Aperio writes them."""
    band_px = PAINT_MAX_PX // tile_px * tile_px
    whole = f"{scene.width_px}x{scene.height_px}"
    tiling = f"{LIBRARY}{whole} [0,0 {whole}] ({tile_px}x{tile_px})"
    coding = f"JPEG/RGB Q={codec.quality}"

    bands = _shrinking(_paint_bands(scene, band_px), stores[1], factor)
    tiles = padded_tiles(bands, tile_px, codec)
    tiff.tiled(tiles, stores[0].size, tile_px, f"{tiling} {coding}{properties}", codec)
    for finer, coarser in pairwise(stores[1:]):
        for _ in _shrinking(finer.bands(band_px), coarser, factor):
            pass

    thumbnail = _fit(np.concatenate(list(stores[-1].bands(band_px))), THUMBNAIL_PX)
    size = f"{thumbnail.shape[1]}x{thumbnail.shape[0]}"
    tiff.jpeg(thumbnail, f"{LIBRARY}{whole} -> {size} - {properties}", codec, subfile=0)
    for store in stores[1:]:
        description = f"{tiling} -> {store.size[0]}x{store.size[1]} {coding}"
        tiles = padded_tiles(store.bands(band_px), tile_px, codec)
        tiff.tiled(tiles, store.size, tile_px, description, codec)

    label = _label()
    tiff.raw(label, f"{LIBRARY}label {label.shape[1]}x{label.shape[0]}", subfile=1)
    macro = _macro(thumbnail, label)
    tiff.jpeg(macro, f"{LIBRARY}macro {macro.shape[1]}x{macro.shape[0]}", codec, subfile=9)


def _paint_bands(scene: Scene, band_px: int) -> Iterator[np.ndarray]:
    for top in range(0, scene.height_px, band_px):
        height = min(band_px, scene.height_px - top)
        band = np.empty((height, scene.width_px, 3), np.uint8)
        for left in range(0, scene.width_px, band_px):
            width = min(band_px, scene.width_px - left)
            band[:, left : left + width] = scene.paint(top, left, height, width)
        yield band
        del band


def _shrinking(
    bands: Iterator[np.ndarray], coarser: _RowStore, factor: int
) -> Iterator[np.ndarray]:
    """Pass the bands on and store the next level; what fills no whole pixel of it is left out."""
    for band in bands:
        rows, columns = band.shape[0] // factor, band.shape[1] // factor
        if rows:
            whole = band[: rows * factor, : columns * factor]
            coarser.append(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA))
        yield band


def _properties(mpp: float | None, objective: int) -> str:
    items = {"AppMag": str(objective), "StripeWidth": "2040", "ScanScope ID": "SYNTHETIC"}
    items |= PERSONAL
    if mpp is not None:
        items["MPP"] = f"{mpp:.6f}"
    return "".join(f"|{name} = {value}" for name, value in items.items())


def _pen_rgb(pen: bool | str | tuple[int, int, int]) -> tuple[int, int, int] | None:
    if pen is False:
        return None
    if isinstance(pen, tuple):
        return pen
    name = "green" if pen is True else pen
    if name not in PEN_RGB:
        raise ValueError(f"unknown pen {name!r}; choose one of {', '.join(PEN_RGB)}")
    return PEN_RGB[name]


def _fit(rgb: np.ndarray, side_px: int) -> np.ndarray:
    scale = min(1, side_px / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _label() -> np.ndarray:
    """A paper label with a bar code and the personal data in print."""
    label = np.full((420, 400, 3), 250, np.uint8)
    for bar, bits in enumerate(np.random.default_rng(0).integers(1, 6, 50)):
        label[30:120, 20 + 7 * bar : 20 + 7 * bar + bits] = 20
    for line, text in enumerate(PERSONAL.values()):
        place = (20, 180 + 48 * line)
        cv2.putText(label, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, (15, 15, 15), 2)
    return label


def _macro(thumbnail: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The whole glass slide: label at the left, the scanned field at the right."""
    macro = np.full((430, 1280, 3), 205, np.uint8)
    macro[5:425, 5:405] = label
    field = _fit(thumbnail, 400)
    macro[15 : 15 + field.shape[0], 600 : 600 + field.shape[1]] = field
    return macro


def main() -> None:
    """Command line of `make_slide`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("region", type=Path, help="real slide that gives the texture")
    parser.add_argument("out", type=Path)
    parser.add_argument("width_px", type=int)
    parser.add_argument("height_px", type=int)
    parser.add_argument("--mpp", type=float, default=0.25)
    parser.add_argument("--tissue-fraction", type=float, default=0.35)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--blurred-fraction", type=float, default=0.1)
    parser.add_argument("--pen", choices=["none", *PEN_RGB], default="green")
    parser.add_argument("--pyramid-factor", type=int, choices=[2, 4], default=4)
    parser.add_argument("--tile-px", type=int, choices=[240, 256, 512], default=256)
    parser.add_argument("--quality", type=int, default=75)
    parser.add_argument("--noise", type=float, default=1.5)
    parser.add_argument("--with-mpp", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--subsampling", choices=["444", "422", "420"], default="422")
    parser.add_argument("--photometric", choices=["ycbcr", "rgb"], default="ycbcr")
    parser.add_argument("--bigtiff", action="store_true")
    parser.add_argument("--truth-path", type=Path)
    options = vars(parser.parse_args())
    pen = options.pop("pen")
    region, out = options.pop("region"), options.pop("out")
    width_px, height_px = options.pop("width_px"), options.pop("height_px")
    make_slide(region, out, width_px, height_px, pen=pen if pen != "none" else False, **options)


if __name__ == "__main__":
    main()
