"""One slide through the stages of the library, with the shipped configuration."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from grossing.cohort.decide import Criteria
from grossing.columns import tile_metrics
from grossing.measure import slide as measure_slide
from grossing.measure.measured import Measured
from grossing.slide.record import SlideRecord
from grossing.support import parquet
from grossing.tiles import tile_loop
from grossing.tiles.options import TileOptions
from running import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
TARGET = {key: CONFIG[key] for key in ("target_mpp", "target_mpp_tolerance")}
#: what slides and tiles are judged by
CRITERIA = Criteria.from_config(thresholds=CONFIG["thresholds"], **TARGET)
#: config section of lossless tiles of 256 px
PNG = CONFIG["tiles"] | {"format": "png", "size_px": 256}

#: keys of the section `nuclei` that are limits of the cohort's table
NUCLEI_LIMITS = ("median_area_um2_min", "median_area_um2_max")


def section(name: str, *without: str) -> dict[str, Any]:
    """A section of the configuration as keywords of its stage; `enabled` is for the workflow."""
    return {key: value for key, value in CONFIG[name].items() if key not in ("enabled", *without)}


def measured(path: Path, mpp: float | None = None, stain: str = "", **more: Any) -> Measured:
    """A slide as `measure_slide` measures it; `slide_id` is A.1 unless given."""
    options = {"slide_id": "A.1", "mpp_from_objective": CONFIG["mpp_from_objective"]} | more
    return measure_slide.measure(
        path,
        given_mpp=mpp,
        given_stain=stain,
        tissue=CONFIG["tissue"],
        focus=CONFIG["focus"],
        **options,
    )


def cut(
    path: Path,
    found: Measured,
    container: Path | None,
    options: dict[str, Any] = PNG,
    passed: bool = True,
    **more: Any,
) -> list[dict[str, Any]]:
    """Tiles of a measured slide in a container, and their rows."""
    tiled = tile_loop.tile(
        path,
        found.record,
        found.mask,
        found.overview,
        container=container,
        passed=passed,
        tiles=TileOptions.from_config(options),
        **(TARGET | more),
    )
    grid = tiled.grid
    return [dict(row.to_row(tiled.slide_id, grid)) for row in tiled.rows] if grid else []


def with_stain(record: SlideRecord, **values: Any) -> SlideRecord:
    """A measured slide with other values of its stain measures."""
    slide = record.usable()
    stain = replace(slide.measures.stain, **values)
    return replace(record, measures=replace(slide.measures, stain=stain))


def write_rows(rows: list[dict[str, Any]], path: Path) -> None:
    """The table of a slide's tiles."""
    parquet.write(rows, tile_metrics.COLUMNS, path)


def members(container: Path) -> dict[str, bytes]:
    """Every member of a zip or a folder by name."""
    if container.is_dir():
        files = (file for file in container.rglob("*") if file.is_file())
        return {str(file.relative_to(container)): file.read_bytes() for file in files}
    with zipfile.ZipFile(container) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def full_resolution(made: dict[str, bytes]) -> dict[str, bytes]:
    """The members of a pyramid's highest level."""
    level = max(int(name.split("/")[1]) for name in made if "/" in name)
    return {name: data for name, data in made.items() if f"/{level}/" in name}


def decoded(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a JPEG or PNG."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
