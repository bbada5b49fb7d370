"""What a run will cost, slide by slide and in all, and which slides will fail."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from grossing.cohort import cohort_costs, decide, earlier_jobs, shipped_costs, slide_header
from grossing.cohort.cost_model import SLIDES_MIN, Observation, RuleCosts
from grossing.cohort.decide import TILED, Criteria
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.cohort.reviews import Reviews
from grossing.cohort.slide_header import Size, SlideHeader, Target
from grossing.columns import plan as columns
from grossing.slide import identity, mask_identity
from grossing.slide.record import SlideRecord
from grossing.support import parallel, tables

THREADS = 4
MEASURING = ("measure_slide", "fuse_focus")  # the work of these does not depend on the verdict
#: of tissue that `measure_slide` reads at most: 64 tiles of 128 um
SAMPLED_GIGAPIXELS = 64 * 256**2 / 1e9
FACTS = "results/slides/{slide_id}.json"
BENCHMARK = "benchmarks/{rule}/{slide_id}.tsv"
#: of each output in .snakemake/metadata; besides it there are the job's log and benchmark
METADATA_BYTES, JOB_FILES = 2000, 2


@dataclass(frozen=True)
class SlideRule:
    """A rule that has a job per slide: its outputs, of which some are folders."""

    name: str
    outputs: Sequence[str]
    folders: int

    def paths(self, slide_id: str) -> list[str]:
        return [path.replace("{slide_id}", slide_id) for path in self.outputs]


@dataclass(frozen=True)
class Settings:
    """What is planned: the rules, and what the costs of their jobs depend on.

    Attributes
    ----------
    slide_rules, cohort_rules : rules that will run; of the latter name to outputs
    slide_ids : slides that are worked on
    memory_mb : rule to slide_id to the memory that its job asks for; slides that have one
    cohort_memory_mb : the same of the rules of the cohort
    tile_px : side of a tile
    stages : optional stages that are on
    folder : what `results` and `benchmarks` are in
    """

    target: Target
    criteria: Criteria
    slide_rules: Sequence[SlideRule]
    cohort_rules: Mapping[str, Sequence[str]]
    slide_ids: Sequence[str]
    memory_mb: Mapping[str, Mapping[str, int]]
    cohort_memory_mb: Mapping[str, int]
    tile_px: int
    stages: Sequence[str]
    folder: str = ""

    @classmethod
    def from_params(
        cls,
        *,
        target: Mapping[str, Any],
        criteria: Mapping[str, Any],
        slide_rules: Sequence[Mapping[str, Any]],
        **others: Any,
    ) -> "Settings":
        """Of the rule's parameters."""
        return cls(
            target=Target(**target),
            criteria=Criteria.from_config(**criteria),
            slide_rules=[SlideRule(**rule) for rule in slide_rules],
            **others,
        )


@dataclass(frozen=True)
class Slide:
    """A slide of the plan: its header, and whether it will be tiled (None: not known yet)."""

    slide_id: str
    header: SlideHeader
    record: SlideRecord | None
    is_stack: bool
    is_tiled: bool | None

    def size_for(self, rule: str) -> Size | None:
        """What a rule has to do; None where it writes empty outputs."""
        size = self.header.size
        if size and rule == "measure_slide":
            return replace(size, tissue=min(size.tissue, SAMPLED_GIGAPIXELS), read=0.0)
        return size if rule in MEASURING or self.is_tiled is not False else None


@dataclass(frozen=True)
class Job:
    """A job that is to run, and what it is expected to cost."""

    rule: str
    slide_id: str
    cpu_s: float
    written_bytes: float
    written_files: float
    memory_mb: int


@dataclass(frozen=True)
class Plan:
    """Slides, the jobs of each, jobs that are finished by rule, and the costs that were used."""

    slides: Sequence[Slide]
    jobs: Mapping[str, Sequence[Job]]
    finished: Mapping[str, Sequence[str]]
    cohort: Sequence[cohort_costs.CohortJob]
    costs: Mapping[str, RuleCosts]
    passing_share: float
    load: float


def make(planned: PlannedSheet, reviews: Reviews, settings: Settings) -> Plan:
    """The plan of a cohort; reads headers, results and benchmark files of the working directory."""

    def known(slide_id: str) -> Slide:
        return _slide(slide_id, planned, reviews, settings)

    slides = list(parallel.ordered(known, settings.slide_ids, THREADS))
    observed = {
        rule.name: _observations(rule, slides, settings.folder) for rule in settings.slide_rules
    }
    costs = {
        rule.name: RuleCosts.fitted(observed[rule.name])
        or shipped_costs.of(rule.name, len(rule.outputs), rule.folders, settings.tile_px)
        for rule in settings.slide_rules
    }
    share = _passing_share(slides)
    jobs: dict[str, list[Job]] = {}
    finished: dict[str, list[str]] = {}
    for slide in slides:
        jobs[slide.slide_id], finished[slide.slide_id] = _jobs(slide, settings, costs, share)
    pending = any(jobs.values())
    made = {name: all(map(os.path.exists, out)) for name, out in settings.cohort_rules.items()}
    used = sum(slide.header.size is not None for slide in slides)
    tiles = sum(slide.header.size.tissue for slide in slides if slide.header.size)
    cohort = [
        cohort_costs.of(name, len(slides), used, tiles, settings.cohort_memory_mb[name])
        for name in settings.cohort_rules
        if pending or not made[name]
    ]
    return Plan(slides, jobs, finished, cohort, costs, share, _load(observed))


