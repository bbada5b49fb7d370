"""CPU milliseconds of one stage per tile of 512 px, on the real slide.

The stages' own functions: tiles decoded, worked on, encoded, written. Those of `PIXELS` work on
decoded pixels alone. Start and imports are not counted. The last line printed is JSON.
Example: job.py measure slide.svs facts facts; job.py tile slide.svs facts facts;
stage.py nuclei facts out
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # as Snakemake
ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

import cv2
import numpy as np
import yaml
from grossing.mask import labels
from grossing.slide.record import SlideRecord
from grossing.support import memory
from grossing.tiles.options import Encoding
from grossing.tiles.stored_tiles import StoredTiles

CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
DENOISE_TILES, DENOISE_STRENGTH = 2, 5
#: runs of a stage that takes few or many milliseconds a tile; one before them warms up
SHORT, LONG = 8, 1

Work = Callable[[], Any]


class Stages:
    """The stages on a measured and tiled slide.

    Parameters
    ----------
    folder : what `job.py` wrote: facts, mask, container and table
    out : where outputs go
    """

    def __init__(self, folder: Path, out: Path) -> None:
        self.record = SlideRecord.read(folder / "facts.json")
        self.mask = labels.read(folder / "mask.png")
        self.stored, self.out = (folder / "tiles.zip", folder / "metrics.parquet"), out
        self.encoding = Encoding.from_config(CONFIG["tiles"])
        with StoredTiles(*self.stored) as source:
            self.pictures = [source.decode(tile, source.data(tile)) for tile in source.in_z_order()]
        self.fits = self.record.usable().measures.stain.stain_fit

    def nuclei(self, *, outlines: bool = False) -> Work:
        from grossing.nuclei import slide_nuclei
        from grossing.nuclei.options import NucleiOptions

        names = NucleiOptions.__dataclass_fields__
        options = NucleiOptions(**{name: CONFIG["nuclei"][name] for name in names})
        made = self.out / "nuclei.parquet", self.out / "nuclei.geojson" if outlines else None
        return lambda: slide_nuclei.measure(
            *self.stored,
            *made,
            record=self.record,
            mask=self.mask,
            given_stain="",
            options=options,
        )

    def normalization(self, method: str, scope: str) -> Work:
        from grossing.stain import reference
        from grossing.tiles import normalized_tiles

        return lambda: normalized_tiles.normalize(
            *self.stored,
            self.out / "normalized.zip",
            record=self.record,
            reference=reference.read_fit(None, method),
            method=method,
            scope=scope,
            encoding=self.encoding,
        )

    def separation(self) -> Work:
        from grossing.tiles import separated_stains

        made = {name: self.out / f"{name}.zip" for name in separated_stains.CHANNELS}
        return lambda: separated_stains.separate(
            *self.stored, made, record=self.record, encoding=self.encoding
        )

    def zones(self) -> Work:
        from grossing.zones import slide_zones
        from grossing.zones.options import ZoneOptions

        names = ZoneOptions.__dataclass_fields__
        options = ZoneOptions(**{name: CONFIG["zones"][name] for name in names})
        return lambda: slide_zones.find(
            *self.stored, record=self.record, mask=self.mask, given_stain="", options=options
        )

    def pixels(self, work: Callable[[np.ndarray], Any]) -> Work:
        def each() -> None:
            for picture in self.pictures:
                work(picture)

        return each

    def denoising(self, search_px: int) -> Work:
        from grossing.tiles import denoising

        del self.pictures[DENOISE_TILES:]
        return self.pixels(lambda rgb: denoising.denoise(rgb, DENOISE_STRENGTH, search_px))

    def macenko(self) -> Work:
        from grossing.stain import normalisation

        return self.pixels(lambda rgb: normalisation.apply(self.fits.macenko, rgb))

    def torchstain(self) -> Work:
        from grossing.stain import fit
        from grossing.stain.reference import SHIPPED
        from torchstain.numpy.normalizers import NumpyMacenkoNormalizer

        theirs, target = NumpyMacenkoNormalizer(), SHIPPED.macenko
        theirs.HERef, theirs.maxCRef = fit.matrix(target), np.array(target.max_c)
        return self.pixels(lambda rgb: theirs.normalize(rgb, stains=False))

    def encode(self) -> Work:
        from grossing.support import images

        return self.pixels(lambda rgb: images.jpeg(rgb, quality=85))


#: name on the command line -> the stage, its runs
STAGES: dict[str, tuple[Callable[[Stages], Work], int]] = {
    "nuclei": (Stages.nuclei, LONG),
    "outlines": (lambda on: on.nuclei(outlines=True), LONG),
    "zones": (Stages.zones, SHORT),
    "macenko": (lambda on: on.normalization("macenko", "slide"), SHORT),
    "reinhard": (lambda on: on.normalization("reinhard", "slide"), SHORT),
    "separation": (Stages.separation, SHORT),
    "denoise21": (lambda on: on.denoising(21), LONG),
    "denoise11": (lambda on: on.denoising(11), LONG),
    "pixels": (Stages.macenko, SHORT),
    "torchstain": (Stages.torchstain, LONG),
    "encode": (Stages.encode, SHORT),
}


def main() -> None:
    """Command line: the stage, the folder of the slide, a folder for outputs."""
    cv2.setNumThreads(1)
    memory.keep()  # as the jobs do
    name, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    stages = Stages(folder, out)
    chosen, runs = STAGES[name]
    work = chosen(stages)
    work()
    start = time.process_time()
    for _ in range(runs):
        work()
    cpu_ms = (time.process_time() - start) / runs / len(stages.pictures) * 1000
    print(json.dumps({"ms_per_tile": cpu_ms, "tiles_done": len(stages.pictures)}))


if __name__ == "__main__":
    main()
