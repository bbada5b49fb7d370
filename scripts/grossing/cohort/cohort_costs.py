"""What the jobs of the whole cohort cost: tables, figures, report, and Snakemake itself.

Rough: of small cohorts and of those in docs/benchmarks.md, in part estimated from them; there are
few such jobs, so they are not fitted.
"""

from dataclasses import dataclass

#: Snakemake's own: start of a run; per slide; per job on one machine, and as a job of a scheduler
START_S, PLANNED_SLIDE_S, LOCAL_JOB_S, SCHEDULED_JOB_S = 1.7, 0.0026, 0.07, 2.8
TILE_GIGAPIXELS = 512 * 512 / 1e9


@dataclass(frozen=True)
class CohortJob:
    """A job of the whole cohort, and what it is expected to cost."""

    rule: str
    cpu_s: float
    written_bytes: float
    written_files: float
    memory_mb: int


@dataclass(frozen=True)
class Cost:
    """Of a job; per slide that can be used; per slide of the sheet; per tile of 512 px."""

    job: float
    used: float = 0.0
    slide: float = 0.0
    tile: float = 0.0

    def of(self, slides: int, used: int, tiles: float) -> float:
        return self.job + self.used * used + self.slide * slides + self.tile * tiles


_TABLE = (Cost(0.5, 0, 1e-4), Cost(2000, 0, 300), Cost(1))
#: rule to CPU seconds, bytes, files
COSTS: dict[str, tuple[Cost, Cost, Cost]] = {
    "decide_slides": (Cost(0.6, 1e-3, 1e-3), Cost(15_000, 400, 400), Cost(2)),
    "collect_tiles": (Cost(0.7, 1e-3, 1e-3, 2.5e-6), Cost(30_000, 400, 400, 500), Cost(4)),
    "draw_overlays": (Cost(0.2, 0.04), Cost(0, 180_000, 300), Cost(1, 0, 1)),
    "report_cohort": (Cost(0.3, 0.05), Cost(1_200_000, 250_000, 3000), Cost(45, 4, 1)),
    "draw_figures": (Cost(4.5, 1e-3), Cost(1_900_000), Cost(17)),
    "write_methods": (Cost(0.4), Cost(6000), Cost(1)),
    "export_trident": (Cost(0.6, 2e-3), Cost(10_000, 12_000), Cost(5, 1)),
    "export_clam": (Cost(0.6, 2e-3), Cost(14_000, 12_000), Cost(6, 1)),
    "export_hs2p": (Cost(0.6, 2e-3), Cost(5_000, 3_000), Cost(4, 2)),
    "export_webdataset": (Cost(0.6, 0, 0, 1e-4), Cost(5_000, 0, 0, 55_000), Cost(4)),
    "export_geojson": (Cost(0.6, 2e-3), Cost(5_000, 2_000, 0, 250), Cost(3, 1)),
}


def of(rule: str, slides: int, used: int, tissue_gigapixels: float, memory_mb: int) -> CohortJob:
    """The job of a rule.

    Parameters
    ----------
    slides, used : of the sheet, and those that can be opened
    tissue_gigapixels : of tissue at the target resolution
    memory_mb : that the job asks for
    """
    tiles = tissue_gigapixels / TILE_GIGAPIXELS
    cpu_s, size, files = (cost.of(slides, used, tiles) for cost in COSTS.get(rule, _TABLE))
    return CohortJob(rule, cpu_s, size, files, memory_mb)
