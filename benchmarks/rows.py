"""The rows of the benchmark: which commands are run, and in which table each is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import slides
from meter import Command
from slides import HERE, PYTHON, REAL, Places

#: peer -> the Python of its environment
PEERS = {name: HERE / f".{name}/bin/python" for name in ("hs2p", "fastslide")}
#: formats that jobs are run on, besides being read
JOB_FORMATS = ("Philips TIFF", "Leica SCN", "DICOM, TILED_FULL", "Hamamatsu NDPI")
#: tables besides those named by a slide
READING, JOBS, STAGES, TRAINING, SNAKEMAKE = "reading", "jobs", "stages", "training", "snakemake"
#: stage on the command line of stage.py -> its row
STAGE_NAMES = {
    "nuclei": "nuclei",
    "outlines": "nuclei with outlines",
    "zones": "zones",
    "macenko": "normalisation, Macenko",
    "reinhard": "normalisation, Reinhard",
    "separation": "separation of stains",
    "denoise21": "denoising, search 21 px",
    "denoise11": "denoising, search 11 px",
    "pixels": "Macenko, pixels alone",
    "torchstain": "torchstain Macenko, pixels alone",
    "encode": "JPEG encoding, pixels alone",
}
ONCE = 10**9  # `every` of a row that alternates by itself
SEVERAL = 12  # slides of one allocation
ROUNDS_OF_TRAINING = 6


@dataclass(frozen=True)
class Row:
    """Commands that are run one after the other and measured together, in every `every`-th round.

    `slide` is the one that they work on; it is made and measured before.
    """

    table: str
    name: str
    commands: tuple[Command, ...]
    every: int
    slide: str


@dataclass
class Rows:
    """Rows, and what has to be there before they run."""

    places: Places
    rows: list[Row] = field(default_factory=list)
    tile_lists: set[tuple[str, int]] = field(default_factory=set)
    sheets: set[tuple[str, int]] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(
        self, table: str, name: str, *commands: Command, every: int = 1, slide: str = ""
    ) -> None:
        """A row of a table; `slide` is the one that it works on, where the table does not say."""
        self.rows.append(Row(table, name, commands, every, slide or table))

    def prepare(self) -> None:
        """Slides, their measurements, lists of tiles and sheets."""
        needed = {row.slide for row in self.rows}
        slides.make(self.places, needed)
        only_read = set(slides.FORMATS) - set(JOB_FORMATS)
        for name in sorted(needed - only_read):
            slides.measure(self.places, name)
        for each in sorted(self.tile_lists):
            slides.list_tiles(self.places, *each)
        for each in sorted(self.sheets):
            slides.write_sheet(self.places, *each)

    def peer(self, name: str) -> Path | None:
        """The Python of a peer; None, with the reason noted, where it is not installed."""
        if PEERS[name].exists():
            return PEERS[name]
        self.skipped[name] = f"not installed: make benchmarks/.{name}/ready"
        return None

    def ours(self, job: str, slide: str, *options: str, facts: Path | None = None) -> Command:
        """One of our jobs; it reads what `prepare` measured, or what an earlier command left."""
        path, known = self.places.slide(slide), facts or self.places.facts(slide)
        return (PYTHON, HERE / "job.py", job, path, known, self.places.out, *options)

    def baseline(self, chain: str, slide: str) -> Command:
        """The common practice."""
        return (PYTHON, HERE / "baseline.py", chain, self.places.slide(slide), self.places.out)

    def common_practice(self, slide: str, *, every: int = 1, naive: bool = True) -> None:
        """libvips alone, and with a script over its tiles."""
        if naive:
            self.add(slide, "naive", self.baseline("naive", slide), every=2 * every)
        self.add(slide, "dzsave", self.baseline("dzsave", slide), every=every)
        self.add(slide, "resize + dzsave", self.baseline("resize", slide), every=every)

    def jobs(self, slide: str, *, every: int = 1) -> None:
        """Measuring, tiling by both readers, and the floor of tiling."""
        out = self.places.out
        self.tile_lists.add((slide, 256))
        wanted = self.places.tile_list(slide, 256)
        floor = (PYTHON, HERE / "floor.py", "run", self.places.slide(slide), wanted, out)
        self.add(slide, "measure", self.ours("measure", slide, facts=out), every=every)
        self.add(slide, "floor", floor, every=every)
        self.tiles(slide, "tiles, raw", every=every)
        self.tiles(slide, "tiles, openslide", "reader=openslide", every=every)

    def tiles(self, slide: str, name: str, *options: str, every: int = 1, of: str = "") -> None:
        """A tile job with tiles of 256 px; `of` is another slide with the same picture."""
        command = self.ours("tile", of or slide, "size_px=256", *options)
        self.add(slide, name, command, every=every, slide=of)

    def variants(self, slide: str, finer: str) -> None:
        """Further options of a tile job; `finer` is the slide with a level of the target's size."""
        self.tiles(slide, "tiles, raw, two threads", "threads=2")
        self.tiles(slide, "tiles, coordinates only", "container=none")
        self.tiles(slide, "tiles, scale-on-decode", "fast_downsample=true")
        self.tiles(slide, "tiles, dzsave engine", "engine=dzsave", every=2)
        self.tiles(slide, "tiles, raw, 2x level", of=finer)
        self.tiles(slide, "tiles, openslide, 2x level", "reader=openslide", of=finer)
        self.add(slide, "tiles 512, raw", self.ours("tile", slide))
        self.rescale(slide)

    def rescale(self, slide: str, *, every: int = 2) -> None:
        """A pyramidal TIFF at the target resolution."""
        self.add(slide, "rescale", self.ours("rescale", slide), every=every)

    def resolutions(self, slide: str, targets: Iterable[float]) -> None:
        """Tiles of the default size at some um/px."""
        for mpp in targets:
            self.add(
                slide, f"tiles 512, {mpp:g} um/px", self.ours("tile", slide, f"target_mpp={mpp}")
            )

    def whole_ways(self, slide: str) -> None:
        """One slide from the file to its tiles of 512 px: ours, under Snakemake, the peers'."""
        out, path = self.places.out, self.places.slide(slide)
        two = (self.ours("measure", slide, facts=out), self.ours("tile", slide, facts=out))
        self.add(slide, "measure + tiles 512", *two)
        self.add(slide, "workflow", self.snakemake("all", slide, 1), every=2)
        if python := self.peer("hs2p"):
            self.add(slide, "hs2p", (python, HERE / "hs2p_tiles.py", path, out))
        self.fastslide(slide, 512)

    def fastslide(self, slide: str, size_px: int) -> None:
        """The peer's reader, at the places of our tiles."""
        if python := self.peer("fastslide"):
            self.tile_lists.add((slide, size_px))
            wanted = self.places.tile_list(slide, size_px)
            command = (python, HERE / "fastslide_tiles.py", self.places.slide(slide), wanted)
            self.add(slide, f"fastslide, the same tiles {size_px}", (*command, self.places.out))

    def snakemake(self, target: str, slide: str, copies: int) -> Command:
        """A cohort of one slide under so many names, in one allocation."""
        self.sheets.add((slide, copies))
        sheet = self.places.sheet(slide, copies).resolve() / "cohort.csv"
        return (
            *(PYTHON, "-m", "snakemake", target, "--profile", "profiles/local", "--quiet", "all"),
            *("--directory", self.places.out, "--config", f"cohort={sheet}"),
        )

    def through_snakemake(self, slide: str) -> None:
        """What Snakemake adds to the two jobs, with one slide and several in one allocation."""
        for copies in (1, SEVERAL):
            command = self.snakemake("batch", slide, copies)
            self.add(SNAKEMAKE, str(copies), command, every=2, slide=slide)
        two = (self.ours("measure", slide, facts=self.places.out),)
        two += (self.ours("tile", slide, facts=self.places.out),)
        self.add(SNAKEMAKE, "measure + tiles 512", *two, slide=slide)

    def reading(self, formats: Sequence[str]) -> None:
        """Reading alone."""
        for name in formats:
            every = 4 if "JPEG 2000" in name else 1
            for reader in ("auto", "openslide", "fastslide"):
                python = self.peer("fastslide") if reader == "fastslide" else PYTHON
                if python:
                    path, side = self.places.slide(name), str(self.places.side_px)
                    command = (python, HERE / "reading.py", path, reader, side)
                    self.add(READING, f"{name}: {reader}", command, every=every, slide=name)

    def format_jobs(self, formats: Sequence[str]) -> None:
        """Measuring and tiling slides of other scanners."""
        for name in formats:
            measured = self.ours("measure", name, facts=self.places.out)
            self.add(JOBS, f"{name}: measure", measured, slide=name)
            self.add(JOBS, f"{name}: raw", self.ours("tile", name), slide=name)
            general = self.ours("tile", name, "reader=openslide")
            self.add(JOBS, f"{name}: openslide", general, slide=name)

    def stages(self, names: Iterable[str]) -> None:
        """The stages after tiling, per tile."""
        for name in names:
            command = (PYTHON, HERE / "stage.py", name, self.places.facts(REAL), self.places.out)
            self.add(STAGES, STAGE_NAMES[name], command, slide=REAL)

    def training(self, slide: str, rounds: int = ROUNDS_OF_TRAINING) -> None:
        """Tiles on their way to training; the ways alternate within one process."""
        folder = self.places.facts(slide) / "training"
        command = (PYTHON, HERE / "training.py", self.places.slide(slide), folder, str(rounds))
        self.add(TRAINING, "all", command, every=ONCE, slide=slide)


