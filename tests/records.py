"""Records of slides and tables of tiles that tests judge; no file is read for them."""

import hashlib
from dataclasses import fields, replace
from typing import Any

import pyarrow as pa
from grossing.cohort.sheet import Sheet
from grossing.columns import tile_metrics
from grossing.columns.error_codes import ErrorCode
from grossing.slide.grid import Grid
from grossing.slide.identity import Identity, Stat
from grossing.slide.record import (
    Areas,
    Bounds,
    FileFacts,
    FocusMeasures,
    FocusPlaces,
    Level,
    Light,
    Measures,
    Picture,
    Probes,
    Resolution,
    SlideRecord,
    TissueMask,
)
from grossing.slide.stain_record import StainMeasures
from grossing.support import tables
from grossing.support.records import Refusal
from grossing.tiles.deepzoom import Member
from grossing.tiles.tile_measures import TileMeasures
from grossing.tiles.tile_row import TileRow

#: fields of the parts of a slide that passes
GOOD: dict[type, dict[str, Any]] = {
    FileFacts: {
        "vendor": "aperio",
        "width_px": 40_000,
        "height_px": 30_000,
        "levels": (Level(40_000, 30_000, 1.0),),
        "bounds": Bounds(0, 0, 40_000, 30_000),
        "objective": 40.0,
        "quickhash": None,
        "icc_bytes": 0,
    },
    Resolution: {
        "mpp": 0.25,
        "mpp_x": 0.25,
        "mpp_y": 0.25,
        "mpp_source": "file",
        "anisotropic": False,
    },
    Probes: {"probes": 5, "probes_failed": 0},
    Areas: {
        "overview_downsample": 32.0,
        "overview_lost_fraction": 0.0,
        "tissue_area_mm2": 50.0,
        "tissue_fraction": 0.6,
        "pen_fraction": 0.0,
        "fold_fraction": 0.0,
        "dark_spot_fraction": 0.0,
        "bubble_fraction": 0.0,
        "possible_pen_fraction": 0.0,
        "possible_pen_area_mm2": 0.0,
        "faint_tissue_fraction": 0.0,
        "thin_tissue_fraction": 0.0,
    },
    FocusMeasures: {
        "focus_tiles_failed": 0,
        "focus_median": 1.6,
        "sharpness_score": 300.0,
    },
    Light: {
        "background_r": 240,
        "background_g": 240,
        "background_b": 240,
        "brightness": 240.0,
        "contrast": 100.0,
    },
    StainMeasures: {"is_he": True},
    Picture: {"picture_hash": None},
    TissueMask: {},
}

PARTS = (Areas, FocusMeasures, Light, StainMeasures, Picture, TissueMask)


def good(
    slide_id: str = "a",
    *,
    content_hash: str | None = None,
    focus: tuple[float | None, ...] = (1.6,) * 10,
    **changes: Any,
) -> SlideRecord:
    """The record of a slide that passes, but for the values of some fields of its parts.

    Parameters
    ----------
    content_hash : by default one that no other slide_id has
    focus : of the sampled places, by default all that there are
    changes : fields of any part
    """
    at = tuple(range(len(focus)))
    changes["focus_tiles"] = FocusPlaces(at, at, focus, *[(0.0,) * len(at)] * 5)
    changes.setdefault("focus_tiles_there", len(at))

    def part(kind: type) -> Any:
        own = {f.name: changes.pop(f.name) for f in fields(kind) if f.name in changes}
        return kind(**GOOD[kind] | own)

    content_hash = content_hash or hashlib.sha256(slide_id.encode()).hexdigest()
    record = SlideRecord(
        slide_id,
        Identity(Stat(1, 10_000, 1), content_hash),
        file=part(FileFacts),
        resolution=part(Resolution),
        probes=part(Probes),
        measures=Measures(*map(part, PARTS)),
    )
    assert not changes, f"no such field of a slide: {', '.join(changes)}"
    return record


def refused(slide_id: str = "a", code: ErrorCode = "file_missing") -> SlideRecord:
    """The record of a slide that cannot be used."""
    refusal = Refusal(code, "no such file", "correct `path` in the cohort sheet")
    return SlideRecord(slide_id, Identity(None, None), refusal)


def sheet(*slide_ids: str, **columns: tuple[str, ...]) -> Sheet:
    """A sheet of these slides, each with a file of its own unless `path` says otherwise."""
    columns = {"slide_id": slide_ids, "path": tuple(f"{i}.svs" for i in slide_ids)} | columns
    cells = zip(*columns.values(), strict=True)
    rows = {row[0]: dict(zip(columns, row, strict=True)) for row in cells}
    lines = {slide_id: number for number, slide_id in enumerate(slide_ids, 2)}
    return Sheet("cohort.csv", tuple(columns), rows, lines)


#: a tile that passes
SHARP = TileMeasures(
    absent_fraction=0.0,
    decoders_disagree=False,
    overview_difference=2.0,
    seam_step=1.0,
    mean_od=0.2,
    hematoxylin_od=0.1,
    eosin_od=0.1,
    focus=1.6,
    blurred_fraction=0.0,
    focus_snr=9.0,
    laplacian_var=30.0,
)


def tiles(
    slide_id: str,
    *,
    passing: int = 0,
    soft: int = 0,
    foreign: int = 0,
    absent: int = 0,
    lost: int = 0,
) -> pa.Table:
    """The tile metrics of a slide: tiles that pass, then those out of focus, those that show
    something else than the slide, those that were never scanned, and lost ones."""
    grid = Grid(Bounds(0, 0, 40_000, 30_000), 512, 1024, 0.5, 0.5)
    measures = [SHARP] * passing
    measures += [replace(SHARP, focus=0.1)] * soft
    measures += [replace(SHARP, overview_difference=200.0)] * foreign
    measures += [replace(SHARP, absent_fraction=1.0)] * absent
    rows = []
    for number, measured in enumerate([*measures, *[None] * lost]):
        row = TileRow(number, 0, *grid.corner(number, 0), 1024, 0.9, 0.0)
        row = row.measured("openslide", measured)
        if measured:
            member = Member(f"{slide_id}_files/16/{number}_0.jpeg", 100 * number + 40, 100)
            row = row.written(member)
        rows.append(row.to_row(slide_id, grid))
    return tables.from_rows(rows, pa.schema(tile_metrics.COLUMNS))
