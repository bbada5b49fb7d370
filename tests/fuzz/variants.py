"""Damaged variants of the base slides: which there are, and how each is written."""

import itertools
import shutil
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fuzz import damages
from fuzz.dicom_edit import Dicom


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
        """Write the damaged copy of a base slide; the other files of a series are copied."""
        slide = damages.read(source)
        words = zlib.crc32(f"{self.base} {self.kind}".encode())
        damages.KINDS[self.kind](slide, np.random.default_rng([self.seed, words]))
        if isinstance(slide, Dicom):
            shutil.copytree(source.parent, path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(slide.data)


def choose(bases: Mapping[str, Path], count: int) -> list[Variant]:
    """As many variants as asked for: the bases in turn, each going through all its kinds.

    A base takes the kind that it, and then all bases together, had least often.
    """
    possible = {name: damages.possible(damages.read(path)) for name, path in bases.items()}
    of_base, of_all = Counter[tuple[str, str]](), Counter[str]()
    variants = []
    for base in itertools.islice(itertools.cycle(bases), count):
        rarest = [(of_base[base, kind], of_all[kind], i) for i, kind in enumerate(possible[base])]
        kind = possible[base][min(rarest)[2]]
        variants.append(Variant(base, kind, of_base[base, kind]))
        of_base[base, kind] += 1
        of_all[kind] += 1
    return variants