def complete(places: Places, *, large: bool) -> Rows:
    """The benchmark of docs/benchmarks.md; `large` adds a slide of 3 gigapixels."""
    rows = Rows(places)
    rows.common_practice("12000")
    rows.jobs("12000")
    rows.resolutions("12000", (0.5, 1, 2))
    rows.resolutions("12001", (0.5, 1, 2))
    rows.common_practice("24000")
    rows.jobs("24000")
    rows.variants("24000", "24000-2x")
    rows.fastslide("24000", 256)
    rows.whole_ways("20000")
    rows.reading(list(slides.FORMATS))
    rows.format_jobs(JOB_FORMATS)
    rows.stages(STAGE_NAMES)
    rows.training("20000")
    rows.through_snakemake("8000")
    if large:
        rows.common_practice("60000", every=2, naive=False)
        rows.jobs("60000", every=2)
        rows.rescale("60000", every=2)
    return rows


def smoke(places: Places) -> Rows:
    """One row of every program on small slides, in seconds: whether the benchmark still works."""
    rows = Rows(places)
    rows.common_practice("2000")
    rows.jobs("2000")
    rows.tiles("2000", "tiles, raw, two threads", "threads=2")
    rows.rescale("2000")
    rows.fastslide("2000", 256)
    if python := rows.peer("hs2p"):
        path = places.slide("2000")
        rows.add("2000", "hs2p", (python, HERE / "hs2p_tiles.py", path, places.out))
    rows.reading(["Philips TIFF"])
    rows.format_jobs(["Philips TIFF"])
    rows.stages(("macenko",))
    rows.training("2000", rounds=1)
    return rows
