"""The common practice: libvips alone, or libvips and then a script over its tiles.

The last line printed is the number of full-resolution tiles.
Example: baseline.py naive slide.svs out
"""

import argparse
import csv
from pathlib import Path

import pyvips

TILE_PX = 256
QUALITY = 85
MPP, TARGET_MPP = 0.25, 0.5


def naive(slide: Path, out: Path) -> int:
    """Resized pyramidal TIFF, its tiles in a directory, every tile read again, a table of them."""
    small = pyvips.Image.tiffload(str(slide), access="sequential").resize(MPP / TARGET_MPP)
    small.tiffsave(str(out / "slide.tif"), tile=True, pyramid=True, compression="jpeg", Q=QUALITY)
    whole = pyvips.Image.new_from_file(str(out / "slide.tif"))
    suffix = f".jpg[Q={QUALITY}]"
    whole.dzsave(str(out / "slide"), suffix=suffix, tile_size=TILE_PX, overlap=0, depth="one")
    rows = [(path, *measured(path)) for path in sorted(out.glob("slide_files/*/*.jpg"))]
    with (out / "tiles.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return len(rows)


def measured(path: Path) -> tuple[float, float]:
    """Variance of the Laplacian and share of tissue by Otsu's threshold of a tile file."""
    import cv2

    bgr = cv2.imread(str(path))
    if bgr is None:
        raise OSError(f"{path}: does not decode")
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    _, glass = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var()), 1 - float(glass.mean() / 255)


def dzsave(slide: Path, out: Path) -> int:
    """The viewer pyramid of the slide at its own resolution, in one zip."""
    return _zipped(pyvips.Image.tiffload(str(slide), page=0, access="sequential"), out)


def resize(slide: Path, out: Path) -> int:
    """The viewer pyramid at the target resolution, in one zip."""
    image = pyvips.Image.tiffload(str(slide), page=0, access="sequential")
    return _zipped(image.resize(MPP / TARGET_MPP), out)


def _zipped(image: pyvips.Image, out: Path) -> int:
    path = str(out / "slide.zip")
    image.dzsave(path, container="zip", tile_size=TILE_PX, overlap=0, Q=QUALITY)
    return int(-(-image.width // TILE_PX) * -(-image.height // TILE_PX))


def main() -> None:
    """Command line of the three."""
    chains = {"naive": naive, "dzsave": dzsave, "resize": resize}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chain", choices=chains)
    parser.add_argument("slide", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    print(chains[given.chain](given.slide, given.out))


if __name__ == "__main__":
    main()
