"""CPU seconds per gigapixel of reading level 0 in blocks of 512 px, by format and reader.

The same picture in every format; readers in alternation, each in a process of its own, opening and
imports not counted. Rounds: BENCH_ROUNDS (4). fastslide runs where `make bench-reading` installed
it. Writes reading.json beside this file. Example: reading.py
"""

import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FASTSLIDE = HERE / ".fastslide/bin/python"
SLIDES = HERE / "slides/reading"
SIDE_PX, BLOCK_PX = 8192, 512
READERS = ("auto", "openslide", "fastslide")
#: format -> file of the slide
FORMATS = {
    "Aperio SVS": "aperio.svs",
    "OME-TIFF, generic TIFF": "generic.ome.tif",
    "Philips TIFF": "philips.tiff",
    "Leica SCN": "leica.scn",
    "Hamamatsu NDPI": "hamamatsu.ndpi",
    "DICOM, TILED_FULL": "dicom/0.dcm",
    "Aperio SVS, JPEG 2000": "jpeg2000.svs",
}


def blocks() -> Iterator[tuple[int, int]]:
    """Corners of the blocks, row by row."""
    for y in range(0, SIDE_PX, BLOCK_PX):
        for x in range(0, SIDE_PX, BLOCK_PX):
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


def read(path: Path, reader: str) -> dict[str, Any]:
    """Read all blocks of a slide; CPU time of this process without opening."""
    name, read_block = opened(path, reader)
    start = time.process_time()
    for x, y in blocks():
        read_block(x, y)
    return {"reader": name, "cpu_s_per_gpx": (time.process_time() - start) / (SIDE_PX**2 / 1e9)}


def make_slides() -> None:
    """Write the slides that are missing."""
    if all((SLIDES / name).exists() for name in FORMATS.values()):
        return
    sys.path.append(str(ROOT / "tests/data"))
    import make_tagged_dicom
    import numpy as np
    import openslide
    import tiled_formats
    from make_slide import make_slide

    SLIDES.mkdir(parents=True, exist_ok=True)
    aperio = SLIDES / FORMATS["Aperio SVS"]
    region = ROOT / "tests/data/CMU-1-Small-Region.svs"
    make_slide(
        region, aperio, SIDE_PX, SIDE_PX, tissue_fraction=0.75, blurred_fraction=0, pen=False
    )
    with openslide.OpenSlide(aperio) as slide:
        rgb = np.array(slide.read_region((0, 0), 0, (SIDE_PX, SIDE_PX)).convert("RGB"))
    tiled_formats.ome(SLIDES / "generic.ome.tif", rgb)
    tiled_formats.philips(SLIDES / "philips.tiff", rgb)
    tiled_formats.leica(SLIDES / "leica.scn", [(rgb, (0, 0))], (SIDE_PX + 64, SIDE_PX + 64))
    tiled_formats.ndpi(SLIDES / "hamamatsu.ndpi", rgb, interval_px=1024)
    make_tagged_dicom.make_dicom(SLIDES / "dicom", rgb, 0.25)
    tiled_formats.jpeg2000(SLIDES / "jpeg2000.svs", rgb)


def run(path: Path, reader: str) -> dict[str, Any] | None:
    """`read` in a process of its own; None where the reader does not open the slide."""
    python = FASTSLIDE if reader == "fastslide" else sys.executable
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [python, __file__, "--one", path, reader]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        if reader != "fastslide":
            raise RuntimeError(done.stderr[-2000:])
        return None
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(rounds: int) -> dict[str, dict[str, Any]]:
    """format -> reader -> median and all figures."""
    readers = [name for name in READERS if name != "fastslide" or FASTSLIDE.exists()]
    runs: dict[str, dict[str, list[dict[str, Any] | None]]] = {}
    for turn in range(rounds):
        for form, name in FORMATS.items():
            for reader in readers:
                cost = run(SLIDES / name, reader)
                runs.setdefault(form, {}).setdefault(reader, []).append(cost)
                print(f"{turn + 1}/{rounds} {form}: {reader}", file=sys.stderr)
    return {
        form: {reader: _summary(costs) for reader, costs in each.items()}
        for form, each in runs.items()
    }


def _summary(costs: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    kept = [cost for cost in costs if cost is not None]
    if not kept:
        return None
    each = [round(cost["cpu_s_per_gpx"], 2) for cost in kept]
    return {"reader": kept[0]["reader"], "cpu_s_per_gpx": statistics.median(each), "each": each}


def report(results: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    print("| format | reader | CPU s per gigapixel | through OpenSlide | ratio | fastslide |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for form, row in results.items():
        ours, theirs = (row[reader]["cpu_s_per_gpx"] for reader in READERS[:2])
        peer = row.get("fastslide")
        figures = [f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}"]
        figures.append(f"{peer['cpu_s_per_gpx']:.1f}" if peer else "")
        print(f"| {form} | {row['auto']['reader']} | {' | '.join(figures)} |")


def main() -> None:
    """All formats, or `--one SLIDE READER`."""
    if sys.argv[1:2] == ["--one"]:
        sys.stdout, stdout = io.StringIO(), sys.stdout
        stdout.write(json.dumps(read(Path(sys.argv[2]), sys.argv[3])))
        return
    make_slides()
    results = measure(int(os.environ.get("BENCH_ROUNDS", "4")))
    (HERE / "reading.json").write_text(json.dumps(results, indent=1) + "\n")
    report(results)


if __name__ == "__main__":
    main()
