"""The figures of a cohort, each with its caption."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grossing.report import (
    distribution_figures,
    distributions,
    gallery,
    scatter_figures,
    style,
    verdict_figures,
)
from grossing.report.limit import LimitsInUse
from grossing.report.style import Drawing
from grossing.support import files, tables

CAPTIONS = "captions.md"


@dataclass(frozen=True)
class Figures:
    """What was drawn, in the order in which a paper would show it."""

    drawings: tuple[Drawing, ...]

    def write(self, folder: str | os.PathLike[str]) -> None:
        """SVG and PNG of each figure, and a page with all captions."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        for drawing in self.drawings:
            drawing.write(folder)
        parts = [
            f"## {d.title}\n\n`{d.name}.svg`, `{d.name}.png`\n\n{d.caption}\n"
            for d in self.drawings
        ]
        text = "\n".join(["# Captions of the figures\n", *parts])
        files.write(Path(folder, CAPTIONS), text.encode())


def draw(
    verdicts: str | os.PathLike[str],
    patches: str | os.PathLike[str],
    limits: LimitsInUse,
    *,
    pictures: Sequence[str | os.PathLike[str]],
) -> Figures:
    """Distributions, verdicts, reasons, failures, focus and stain; what has no numbers is left out.

    Parameters
    ----------
    verdicts : `cohort_qc.parquet`
    patches : `patch_cohort.parquet`; read in parts
    pictures : folders of {slide_id}.jpg, the best first
    """
    table, of_slides = tables.read(verdicts), (*limits.slide, *limits.review)
    with style.settings():
        drawings = (
            verdict_figures.by_site(table),
            verdict_figures.reasons(table),
            distribution_figures.draw("slide", distributions.of_slides(table, of_slides)),
            distribution_figures.draw("tile", distributions.of_tiles(patches, limits.tile)),
            scatter_figures.focus(table, limits.slide),
            scatter_figures.stain(table),
            gallery.draw(table, pictures),
        )
    return Figures(tuple(drawing for drawing in drawings if drawing is not None))
