"""Column names and types of every table, and how tables are written.

The schemas in `workflow/schemas` say the same with units, ranges and meanings (a test compares).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from grossing.support import files

TEXT, LONG, DOUBLE, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
FLOAT, INT = pa.float32(), pa.int32()

TILE_METRICS = pa.schema(
    [
        ("slide_id", TEXT),
        ("tile_path", TEXT),
        ("tile_offset", LONG),
        ("tile_bytes", LONG),
        ("tile_col", INT),
        ("tile_row", INT),
        ("x_level0_px", LONG),
        ("y_level0_px", LONG),
        ("size_level0_px", INT),
        ("mpp", DOUBLE),
        ("target_mpp", DOUBLE),
        ("picture_width_px", INT),
        ("picture_height_px", INT),
        ("reader", TEXT),
        ("lost", FLAG),
        ("tissue_fraction", FLOAT),
        ("pen_fraction", FLOAT),
        ("focus_reblur", FLOAT),
        ("laplacian_var", FLOAT),
        ("mean_od", FLOAT),
        ("hematoxylin_od", FLOAT),
        ("eosin_od", FLOAT),
    ]
)

#: what the optional stages say of a tile: one row per row of `tile_metrics`, in its order
PLACE = [("tile_col", INT), ("tile_row", INT)]
STAIN_TILES_OWN = [("stain_status", TEXT)]
NUCLEI_TILES_OWN = [("nuclei_count", INT), ("nuclei_per_mm2", FLOAT)]
STAIN_TILES = pa.schema(PLACE + STAIN_TILES_OWN)
NUCLEI_TILES = pa.schema(PLACE + NUCLEI_TILES_OWN)

FUSED_BLOCKS = pa.schema(
    [
        ("slide_id", TEXT),
        ("row", INT),
        ("col", INT),
        ("x_level0_px", LONG),
        ("y_level0_px", LONG),
        ("size_level0_px", INT),
        ("tissue_fraction", FLOAT),
        ("plane", INT),
        ("source", TEXT),
        ("sharpness", FLOAT),
        ("sharpness_ratio", FLOAT),
    ]
)

#: one row per nucleus of a slide
NUCLEI = pa.schema(
    [
        ("slide_id", TEXT),
        ("nucleus", LONG),
        ("x_level0_px", DOUBLE),
        ("y_level0_px", DOUBLE),
        ("area_um2", FLOAT),
        ("equivalent_diameter_um", FLOAT),
        ("perimeter_um", FLOAT),
        ("eccentricity", FLOAT),
        ("hematoxylin_od", FLOAT),
        ("brightness", FLOAT),
        *PLACE,
    ]
)

COHORT_QC = pa.schema(
    [
        ("qc_status", TEXT),
        ("qc_reasons", TEXT),
        ("vendor", TEXT),
        ("width_px", LONG),
        ("height_px", LONG),
        ("mpp", DOUBLE),
        ("mpp_source", TEXT),
        ("objective", DOUBLE),
        ("tissue_area_mm2", DOUBLE),
        ("tissue_fraction", DOUBLE),
        ("pen_fraction", DOUBLE),
        ("fold_fraction", DOUBLE),
        ("bubble_fraction", DOUBLE),
        ("focus_reblur_median", DOUBLE),
        ("blurred_fraction", DOUBLE),
        ("sharpness_score", DOUBLE),
        *((f"background_{band}", LONG) for band in "rgb"),
        *((f"stain_{stain}_{band}", DOUBLE) for stain in "he" for band in "rgb"),
        ("hematoxylin_od", DOUBLE),
        ("eosin_od", DOUBLE),
        ("content_hash", TEXT),
        ("error_message", TEXT),
        ("remedy", TEXT),
    ]
)

PATCH_COHORT = pa.schema(
    [
        ("slide_id", TEXT),
        ("case_id", TEXT),
        ("label", TEXT),
        ("site", TEXT),
        ("scanner", TEXT),
        ("split", TEXT),
        ("tile_container", TEXT),
        *(
            TILE_METRICS.field(name)
            for name in (
                "tile_path",
                "tile_offset",
                "tile_bytes",
                "tile_col",
                "tile_row",
                "x_level0_px",
                "y_level0_px",
                "size_level0_px",
                "mpp",
                "tissue_fraction",
                "pen_fraction",
                "focus_reblur",
                "laplacian_var",
                "mean_od",
                "hematoxylin_od",
                "eosin_od",
            )
        ),
        *STAIN_TILES_OWN,
        *NUCLEI_TILES_OWN,
        ("qc_status_tile", TEXT),
        ("qc_reasons_tile", TEXT),
    ]
)

TILE_SUMMARY = pa.schema(
    [
        ("slide_id", TEXT),
        ("qc_status", TEXT),
        ("candidate_tiles", LONG),
        ("passed_tiles", LONG),
        ("lost_tiles", LONG),
        ("lost_fraction", DOUBLE),
        ("tile_bytes", LONG),
        ("reader", TEXT),
        ("mpp", DOUBLE),
        ("target_mpp", DOUBLE),
        ("picture_width_px", LONG),
        ("picture_height_px", LONG),
        ("final_status", TEXT),
        ("final_reasons", TEXT),
    ]
)


def from_rows(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of the schema's columns, in its order; a key that a row lacks is null."""
    columns = [_column([row.get(f.name) for row in rows], f.type) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """An array from its buffers: `pa.array` imports pandas where that is installed (0.2 CPU s)."""
    present = np.array([value is not None for value in values], bool)
    missing = int(len(values) - present.sum())
    blank: Any = "" if kind == TEXT else 0
    filled = [blank if value is None else value for value in values]
    if kind == TEXT:
        texts = [text.encode() for text in filled]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        data = [pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    elif kind == FLAG:
        data = [_bits(np.array(filled, bool))]
    else:
        data = [pa.py_buffer(np.array(filled, kind.to_pandas_dtype()))]
    valid = _bits(present) if missing else None
    return pa.Array.from_buffers(kind, len(values), [valid, *data], missing)


def _bits(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def write_parquet(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write under a temporary name, then rename."""
    with files.replacing(path) as temporary:
        pa.parquet.write_table(table, temporary)


def write_csv(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write under a temporary name, then rename; null cells are empty."""
    with files.replacing(path) as temporary:
        pa.csv.write_csv(table, temporary, csv_options())


def csv_options() -> pa.csv.WriteOptions:
    """How all CSV files are written."""
    return pa.csv.WriteOptions(quoting_style="needed")


def read_summary(path: str | os.PathLike[str]) -> pa.Table:
    """`tile_summary.csv` as a table."""
    types = {field.name: field.type for field in TILE_SUMMARY}
    options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    return pa.csv.read_csv(path, convert_options=options)


def read(path: str | os.PathLike[str], columns: Iterable[str] | None = None) -> pa.Table:
    """A Parquet file as a table."""
    return pa.parquet.read_table(path, columns=list(columns) if columns else None)
