"""What the figures of a run are held against."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rows import JOBS, SEVERAL, SNAKEMAKE, STAGES, TRAINING

#: table -> row -> summary (`meter.summary`)
Results = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Target:
    """A figure and the most that it may be; `value` raises KeyError where it was not measured."""

    text: str
    at_most: float
    value: Callable[[Results], float]

    def measured(self, results: Results) -> float | None:
        """The figure; None where it was not measured."""
        try:
            return self.value(results)
        except KeyError:
            return None


def cpu(table: str, name: str) -> Callable[[Results], float]:
    """CPU seconds of a row."""
    return lambda results: results[table][name]["cpu_s"]


def ratio(
    one: Callable[[Results], float], other: Callable[[Results], float]
) -> Callable[[Results], float]:
    """One figure by another."""
    return lambda results: one(results) / other(results)


def peak(table: str, *names: str) -> Callable[[Results], float]:
    """The largest MB of some rows."""
    return lambda results: max(results[table][name]["peak_mb"] for name in names)


def stage_ms(name: str) -> Callable[[Results], float]:
    """CPU milliseconds of a stage per tile."""
    return lambda results: results[STAGES][name]["figures"]["ms_per_tile"]


def of_tiles(way: str) -> Callable[[Results], float]:
    """CPU time of `Tiles` by that of another way, in order."""
    return lambda results: 1 / results[TRAINING]["all"]["figures"][f"in order: {way}"]["times"]


def per_slide(results: Results) -> float:
    """CPU seconds of a slide in an allocation of several, the start of Snakemake included."""
    return results[SNAKEMAKE][str(SEVERAL)]["cpu_s"] / SEVERAL


def further_slide(results: Results) -> float:
    """CPU seconds that a further slide adds to an allocation."""
    several, one = (results[SNAKEMAKE][str(number)]["cpu_s"] for number in (SEVERAL, 1))
    return (several - one) / (SEVERAL - 1)


def against(slide: str, name: str, base: str, at_most: float) -> Target:
    """The ratio of two rows of one slide."""
    return Target(
        f"{name} / {base}, {slide} px", at_most, ratio(cpu(slide, name), cpu(slide, base))
    )


def odd(mpp: str) -> Target:
    """A slide whose levels have rounded sizes beside one whose levels have not."""
    name = f"tiles 512, {mpp} um/px"
    return Target(
        f"{name}, 12001 px / 12000 px", 1.1, ratio(cpu("12001", name), cpu("12000", name))
    )


WAY = "measure + tiles 512"
RAW = ("tiles, raw", "tiles 512, raw")
TARGETS = (
    against("24000", "tiles, raw", "dzsave", 0.30),
    against("24000", "tiles, raw", "resize + dzsave", 0.65),
    against("24000", "tiles, raw", "naive", 0.25),
    against("24000", "tiles, scale-on-decode", "dzsave", 0.40),
    against("24000", "tiles, openslide", "dzsave", 1.05),
    against("24000", "tiles, openslide", "naive", 0.53),
    against("24000", "tiles, openslide, 2x level", "dzsave", 0.45),
    against("24000", "rescale", "resize + dzsave", 0.90),
    against("20000", WAY, "hs2p", 0.50),
    Target(f"{WAY}, 20000 px, CPU s", 2.0, cpu("20000", WAY)),
    odd("0.5"),
    odd("1"),
    odd("2"),
    Target("tile job, 24000 px, MB", 110, peak("24000", *RAW)),
    Target("tile job, 60000 px, MB", 150, peak("60000", RAW[0])),
    Target("measure, 60000 px, MB", 180, peak("60000", "measure")),
    against("60000", "rescale", "resize + dzsave", 0.90),
    Target("nuclei, ms a tile", 40, stage_ms("nuclei")),
    Target("nuclei with outlines, ms a tile", 60, stage_ms("nuclei with outlines")),
    Target("`Tiles` / files, OpenCV to RGB", 1.0, of_tiles("files, OpenCV to RGB")),
    Target("`Tiles` / WebDataset by OpenCV", 1.0, of_tiles("WebDataset, decoded by OpenCV")),
    Target("two jobs of a further slide of 8000 px, profile local, CPU s", 1.3, further_slide),
    Target(f"node mode, {SEVERAL} slides of 8000 px, CPU s a slide", 1.1, per_slide),
)
#: pairs of rows whose containers have to be the same bytes
SAME = (
    ("12000", "tiles, raw", "tiles, openslide"),
    ("24000", "tiles, raw", "tiles, openslide"),
    ("24000", "tiles, raw", "tiles, raw, two threads"),
    ("24000", "tiles, raw, 2x level", "tiles, openslide, 2x level"),
    ("60000", "tiles, raw", "tiles, openslide"),
)


def same_containers(results: Results, formats: tuple[str, ...]) -> list[tuple[str, bool]]:
    """What was compared, and whether the containers of all rounds are the same bytes."""
    pairs = [*SAME, *((JOBS, f"{name}: raw", f"{name}: openslide") for name in formats)]
    found = []
    for table, one, other in pairs:
        rows = results.get(table, {})
        if one in rows and other in rows:
            digests = {*rows[one]["digests"], *rows[other]["digests"]}
            place = f"{table} px, " if table != JOBS else ""
            same = len(digests) == 1 and "" not in digests
            found.append((f"{place}{one} and {other}", same))
    return found
