"""How a stack is fused: the config section `focus_stack` as a record."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FocusStackOptions:
    """Measure of sharpness, requested side of a block (um), JPEG quality of the fused slide."""

    method: str
    block_um: float
    quality: int
