"""The slides of a benchmark, and what its rows start from: measurements, sheets, lists of tiles."""

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import meter

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REGION = ROOT / "tests/data/CMU-1-Small-Region.svs"
PYTHON = Path(sys.executable)
#: the real slide, tiled with the shipped configuration, for the stages
REAL = "real"

#: name -> arguments of the slide maker: width and height in px, options
SIZES: dict[str, tuple[str, ...]] = {
    "2000": ("2000", "2000"),
    "8000": ("8000", "8000"),
    "12000": ("12000", "12000"),
    "12001": ("12001", "12001"),  # its levels are of rounded size
    "20000": ("20000", "20000"),
    "24000": ("24000", "24000"),
    "24000-2x": ("24000", "24000", "--pyramid-factor", "2"),
    "60000": ("60000", "50000"),
}
#: format of a made slide -> its file
FORMATS = {
    "Aperio SVS": "aperio.svs",
    "OME-TIFF, generic TIFF": "generic.ome.tif",
    "Philips TIFF": "philips.tiff",
    "Ventana BIF": "ventana.bif",
    "Leica SCN": "leica.scn",
    "Hamamatsu NDPI": "hamamatsu.ndpi",
    "DICOM, TILED_FULL": "dicom/0.dcm",
    "Aperio SVS, JPEG 2000": "jpeg2000.svs",
}


@dataclass(frozen=True)
class Places:
    """Where slides and work lie; `side_px` is that of the slides of all formats."""

    slides: Path
    work: Path
    side_px: int

    @property
    def out(self) -> Path:
        """What every row writes into; emptied before each."""
        return self.work / "out"

    def slide(self, name: str) -> Path:
        """A slide of SIZES or FORMATS, or the real one."""
        if name in FORMATS:
            return self.slides / f"formats-{self.side_px}" / FORMATS[name]
        return REGION if name == REAL else self.slides / f"{name}.svs"

    def facts(self, name: str) -> Path:
        """The folder of a measured slide."""
        return self.work / name.replace(" ", "_").replace(",", "")

    def tile_list(self, name: str, size_px: int) -> Path:
        """Which stored tiles the tiles of this size need (`floor.py list`)."""
        return self.facts(name) / f"tiles-{size_px}.npz"

    def sheet(self, name: str, copies: int) -> Path:
        """The folder of a cohort of one slide under so many names."""
        return self.facts(name) / f"cohort-{copies}"


def make(places: Places, names: Collection[str]) -> None:
    """Make the slides that are missing."""
    places.slides.mkdir(parents=True, exist_ok=True)
    for name in sorted(set(names) & set(SIZES)):
        path = places.slide(name)
        if not path.exists():
            print(f"making {path.name}", file=sys.stderr)
            maker = ROOT / "tests/data/make_slide.py"
            subprocess.run([PYTHON, maker, REGION, path, *SIZES[name]], check=True)
    formats = [name for name in sorted(names) if name in FORMATS]
    if not all(places.slide(name).exists() for name in formats):
        print("making slides of several formats", file=sys.stderr)
        command = (PYTHON, __file__, places.slides, str(places.side_px), *formats)
        subprocess.run(command, check=True)


def make_formats(places: Places, names: list[str]) -> None:
    """One picture as slides of several formats."""
    sys.path.append(str(ROOT / "tests/data"))
    import make_tagged_dicom
    import numpy as np
    import openslide
    import tiled_formats
    from make_slide import make_slide

    side = places.side_px
    aperio = places.slide("Aperio SVS")
    aperio.parent.mkdir(parents=True, exist_ok=True)
    make_slide(REGION, aperio, side, side, tissue_fraction=0.75, blurred_fraction=0, pen=False)
    with openslide.OpenSlide(aperio) as slide:
        rgb = np.array(slide.read_region((0, 0), 0, (side, side)).convert("RGB"))
    size = (side + 64, side + 64)
    makers: dict[str, Callable[[Path], object]] = {
        "OME-TIFF, generic TIFF": lambda path: tiled_formats.ome(path, rgb),
        "Philips TIFF": lambda path: tiled_formats.philips(path, rgb),
        "Ventana BIF": lambda path: tiled_formats.ventana(
            path, rgb, [(0, 0, side // 256, side // 256)]
        ),
        "Leica SCN": lambda path: tiled_formats.leica(path, [(rgb, (0, 0))], size),
        "Hamamatsu NDPI": lambda path: tiled_formats.ndpi(path, rgb, interval_px=side // 8),
        "DICOM, TILED_FULL": lambda path: make_tagged_dicom.make_dicom(path.parent, rgb, 0.25),
        "Aperio SVS, JPEG 2000": lambda path: tiled_formats.jpeg2000(path, rgb),
    }
    for name, make_one in makers.items():
        if name in names:
            make_one(places.slide(name))


def measure(places: Places, name: str) -> None:
    """Measure a slide once; later rows read it."""
    facts = places.facts(name)
    run(places, PYTHON, HERE / "job.py", "measure", places.slide(name), facts, facts)
    if name == REAL:
        run(places, PYTHON, HERE / "job.py", "tile", places.slide(name), facts, facts)


def list_tiles(places: Places, name: str, size_px: int) -> None:
    """Write `Places.tile_list`."""
    path = places.tile_list(name, size_px)
    command = (HERE / "floor.py", "list", places.slide(name), path.parent, path, str(size_px))
    run(places, PYTHON, *command)


def write_sheet(places: Places, name: str, copies: int) -> None:
    """Links to one slide and their sheet; a link per slide, or they would be duplicates by path."""
    folder = places.sheet(name, copies)
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["slide_id,path"]
    for number in range(copies):
        link = folder / f"s{number}.svs"
        link.unlink(missing_ok=True)
        os.link(places.slide(name), link)
        lines.append(f"s{number},{link.resolve()}")
    (folder / "cohort.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(places: Places, *command: str | Path) -> None:
    """A command whose cost is of no interest."""
    places.facts("any").parent.mkdir(parents=True, exist_ok=True)
    meter.run((command,), places.out, ROOT)


if __name__ == "__main__":
    make_formats(Places(Path(sys.argv[1]), Path(), int(sys.argv[2])), sys.argv[3:])