def _slide(slide_id: str, planned: PlannedSheet, reviews: Reviews, settings: Settings) -> Slide:
    sheet, stack = planned.sheet, planned.stacks.get(slide_id)
    path = stack.paths[0] if stack else sheet.slide_path(slide_id)
    mask = sheet.mask_path(slide_id)
    record = None if stack else _record(slide_id, path, mask, settings.folder)
    if record:
        header = slide_header.of_record(record, settings.target)
        verdict = decide.slide(record, settings.criteria)
        verdict = reviews.applied(slide_id, record.identity.content_hash, verdict)
        return Slide(slide_id, header, record, False, verdict.status in TILED)
    mpp, stain = sheet.given_mpp(slide_id), sheet.value(slide_id, "stain")
    if stack:
        paths, planes = stack.paths, len(stack.planes)
        header = slide_header.of_stack(
            paths, planes, settings.target, given_mpp=mpp, given_stain=stain
        )
    else:
        header = slide_header.read(path, settings.target, given_mpp=mpp, given_stain=stain)
    if mask and not header.problem:
        header = slide_header.with_mask(header, mask)
    return Slide(slide_id, header, None, bool(stack), False if header.problem else None)


def _record(slide_id: str, path: str, mask: str | None, folder: str) -> SlideRecord | None:
    """What was measured of a slide, if file and mask are still those, archived or never there."""
    try:
        record = SlideRecord.read(os.path.join(folder, FACTS.format(slide_id=slide_id)))
    except (FileNotFoundError, ValueError):
        return None
    mask_hash = mask_identity.fingerprint(mask, record.mask) if mask else None
    if mask_hash != record.mask.mask_hash:
        return None
    if record.identity.content_hash is None:  # absent or unreadable: it would be refused again
        return record if identity.stat(path) == record.identity.source else None
    return record if identity.recorded_hash(path, record.identity) else None


def _observations(rule: SlideRule, slides: Sequence[Slide], folder: str) -> list[Observation]:
    """What the jobs of a rule cost in earlier runs of this working directory."""
    found = []
    for slide in slides:
        if slide.record is None:
            continue
        name = os.path.join(folder, BENCHMARK.format(rule=rule.name, slide_id=slide.slide_id))
        time, written = earlier_jobs.read(name), earlier_jobs.written(rule.paths(slide.slide_id))
        if time and written:
            size = slide.size_for(rule.name)
            found.append(Observation(size, time.cpu_s, time.wall_s, *written))
    return found


def _passing_share(slides: Sequence[Slide]) -> float:
    """Share of the tissue of slides that could be opened which is on slides that pass."""
    measured = [s for s in slides if s.record and s.header.size and not s.header.problem]
    tissue = sum(s.header.size.tissue for s in measured if s.header.size)
    if len(measured) < SLIDES_MIN or not tissue:
        return 1.0
    passing = sum(s.header.size.tissue for s in measured if s.header.size and s.is_tiled)
    return passing / tissue


def _load(observed: Mapping[str, Sequence[Observation]]) -> float:
    """CPU seconds per second of earlier jobs; 1 before there are any."""
    times = [one for each in observed.values() for one in each]
    if len(times) < SLIDES_MIN:
        return 1.0
    return min(1.0, sum(o.cpu_s for o in times) / sum(o.wall_s for o in times))


def _jobs(
    slide: Slide, settings: Settings, costs: Mapping[str, RuleCosts], share: float
) -> tuple[list[Job], list[str]]:
    """Jobs of a slide that are to run, and the rules that have finished."""
    jobs, finished = [], []
    for rule in settings.slide_rules:
        memory = settings.memory_mb[rule.name].get(slide.slide_id)
        if memory is None:
            continue
        made = all(map(os.path.exists, rule.paths(slide.slide_id)))
        if made and (slide.record or slide.is_stack):
            finished.append(rule.name)
        else:
            jobs.append(_job(rule, slide, costs[rule.name], share, memory))
    return jobs, finished


def _job(rule: SlideRule, slide: Slide, costs: RuleCosts, share: float, memory: int) -> Job:
    """The job of a slide; of one that may fail its thresholds, what it is expected to cost."""
    size = slide.size_for(rule.name)
    certain = rule.name in MEASURING or slide.is_tiled is not None
    part = 1.0 if certain else share
    cpu_s, written_bytes, written_files = (
        part * cost.of(size) + (1 - part) * cost.of(None)
        for cost in (costs.cpu_s, costs.written_bytes, costs.written_files)
    )
    outputs = len(rule.outputs)
    return Job(
        rule.name,
        slide.slide_id,
        cpu_s,
        written_bytes + METADATA_BYTES * outputs,
        written_files + outputs + JOB_FILES,
        memory,
    )


def table(plan: Plan, batch_of: Mapping[str, int]) -> pa.Table:
    """A row per slide, in the order of the sheet.

    Parameters
    ----------
    batch_of : slide_id to the batch of node mode, where slides are packed
    """
    rows = [_row(slide, plan, batch_of.get(slide.slide_id)) for slide in plan.slides]
    return tables.from_rows(rows, columns.SCHEMA)


def _row(slide: Slide, plan: Plan, batch: int | None) -> dict[str, Any]:
    jobs, problem = plan.jobs[slide.slide_id], slide.header.problem
    return {
        "slide_id": slide.slide_id,
        "error_code": problem.code if problem else None,
        "error_message": problem.message if problem else None,
        "remedy": problem.remedy if problem else None,
        "jobs": len(jobs),
        "rules": ";".join(job.rule for job in jobs) or None,
        "finished_jobs": len(plan.finished[slide.slide_id]),
        "cpu_s": round(sum(job.cpu_s for job in jobs), 2),
        "memory_mb": max((job.memory_mb for job in jobs), default=None),
        "written_bytes": math.ceil(sum(job.written_bytes for job in jobs)),
        "written_files": math.ceil(sum(job.written_files for job in jobs)),
        "batch": batch,
    }
