"""A rectangle of pixels as a reader gives it."""

from dataclasses import dataclass

from grossing.support.types import Mask, Pixels


@dataclass(frozen=True, slots=True)
class Region:
    """`rgb` (h, w, 3) uint8; `absent` (h, w) bool, True where nothing was scanned, None if nowhere.

    Absent pixels have the glass colour. `decoders_disagree`: the fast reader refused a part that
    OpenSlide decodes, so that at least one of them takes damaged data for a picture.
    """

    rgb: Pixels
    absent: Mask | None = None
    decoders_disagree: bool = False

    @property
    def absent_fraction(self) -> float:
        return 0.0 if self.absent is None else float(self.absent.mean())
