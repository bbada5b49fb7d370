"""CPU time of a tile on its way to training: `Tiles`, loose JPEG files, WebDataset.

Tiles of 512 px as the workflow writes them; each way yields the same RGB pixels, in their order and
in a random one, from a warm cache, without start-up, held in batches of 64 as a DataLoader holds
them. Every row is run once per round, in turning order; prints medians, and the median of the
ratios within a round. Example: training.py 16
"""

import io
import itertools
import json
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

import make_slide
import training_cohort
from grossing import Tiles, TileSampler
from stages import CONFIG

WORK = ROOT / "benchmarks/work/training"
SLIDE_PX, BATCH = 20000, 64
REGION = ROOT / "tests/data/CMU-1-Small-Region.svs"

Pictures = Iterator[np.ndarray]
#: numbers of tiles -> their pictures
Way = Callable[[list[int]], Pictures]


def prepared() -> Tiles:
    """The tiles of a synthetic slide, in its zip; also as loose files and as a shard."""
    table = WORK / "results/cohort/p.parquet"
    if not (WORK / "tiles.tar").exists():
        WORK.mkdir(parents=True, exist_ok=True)
        make_slide.make_slide(REGION, WORK / "slide.svs", SLIDE_PX, SLIDE_PX)
        training_cohort.run(WORK / "results", WORK / "slide.svs", "zip", CONFIG["tiles"])
        (WORK / "files").mkdir()
        zipped = (WORK / "results/tiles/A.1.zip").read_bytes()
        with webdataset.TarWriter(str(WORK / "tiles.part"), encoder=False) as tar:
            for number, row in enumerate(Tiles(table).rows.to_pylist()):
                start = row["tile_offset"]
                data = zipped[start : start + row["tile_bytes"]]
                (WORK / f"files/{number}.jpg").write_bytes(data)
                facts = json.dumps(row).encode()
                tar.write({"__key__": f"{number:08d}", "jpg": data, "json": facts})
        (WORK / "tiles.part").rename(WORK / "tiles.tar")
    return Tiles(table)


def from_tiles(tiles: Tiles) -> Way:
    """Batches as a DataLoader asks for them, with their rows."""

    def read(numbers: list[int]) -> Pictures:
        for start in range(0, len(numbers), BATCH):
            yield from (pixels for pixels, _ in tiles.__getitems__(numbers[start : start + BATCH]))

    return read


def from_files(numbers: list[int]) -> Pictures:
    """By OpenCV, in its fastest way to RGB."""
    return (cv2.imread(f"{WORK}/files/{n}.jpg", cv2.IMREAD_COLOR_RGB) for n in numbers)


def from_files_in_two_steps(numbers: list[int]) -> Pictures:
    """By OpenCV as most people do, from BGR."""
    return (cv2.cvtColor(cv2.imread(f"{WORK}/files/{n}.jpg"), cv2.COLOR_BGR2RGB) for n in numbers)


def from_files_by_pillow(numbers: list[int]) -> Pictures:
    """As torchvision's ImageFolder reads."""
    return (np.array(Image.open(f"{WORK}/files/{n}.jpg").convert("RGB")) for n in numbers)


def from_shard(decode: Any, random: bool) -> Way:
    """The whole shard; in a random order by WebDataset's buffer."""

    def read(numbers: list[int]) -> Pictures:
        samples = webdataset.WebDataset(str(WORK / "tiles.tar"), shardshuffle=False)
        if random:
            samples = samples.shuffle(len(numbers))
        return (pixels for pixels, _ in samples.decode(decode).to_tuple("jpg", "json"))

    return read


def by_opencv(key: str, data: bytes) -> np.ndarray | None:
    """A decoder for WebDataset that costs less than its own, which is Pillow."""
    if not key.endswith("jpg"):
        return None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def ways(tiles: Tiles, random: bool) -> dict[str, Way]:
    """What is compared, `Tiles` first."""
    return {
        "`Tiles`": from_tiles(tiles),
        "files, OpenCV to RGB": from_files,
        "files, OpenCV, BGR to RGB": from_files_in_two_steps,
        "files, Pillow": from_files_by_pillow,
        'WebDataset, its `decode("rgb8")`': from_shard("rgb8", random),
        "WebDataset, decoded by OpenCV": from_shard(by_opencv, random),
    }


def checked(tiles: Tiles) -> None:
    """Raise ValueError unless every way yields the same pictures."""
    numbers = list(range(len(tiles)))
    for name, way in ways(tiles, random=False).items():
        for number, pixels in zip(numbers, way(numbers), strict=True):
            if not np.array_equal(pixels, tiles[number][0]):
                raise ValueError(f"{name}: tile {number} has other pixels than Tiles")


def main() -> None:
    """Print a table for each order."""
    cv2.setNumThreads(1)
    tiles, rounds = prepared(), int(sys.argv[1]) if sys.argv[1:] else 12
    checked(tiles)
    out = io.StringIO()
    for random in (False, True):
        order = TileSampler(tiles) if random else range(len(tiles))
        costs: dict[str, list[float]] = {name: [] for name in ways(tiles, random)}
        for turn in range(rounds):
            numbers = list(order)
            for name, way in list(ways(tiles, random).items())[:: -1 if turn % 2 else 1]:
                start = time.process_time()
                pictures, count = way(numbers), 0
                while batch := list(itertools.islice(pictures, BATCH)):
                    count += len(batch)
                costs[name].append((time.process_time() - start) / count * 1000)
        first = next(iter(costs.values()))
        print(
            f"{'random' if random else 'in order'}, {len(tiles)} tiles, {rounds} rounds", file=out
        )
        for name, found in costs.items():
            times = median(other / ours for other, ours in zip(found, first, strict=True))
            print(f"| {name} | {median(found):.2f} | {times:.2f} |", file=out)
    print(out.getvalue(), end="")


if __name__ == "__main__":
    main()
