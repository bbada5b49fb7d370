"""CPU time of `measure_nuclei` per tile on the real slide: decoding, rim, measuring, writing.

Prints one line per run. Example: nuclei.py --runs 3
"""

import argparse
import dataclasses
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
from grossing.nuclei.options import NucleiOptions
from grossing.tiles import tile_loop
from grossing.tiles.options import TileOptions

SLIDE = ROOT / "tests/data/CMU-1-Small-Region.svs"


def main() -> None:
    """Command line: tile the slide once, find its nuclei some times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--geojson", action="store_true", help="write outlines too")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    names = [field.name for field in dataclasses.fields(NucleiOptions)]
    section = {name: config["nuclei"][name] for name in names}
    place = {"slide_id": "slide", "given_mpp": None, "given_stain": ""}
    sections = {key: config[key] for key in ("mpp_from_objective", "tissue", "focus")}
    grid = {key: config[key] for key in ("target_mpp", "target_mpp_tolerance")}
    measured = measure_slide.measure(SLIDE, **place, **sections)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        tiles = tile_loop.tile(
            SLIDE,
            measured.record,
            measured.mask,
            container=out / "tiles.zip",
            passed=True,
            tiles=TileOptions.from_config(config["tiles"]),
            **grid,
        )
        tiles.write(out / "tiles.parquet")
        for _ in range(given.runs):
            start = time.process_time()
            counts = slide_nuclei.measure(
                out / "tiles.zip",
                out / "tiles.parquet",
                out / "nuclei.parquet",
                out / "nuclei.geojson" if given.geojson else None,
                record=measured.record,
                mask=measured.mask,
                given_stain="",
                options=NucleiOptions(**section),
            )
            cpu_s = (time.process_time() - start) / len(tiles.rows)
            nuclei = sum(row.nuclei_count or 0 for row in counts.rows)
            print(f"{cpu_s:.3f} CPU s a tile; {len(tiles.rows)} tiles, {nuclei} nuclei")


if __name__ == "__main__":
    main()
