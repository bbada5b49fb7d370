"""Tiles of a finished run against the pixels of the undamaged slide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet

BLOCK_PX = 4
#: A block of 4 x 4 px of a tile is wrong where its mean is further than this from that of the
#: undamaged slide, in grey levels of the worst channel. JPEG encoding of the tile moves the block
#: that it changes most by less than this.
BLOCK_DIFFERENCE_MAX = 20
#: A tile is wrong where more of its blocks are: 33 blocks of a tile of 512 px, 11 um of a side.
WRONG_BLOCKS_MAX = 0.002
#: A slide is wrong where more of its passing tiles are.
WRONG_SLIDE_FRACTION = 0.1
#: reasons that say that the pixels are not the slide's
DAMAGE = (
    "lost",
    "overview_difference",
    "seam_step",
    "absent_fraction",
    "decoders_disagree",
    "no_focus",
)
USED = ("PASS", "REVIEW")


@dataclass
class SlideResult:
    """What became of one slide: its verdict, and its tiles by truth and verdict."""

    slide_id: str
    base: str
    kind: str
    status: str
    reasons: str
    right_passing: int = 0
    wrong_passing: int = 0
    right_flagged: int = 0
    wrong_failing: int = 0
    without_pixels: int = 0
    wrong_tiles: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        """Whether a slide that can be trained from shows too many wrong tiles."""
        passing = self.right_passing + self.wrong_passing
        return self.wrong_passing > WRONG_SLIDE_FRACTION * passing


def wrong_fraction(tile: np.ndarray, row: Mapping[str, Any], truth: np.ndarray) -> float:
    """Share of a tile's blocks that do not show the undamaged slide.

    Parameters
    ----------
    tile : (N, N, 3) uint8
    row : of the tile table
    truth : (H, W, 3) uint8, level 0 of the undamaged slide, as much of it as the damaged one
        claims to have; beyond it, a tile must show glass
    """
    side, x, y = (int(row[key]) for key in ("size_level0_px", "x_level0_px", "y_level0_px"))
    expected = np.empty((side, side, 3), np.uint8)
    expected[:] = np.percentile(truth[::16, ::16], 90, axis=(0, 1))  # glass
    window = truth[y : y + side, x : x + side]
    expected[: window.shape[0], : window.shape[1]] = window
    small = (tile.shape[1] // BLOCK_PX, tile.shape[0] // BLOCK_PX)
    means = [cv2.resize(p, small, interpolation=cv2.INTER_AREA) for p in (expected, tile)]
    apart = np.abs(means[0].astype(np.int16) - means[1]).max(axis=2)
    return float((apart > BLOCK_DIFFERENCE_MAX).mean())


def count_tiles(
    result: SlideResult, rows: list[dict[str, Any]], results: Path, truth: np.ndarray
) -> None:
    """Add the candidate tiles of a slide to its result."""
    for row in rows:
        used = row["qc_status_tile"] == "PASS" and row["qc_status"] in USED
        reasons = (row["qc_reasons_tile"] or "").split(";")
        flagged = any(reason.startswith(DAMAGE) for reason in reasons)
        tile = _pixels(results, row)
        if tile is None:
            result.without_pixels += 1
        elif wrong_fraction(tile, row, truth) > WRONG_BLOCKS_MAX:
            result.wrong_passing += used
            result.wrong_failing += not used
            if used:
                result.wrong_tiles.append(f"{row['tile_col']}_{row['tile_row']}")
        else:
            result.right_passing += used
            result.right_flagged += flagged


def tiles_by_slide(results: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the tile table by slide."""
    tiles: dict[str, list[dict[str, Any]]] = {}
    table = pyarrow.parquet.read_table(results / "cohort/patch_cohort.parquet")
    for row in table.to_pylist():
        tiles.setdefault(row["slide_id"], []).append(row)
    return tiles


def _pixels(results: Path, row: Mapping[str, Any]) -> np.ndarray | None:
    """(N, N, 3) uint8 RGB of a tile; None where it has no pixels."""
    if row["tile_offset"] is None:
        return None
    with (results / row["tile_container"]).open("rb") as container:
        container.seek(row["tile_offset"])
        data = container.read(row["tile_bytes"])
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)
