"""Coordinates for hs2p 6, which feeds slide2vec and so the foundation models.

Tiles are read from level 0 with the side that they have there, and brought to their size: so every
slide is stated exactly. hs2p accepts exactly the keys below; what it does not do here (its own
segmentation, filters of pixels) has the values with which it does nothing.

References
----------
.. [1] https://github.com/clemsgrs/hs2p, `hs2p/tiling/io.py` and `docs/artifacts.md` (6.1.0)
"""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from grossing.export.selection import (
    ExportSlide,
    Selection,
    Tiling,
    coordinates,
    each,
    side_level0_px,
)
from grossing.slide.record import SlideRecord
from grossing.support import files
from grossing.support.types import PathLike

BACKEND = "auto"
METHOD = "grossing"  # hs2p segments nothing: the tissue is that of the measured mask
GIVEN = ("sheet", "ome")  # sources of a resolution that hs2p's readers do not know
PROCESS_COLUMNS = (
    *("sample_id", "annotation", "output_mode", "image_path", "mask_path"),
    *("spacing_at_level_0", "requested_backend", "backend"),
    *("requested_mask_backend", "mask_backend", "tiling_status", "num_tiles"),
    *("coordinates_npz_path", "coordinates_meta_path", "tiles_tar_path"),
    *("mask_preview_path", "tiling_preview_path", "error", "traceback"),
)
Json = dict[str, Any]


def export(
    selection: Selection,
    facts: Mapping[str, Path],
    slides: Mapping[str, PathLike],
    folder: PathLike,
    tiling: Tiling,
    *,
    tissue_fraction_min: float,
) -> pa.Table:
    """Write `{slide_id}.coordinates.npz`, `.coordinates.meta.json` and `process_list.csv`.

    A slide without tiles has no npz.

    Parameters
    ----------
    selection : with the column `tissue_fraction`
    facts : JSON of each measured slide
    slides : path of the file of each slide
    tissue_fraction_min : threshold of the tiles

    Returns
    -------
    The table `exports`.
    """
    to, processed = Path(folder), list[Json]()
    to.mkdir(parents=True, exist_ok=True)

    def write(slide: ExportSlide, tiles: pa.Table) -> None:
        side = side_level0_px(slide, tiles, tiling)
        record = SlideRecord.read(facts[slide.slide_id])
        image = os.path.abspath(slides[slide.slide_id])
        meta = _provenance(slide, image) | _geometry(slide, record, side, tiling)
        meta["tiling"] |= {"n_tiles": tiles.num_rows, "min_tissue_fraction": tissue_fraction_min}
        npz, path = (to / f"{slide.slide_id}.coordinates.{end}" for end in ("npz", "meta.json"))
        if tiles.num_rows:
            _write_arrays(npz, tiles)
        files.write_json(meta | _unused(record), path)
        processed.append(_process_row(meta, npz if tiles.num_rows else None, path))

    outcome = each(selection, write)
    _write_process_list(to / "process_list.csv", processed)
    return selection.report("hs2p", outcome)


def _write_arrays(path: Path, tiles: pa.Table) -> None:
    """The npz: tiles ordered by x, then y."""
    xy, data = coordinates(tiles), io.BytesIO()
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    np.savez_compressed(
        data,
        tile_index=np.arange(len(xy), dtype=np.int32),
        x=xy[order, 0],
        y=xy[order, 1],
        tissue_fractions=tiles["tissue_fraction"].to_numpy()[order].astype(np.float32),
    )
    files.write(path, data.getvalue())


def _provenance(slide: ExportSlide, image: str) -> Json:
    return {
        "provenance": {
            "sample_id": slide.slide_id,
            "image_path": image,
            "mask_path": None,
            "backend": BACKEND,
            "requested_backend": BACKEND,
            "spacing_at_level_0": slide.mpp if slide.mpp_source in GIVEN else None,
            "mask_backend": None,
            "requested_mask_backend": None,
        },
        "artifact": {
            "coordinate_space": "level0_px",
            "tile_order": "x_then_y",
            "annotation": None,
            "selection_strategy": None,
            "output_mode": None,
        },
    }


def _geometry(slide: ExportSlide, record: SlideRecord, side: int, tiling: Tiling) -> Json:
    levels = record.usable().file.levels
    return {
        "slide": {
            "dimensions": [slide.width_px, slide.height_px],
            "base_spacing_um": slide.mpp,
            "level_downsamples": [level.downsample for level in levels],
        },
        "tiling": {
            "requested_tile_size_px": tiling.size_px,
            "requested_spacing_um": tiling.target_mpp,
            "read_level": 0,
            "read_tile_size_px": side,
            "read_spacing_um": slide.mpp,
            "tile_size_lv0": side,
            "tolerance": tiling.target_mpp_tolerance,
            "step_px_lv0": side,
            "overlap": 0.0,
            "is_within_tolerance": side == tiling.size_px,
        },
    }


def _unused(record: SlideRecord) -> Json:
    """Sections of what hs2p does not do here."""
    downsample = record.usable().measures.areas.overview_downsample
    segmentation: Json = dict.fromkeys(
        (
            *("sthresh", "sthresh_up", "mthresh", "close", "sam2_checkpoint_path"),
            *("sam2_config_path", "mask_path", "tissue_mask_tissue_value", "mask_level"),
            "mask_spacing_um",
        )
    )
    return {
        "segmentation": segmentation
        | {
            "tissue_method": METHOD,
            "requested_seg_downsample": round(downsample),
            "seg_downsample": round(downsample),
            "seg_level": 0,
            "seg_spacing_um": record.usable().resolution.mpp * downsample,
            "ref_tile_size_px": 16,
        },
        "filtering": {
            "a_t": 0,
            "a_h": 0,
            "filter_white": False,
            "filter_black": False,
            "white_threshold": 220,
            "black_threshold": 25,
            "fraction_threshold": 0.9,
            "filter_grayspace": False,
            "grayspace_saturation_threshold": 0.05,
            "grayspace_fraction_threshold": 0.6,
            "filter_blur": False,
            "blur_threshold": 50.0,
            "qc_spacing_um": 2.0,
        },
    }


def _process_row(meta: Json, npz: Path | None, path: Path) -> Json:
    return {
        **meta["provenance"],
        "annotation": "tissue",
        "tiling_status": "success",
        "num_tiles": meta["tiling"]["n_tiles"],
        "coordinates_npz_path": npz and npz.absolute(),
        "coordinates_meta_path": path.absolute(),
    }


def _write_process_list(path: Path, rows: list[Json]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, PROCESS_COLUMNS, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(rows)
    files.write(path, text.getvalue().encode())
