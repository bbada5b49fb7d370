"""Slides that are told not to be H&E state no numbers of hematoxylin and eosin."""

from typing import Any

import pyarrow as pa

from grossing.columns import measured_qc
from grossing.columns.reason_codes import SlideReason

#: by which a slide whose sheet says H&E, or nothing, is of another stain
REASON: SlideReason = "stain_differs"
OF_TILES = ("hematoxylin_od", "eosin_od")
OF_SLIDE = (
    *(name for name in measured_qc.SCHEMA.names if name.startswith(("stain_h_", "stain_e_"))),
    *OF_TILES,
)
NO_NUMBERS: dict[str, Any] = dict.fromkeys(OF_SLIDE)


def is_stated(reasons: str | None) -> bool:
    """Whether a verdict's reasons (`qc_reasons`) say so; an accepted slide keeps its reasons."""
    codes = (reason.partition("=")[0] for reason in (reasons or "").split(";"))
    return REASON in codes


def without_numbers(table: pa.Table) -> pa.Table:
    """`tile_metrics` of such a slide, its densities null.

    Where only the other slides of the cohort tell it, they were measured before that was known.
    """
    for name in OF_TILES:
        field = table.schema.field(name)
        table = table.set_column(
            table.column_names.index(name), field, pa.nulls(table.num_rows, field.type)
        )
    return table
