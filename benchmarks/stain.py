"""CPU time of stain normalisation per tile of 256 px, beside torchstain's own, on the real slide.

Every row is run once per round, rows in alternation; medians of 15 rounds. The encoding of a tile
is shown for scale. Example: OPENBLAS_NUM_THREADS=1 benchmarks/stain.py
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import openslide
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer, NumpyReinhardNormalizer

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

from grossing.stain import fit as stain_fit
from grossing.stain import normalisation, optical_density, statistics
from grossing.stain.reference import SHIPPED
from grossing.support import images

ROUNDS, PASSES, SIDE = 15, 5, 256


def tiles() -> list[np.ndarray]:
    """Tiles full of tissue, (256, 256, 3) uint8."""
    with openslide.OpenSlide(ROOT / "tests/data/CMU-1-Small-Region.svs") as slide:
        places = [(x, y) for x in range(640, 1408, SIDE) for y in range(1024, 1792, SIDE)]
        read = [np.asarray(slide.read_region(at, 0, (SIDE, SIDE))) for at in places]
    return [np.ascontiguousarray(tile[..., :3]) for tile in read]


def rows(pictures: list[np.ndarray]) -> dict[str, Callable[[np.ndarray], object]]:
    """What is compared: name -> work on one tile."""
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
    macenko, reinhard = stain_fit.fit(pixels), stain_fit.fit(pixels, method="reinhard")
    theirs, other = NumpyMacenkoNormalizer(), NumpyReinhardNormalizer()
    target = SHIPPED.macenko
    assert target is not None
    theirs.HERef, theirs.maxCRef = stain_fit.matrix(target), np.array(target.max_c)
    other.fit(pictures[0])
    return {
        "macenko, one fit per slide": lambda tile: normalisation.apply(macenko, tile),
        "macenko, one fit per tile": lambda tile: normalisation.apply(stain_fit.fit(tile), tile),
        "torchstain macenko": lambda tile: theirs.normalize(tile, stains=False),
        "reinhard, one fit per slide": lambda tile: normalisation.apply(reinhard, tile),
        "torchstain reinhard": other.normalize,
        "separation": optical_density.separate,
        "JPEG encoding": lambda tile: images.jpeg(tile, quality=85),
    }


def main() -> None:
    """Print the table, and what a slide's fit costs."""
    cv2.setNumThreads(1)
    pictures = tiles()
    work = rows(pictures)
    work |= {"(a slide's fits)": lambda _: None}
    pool = np.tile(np.concatenate([p.reshape(-1, 3) for p in pictures]), (2, 1))
    costs: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, each in work.items():
            start = time.process_time()
            for picture in PASSES * pictures:
                each(picture)
            costs[name].append((time.process_time() - start) / len(pictures) / PASSES * 1000)
        start = time.process_time()
        statistics.measure(pool, (243, 243, 243), is_he=True)
        costs["(a slide's fits)"][-1] = (time.process_time() - start) * 1000
    for name, found in costs.items():
        print(f"{name:30s} {median(found):8.2f} ms")


if __name__ == "__main__":
    main()
