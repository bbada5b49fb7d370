"""CPU time of a tile on its way to training: `Tiles`, loose JPEG files, WebDataset.

Tiles of 512 px as the workflow writes them; each way yields the same RGB pixels, which is checked
first, in their order and in a random one, from a warm cache, without start-up, held in batches of
64 as a DataLoader holds them. Every way is run once per round, in turning order. The last line
printed is JSON: by order and way the median of CPU milliseconds a tile, and that of the ratios to
`Tiles` within a round. Example: training.py slide.svs folder 16
"""

import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import webdataset
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("scripts", "tests", "tests/data")]

import training_cohort
from grossing import Tiles, TileSampler
from stages import CONFIG

BATCH = 64

Pictures = Iterator[np.ndarray]
#: numbers of tiles -> their pictures
Way = Callable[[list[int]], Pictures]


def prepared(slide: Path, work: Path) -> Tiles:
    """The tiles of a slide, in its zip; also as loose files and as a shard."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "files").mkdir(parents=True)
    training_cohort.run(work / "results", slide, "zip", CONFIG["tiles"])
    zipped = (work / "results/tiles/A.1.zip").read_bytes()
    tiles = Tiles(work / "results/cohort/p.parquet")
    with webdataset.TarWriter(str(work / "tiles.tar"), encoder=False) as tar:
        for number, row in enumerate(tiles.rows.to_pylist()):
            start = row["tile_offset"]
            data = zipped[start : start + row["tile_bytes"]]
            (work / f"files/{number}.jpg").write_bytes(data)
            facts = json.dumps(row).encode()
            tar.write({"__key__": f"{number:08d}", "jpg": data, "json": facts})
    return tiles


def from_tiles(tiles: Tiles) -> Way:
    """Batches as a DataLoader asks for them, with their rows."""

    def read(numbers: list[int]) -> Pictures:
        for start in range(0, len(numbers), BATCH):
            yield from (pixels for pixels, _ in tiles.__getitems__(numbers[start : start + BATCH]))

    return read


def from_files(decode: Callable[[str], np.ndarray], work: Path) -> Way:
    """Loose files by one of several decoders."""
    return lambda numbers: (decode(f"{work}/files/{number}.jpg") for number in numbers)


def rgb_by_opencv(path: str) -> np.ndarray:
    """OpenCV in its fastest way to RGB."""
    return cv2.imread(path, cv2.IMREAD_COLOR_RGB)


def two_steps_by_opencv(path: str) -> np.ndarray:
    """OpenCV as most people do, from BGR."""
    return cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)


def by_pillow(path: str) -> np.ndarray:
    """As torchvision's ImageFolder reads."""
    return np.array(Image.open(path).convert("RGB"))


def from_shard(decode: Any, work: Path, random: bool) -> Way:
    """The whole shard; in a random order by WebDataset's buffer."""

    def read(numbers: list[int]) -> Pictures:
        samples = webdataset.WebDataset(str(work / "tiles.tar"), shardshuffle=False)
        if random:
            samples = samples.shuffle(len(numbers))
        return (pixels for pixels, _ in samples.decode(decode).to_tuple("jpg", "json"))

    return read


def by_opencv(key: str, data: bytes) -> np.ndarray | None:
    """A decoder for WebDataset that costs less than its own, which is Pillow."""
    if not key.endswith("jpg"):
        return None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def ways(tiles: Tiles, work: Path, random: bool) -> dict[str, Way]:
    """What is compared, `Tiles` first."""
    return {
        "`Tiles`": from_tiles(tiles),
        "files, OpenCV to RGB": from_files(rgb_by_opencv, work),
        "files, OpenCV, BGR to RGB": from_files(two_steps_by_opencv, work),
        "files, Pillow": from_files(by_pillow, work),
        'WebDataset, its `decode("rgb8")`': from_shard("rgb8", work, random),
        "WebDataset, decoded by OpenCV": from_shard(by_opencv, work, random),
    }


def check(tiles: Tiles, work: Path) -> None:
    """Raise ValueError unless every way yields the same pictures."""
    numbers = list(range(len(tiles)))
    for name, way in ways(tiles, work, random=False).items():
        for number, pixels in zip(numbers, way(numbers), strict=True):
            if not np.array_equal(pixels, tiles[number][0]):
                raise ValueError(f"{name}: tile {number} has other pixels than Tiles")


def costs(tiles: Tiles, work: Path, rounds: int, random: bool) -> dict[str, list[float]]:
    """CPU milliseconds a tile of each way, by round."""
    order = TileSampler(tiles) if random else range(len(tiles))
    each: dict[str, list[float]] = {name: [] for name in ways(tiles, work, random)}
    for turn in range(rounds):
        numbers = list(order)
        for name, way in list(ways(tiles, work, random).items())[:: -1 if turn % 2 else 1]:
            start = time.process_time()
            pictures, count = way(numbers), 0
            while batch := list(itertools.islice(pictures, BATCH)):
                count += len(batch)
            each[name].append((time.process_time() - start) / count * 1000)
    return each


def main() -> None:
    """Command line: a slide, a folder for its tiles, the number of rounds."""
    cv2.setNumThreads(1)
    slide, work, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    tiles = prepared(slide, work)
    check(tiles, work)
    figures: dict[str, Any] = {"tiles": len(tiles)}
    for order in ("in order", "random"):
        found = costs(tiles, work, rounds, order == "random")
        first = next(iter(found.values()))
        for name, each in found.items():
            times = median(other / ours for other, ours in zip(each, first, strict=True))
            figures[f"{order}: {name}"] = {"ms": median(each), "times": times}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
