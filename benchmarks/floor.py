"""The least that exact pixels cost: stored JPEG tiles decoded, shrunk, encoded, nothing measured.

Exactly the stored tiles that the candidates need are decoded by libjpeg-turbo (simplejpeg), each
is shrunk by area averaging into its place, and tiles and lower viewer levels are encoded at Q85,
in one process. Which tiles these are is listed before (`list`), which is not part of the cost. The
last line printed is JSON: tiles, stored tiles, CPU seconds of the work without start and imports.

Example: floor.py list slide.svs facts list.npz 256; floor.py run slide.svs list.npz out
"""

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

from grossing.tiles import deepzoom

QUALITY = 85
MPP, TARGET_MPP = 0.25, 0.5
FACTOR = round(TARGET_MPP / MPP)


class OneFile:
    """Members one after the other in a file (`deepzoom.Container`)."""

    def __init__(self, path: Path) -> None:
        self.path, self._file = path, path.open("wb")

    def add(self, name: str, data: bytes) -> deepzoom.Member:
        offset = self._file.tell()
        self._file.write(data)
        return deepzoom.Member(name, offset, len(data))

    def finish(self) -> None:
        self._file.close()

    discard = finish


def listed(slide: Path, facts: Path, path: Path, size_px: int) -> None:
    """Write which stored tiles the candidates of a measured slide need.

    Raises
    ------
    ValueError : tiles are not made of whole stored tiles, or these do not have equal headers.
    """
    from grossing.mask import labels
    from grossing.slide import grid as grids
    from grossing.slide import raw_tiff, tiff_directory
    from grossing.slide.record import SlideRecord
    from grossing.tiles import tile_loop

    record = SlideRecord.read(facts / "facts.json").usable()
    grid = grids.make(
        record.file.bounds, MPP, size_px=size_px, target_mpp=TARGET_MPP, target_mpp_tolerance=0.02
    )
    mask = labels.read(facts / "mask.png")
    rows = tile_loop.candidates(mask, grid, record.measures.areas.overview_downsample)
    with tiff_directory.Source(slide) as source:
        pages = tiff_directory.directories(source)
        layout = raw_tiff.layout(next(page for page in pages if raw_tiff.TILE_WIDTH in page))
        places = np.array([stored(row.place, grid.side_level0_px, layout) for row in rows])
        first = source.at(int(layout.offsets[places.max()]), int(layout.byte_counts[places.max()]))
        head, cut = headers(first, layout.completed(first))
        for number in np.unique(places[places >= 0]).tolist():
            data = source.at(int(layout.offsets[number]), int(layout.byte_counts[number]))
            if head + data[cut:] != layout.completed(data):
                raise ValueError(f"stored tile {number} has headers of its own")
    np.savez(
        path,
        tiles=np.array([row.place for row in rows]),
        offsets=np.where(places >= 0, layout.offsets[places], 0),
        sizes=np.where(places >= 0, layout.byte_counts[places], 0),
        head=np.frombuffer(head, np.uint8),
        cut=cut,
        stored_px=layout.tile_width,
        size_px=size_px,
        picture=(grid.padded_width_px, grid.padded_height_px),
    )


def stored(place: tuple[int, int], side: int, layout: object) -> list[int]:
    """Numbers of the stored tiles of one tile, row by row; -1 outside the picture."""
    wide = layout.tile_width
    if layout.tile_height != wide or side % wide or wide % FACTOR:
        raise ValueError(f"tiles of {side} px are not made of whole stored tiles of {wide} px")
    across, down = -(-layout.width // wide), -(-layout.height // wide)
    each = side // wide
    places = [
        (place[0] * each + column, place[1] * each + row)
        for row in range(each)
        for column in range(each)
    ]
    return [y * across + x if x < across and y < down else -1 for x, y in places]


def headers(stream: bytes, completed: bytes) -> tuple[bytes, int]:
    """What stands in a complete stream before what it shares with the stored one, from where."""
    shared = 0
    while shared < len(stream) and stream[-1 - shared] == completed[-1 - shared]:
        shared += 1
    return completed[: len(completed) - shared], len(stream) - shared


def run(slide: Path, list_path: Path, out: Path) -> dict[str, float]:
    """Decode, shrink and encode what is listed."""
    cv2.setNumThreads(1)
    with np.load(list_path) as given:
        known = {name: given[name] for name in given.files}
    start = time.process_time()
    size_px, part = int(known["size_px"]), int(known["stored_px"]) // FACTOR
    head, cut = known["head"].tobytes(), int(known["cut"])
    each = size_px // part
    corners = [(n % each * part, n // each * part) for n in range(each * each)]
    width, height = known["picture"].tolist()
    pyramid = deepzoom.Pyramid(
        OneFile(out / "tiles.bin"),
        name="slide",
        width=width,
        height=height,
        tile_px=size_px,
        suffix="jpeg",
        glass=np.full(3, 255, np.uint8),
        encode=encoded,
    )
    buffer = np.empty(int(known["stored_px"]) ** 2 * 3 + 8, np.uint8)[8:]  # as `jpeg_tiles._cached`
    with slide.open("rb", buffering=0) as file, pyramid:
        for place, offsets, sizes in zip(
            *(known[name].tolist() for name in ("tiles", "offsets", "sizes")), strict=True
        ):
            rgb = np.full((size_px, size_px, 3), 255, np.uint8)
            for (x, y), offset, size in zip(corners, offsets, sizes, strict=True):
                if not size:
                    continue
                file.seek(offset)
                tile = simplejpeg.decode_jpeg(head + file.read(size)[cut:], buffer=buffer)
                target = rgb[y : y + part, x : x + part]
                cv2.resize(tile, (part, part), dst=target, interpolation=cv2.INTER_AREA)
            pyramid.add(*place, encoded(rgb), deepzoom.half_size(rgb))
    return {
        "tiles": len(known["tiles"]),
        "stored_tiles": int((known["sizes"] > 0).sum()),
        "work_cpu_s": time.process_time() - start,
    }


def encoded(rgb: np.ndarray) -> bytes:
    """JPEG as our tiles are."""
    data: bytes = simplejpeg.encode_jpeg(rgb, QUALITY, "RGB", "420")
    return data


def main() -> None:
    """Command line of `list` and `run`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    first, second = modes.add_parser("list"), modes.add_parser("run")
    for name in ("slide", "facts", "list"):
        first.add_argument(name, type=Path)
    first.add_argument("size_px", type=int)
    for name in ("slide", "list", "out"):
        second.add_argument(name, type=Path)
    given = parser.parse_args()
    if given.mode == "list":
        listed(given.slide, given.facts, given.list, given.size_px)
    else:
        print(json.dumps(run(given.slide, given.list, given.out)))


if __name__ == "__main__":
    main()
