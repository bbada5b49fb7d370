"""collect_tiles over a synthetic cohort: collect.py FOLDER SLIDES TILES."""

import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

import pyarrow as pa
import yaml
from grossing.cohort import collect
from grossing.cohort.patch_writer import PatchWriter
from grossing.columns import tile_metrics
from grossing.support import parquet

CONFIG = Path(__file__).resolve().parents[1] / "config/config.yaml"
LIMITS = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["thresholds"]


class SameTiles(collect.TileTables):
    """One file of candidate tiles, read as often as there are slides."""

    def read(self, slide_id: str) -> pa.Table:
        table = super().read(next(iter(self.metrics)))
        column = pa.repeat(pa.scalar(slide_id), table.num_rows)
        return table.set_column(table.column_names.index("slide_id"), "slide_id", column)


def main(folder: Path, slides: int, tiles: int) -> None:
    """Collect a cohort of slides that have the same tiles."""
    dice = random.Random(0)
    rows = [
        {
            "slide_id": "S0",
            "tile_path": f"slide_files/15/{number}_0.jpeg",
            "tile_offset": number * 30_000,
            "tile_bytes": 30_000,
            "lost": False,
            "tissue_fraction": dice.random(),
            "pen_fraction": 0.0,
            "focus": dice.random(),
        }
        for number in range(tiles)
    ]
    metrics = folder / "S0.parquet"
    parquet.write(rows, tile_metrics.COLUMNS, metrics)
    verdict = {"qc_status": "PASS", "qc_reasons": None, "split": "train"}
    ids = [f"S{number}" for number in range(slides)]
    verdicts = pa.Table.from_pylist([verdict | {"slide_id": slide_id} for slide_id in ids])
    every = SameTiles(dict.fromkeys(ids, metrics))
    with PatchWriter(
        folder / "patches.parquet", folder / "patches.csv", csv_rows_max=5_000_000
    ) as writer:
        collect.tiles(verdicts, every, writer, limits=LIMITS, container="zip")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
