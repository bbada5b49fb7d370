"""Damaged variants of the base slides: which there are, and how each is written."""

import itertools
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fuzz import damages
from fuzz.tiff_edit import Tiff

KINDS = {damage.__name__: damage for damage in dict.fromkeys(
    (*damages.ALL, *damages.JPEG, *damages.LOSSLESS, *damages.PYRAMID)
)}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One damaged copy; base, kind and seed give the same bytes every time."""

    base: str
    kind: str
    seed: int

    @property
    def slide_id(self) -> str:
        return f"{self.base}-{self.kind}-{self.seed}"

    @classmethod
    def from_slide_id(cls, slide_id: str) -> "Variant":
        base, kind, seed = slide_id.split("-")
        return cls(base, kind, int(seed))

    def write(self, source: Path, path: Path) -> None:
        """Write the damaged copy of a base slide."""
        tiff = Tiff(source.read_bytes())
        words = zlib.crc32(f"{self.base} {self.kind}".encode())
        KINDS[self.kind](tiff, np.random.default_rng([self.seed, words]))
        path.write_bytes(tiff.data)


def choose(bases: Mapping[str, Path], count: int) -> list[Variant]:
    """As many variants as asked for: the bases in turn, each going through all its kinds.

    The bases start at different kinds, so that a small number holds as many kinds as it can.
    """
    possible = {
        name: [kind.__name__ for kind in damages.possible(Tiff(path.read_bytes()))]
        for name, path in bases.items()
    }
    names = list(bases)
    queues = {
        name: _from_place(name, possible[name], i * len(possible[name]) // len(names))
        for i, name in enumerate(names)
    }
    return [next(queues[name]) for name in itertools.islice(itertools.cycle(names), count)]


def _from_place(base: str, kinds: list[str], start: int) -> Iterator[Variant]:
    for turn in itertools.count(start):
        yield Variant(base, kinds[turn % len(kinds)], turn)
