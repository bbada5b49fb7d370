"""CPU time of `measure_nuclei` per tile on the real slide: decoding, rim, measuring, writing.

Prints one line per run. Example: nuclei.py --runs 3
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # as Snakemake
ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

import cv2
import yaml
from grossing.measure import slide as measure_slide
from grossing.nuclei import slide_nuclei
from grossing.support import tables
from grossing.tiles import stored_tiles, tile_loop

SLIDE = ROOT / "tests/data/CMU-1-Small-Region.svs"


def main() -> None:
    """Command line: tile the slide once, find its nuclei some times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--geojson", action="store_true", help="write outlines too")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    options = {k: v for k, v in config["nuclei"].items() if k not in ("enabled", "geojson")}
    place = {"slide_id": "slide", "given_mpp": None, "given_stain": ""}
    sections = {key: config[key] for key in ("mpp_from_objective", "tissue", "focus")}
    grid = {key: config[key] for key in ("tiles", "target_mpp", "target_mpp_tolerance")}
    measured = measure_slide.slide(SLIDE, **place, **sections)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        to = {"container": out / "tiles.zip", "passed": True}
        rows = tile_loop.slide(SLIDE, measured.record, measured.mask, **to, **grid)
        tables.write_parquet(tables.from_rows(rows, tables.TILE_METRICS), out / "tiles.parquet")
        for _ in range(given.runs):
            start = time.process_time()
            with (
                stored_tiles.TileSet(out / "tiles.zip", out / "tiles.parquet") as found,
                slide_nuclei.Writer(
                    out / "nuclei.parquet", out / "nuclei.geojson" if given.geojson else None
                ) as writer,
            ):
                slide_nuclei.measure(
                    found, measured.record, measured.mask, writer, given_stain="", options=options
                )
            cpu_s = time.process_time() - start
            print(
                f"{cpu_s / len(rows):.3f} CPU s a tile; {len(rows)} tiles, {writer.written} nuclei"
            )


if __name__ == "__main__":
    main()
