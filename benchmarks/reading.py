"""CPU seconds per gigapixel of reading level 0 in blocks of 512 px by one reader.

Opening and imports are not counted. The last line printed is JSON.
Example: reading.py slide.svs auto 8192
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK_PX = 512


def blocks(side_px: int) -> Iterator[tuple[int, int]]:
    """Corners of the blocks, row by row."""
    for y in range(0, side_px, BLOCK_PX):
        for x in range(0, side_px, BLOCK_PX):
            yield x, y


def opened(path: Path, reader: str) -> tuple[str, Callable[[int, int], Any]]:
    """Name of the reader that reads a slide, and what reads a block of it."""
    if reader == "fastslide":
        import fastslide  # in an environment of its own

        slide = fastslide.FastSlide.from_file_path(str(path))
        size = (BLOCK_PX, BLOCK_PX)
        return reader, lambda x, y: slide.read_region((x, y), 0, size).numpy()
    sys.path.append(str(ROOT / "scripts"))
    import cv2
    import numpy as np
    from grossing.slide import facts, opening, readers

    cv2.setNumThreads(1)
    with opening.Slide(path) as slide:
        file = facts.file_facts(slide)
    glass = np.full(3, 255, np.uint8)
    opened = readers.open_reader(path, file=file, level=0, glass=glass, prefer=reader)
    return opened.name, lambda x, y: opened.read(x, y, BLOCK_PX, BLOCK_PX).rgb


def read(path: Path, reader: str, side_px: int) -> dict[str, Any]:
    """Read all blocks of a slide; CPU time of this process without opening, and its wall time."""
    try:
        name, read_block = opened(path, reader)
    except RuntimeError as error:  # fastslide knows the format, but not this file
        if reader != "fastslide":
            raise
        return {"reader": f"fastslide does not open it: {error}"}
    start = time.process_time()
    for x, y in blocks(side_px):
        read_block(x, y)
    return {"reader": name, "cpu_s_per_gpx": (time.process_time() - start) / (side_px**2 / 1e9)}


if __name__ == "__main__":
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    print(json.dumps(read(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
