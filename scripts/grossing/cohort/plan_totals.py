"""The totals of a plan, its batches, and what a person reads of it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grossing.cohort import cohort_costs, packing
from grossing.cohort.plan import Plan, Settings
from grossing.support.errors import CohortError

#: numbers of cores and of jobs at once for which the time is stated
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
LISTED_MAX = 20
Json = dict[str, Any]


@dataclass(frozen=True)
class Batches:
    """The config section `plan`: hours of an allocation (0: no batches), and its memory in MB."""

    hours_per_job: float
    memory: float


@dataclass(frozen=True)
class Packed:
    """slide_id to batch, seconds of each batch, and slides that a batch works on at once."""

    batch_of: Mapping[str, int]
    seconds: Sequence[float]
    at_once: int


def packed(plan: Plan, wanted: Batches, cores: int) -> Packed:
    """The slides in batches of node mode, none where no hours are wanted.

    Parameters
    ----------
    cores : of an allocation

    Raises
    ------
    CohortError : the memory is less than the largest job asks for.
    """
    if not wanted.hours_per_job:
        return Packed({}, (), 0)
    largest = _largest_of_slides(plan)
    at_once = min(cores, int(wanted.memory // max(largest, 1)))
    if not at_once:
        raise CohortError(
            f"plan.memory: {wanted.memory:g}: less than the {largest} MB that the largest job asks "
            f"for: give at least that"
        )
    seconds = {
        slide_id: sum(job.cpu_s + cohort_costs.LOCAL_JOB_S for job in jobs) / plan.load / at_once
        for slide_id, jobs in plan.jobs.items()
    }
    count = max(1, math.ceil(sum(seconds.values()) / (wanted.hours_per_job * 3600)))
    batch_of = packing.pack(seconds, count)
    return Packed(batch_of, packing.loads(seconds, batch_of, count), at_once)


def totals(plan: Plan, settings: Settings, batches: Packed, cores: int) -> Json:
    """What `plan.json` holds (workflow/schemas/plan_totals.schema.yaml)."""
    jobs = [job for each in plan.jobs.values() for job in each]
    failing = Counter(s.header.problem.code for s in plan.slides if s.header.problem)
    rules = [_rule(rule.name, plan) for rule in settings.slide_rules]
    tables = [
        {
            "rule": job.rule,
            "cpu_s": round(job.cpu_s, 2),
            "memory_mb": job.memory_mb,
            "written_bytes": math.ceil(job.written_bytes),
            "written_files": math.ceil(job.written_files),
        }
        for job in plan.cohort
    ]
    count = len(jobs) + len(plan.cohort)
    started = cohort_costs.START_S + cohort_costs.PLANNED_SLIDE_S * len(plan.slides)
    return {
        "slides": len(plan.slides),
        "failing": [{"error_code": code, "slides": n} for code, n in sorted(failing.items())],
        "stages": list(settings.stages),
        "jobs": count,
        "finished_jobs": sum(map(len, plan.finished.values())),
        "cpu_s": round(sum(j.cpu_s for j in jobs) + sum(j.cpu_s for j in plan.cohort), 2),
        "snakemake_cpu_s": round(started + cohort_costs.LOCAL_JOB_S * count, 2),
        "memory_mb": max([_largest_of_slides(plan), *(j.memory_mb for j in plan.cohort)]) or None,
        "written_bytes": sum(row["written_bytes"] for row in (*rules, *tables)),
        "written_files": sum(row["written_files"] for row in (*rules, *tables)),
        "passing_share": round(plan.passing_share, 4),
        "load": round(plan.load, 4),
        "cores": cores,
        "rules": rules,
        "cohort_rules": tables,
        "wall": [wall(plan, workers, started) for workers in sorted({*WORKERS, cores})],
        "at_once": batches.at_once,
        "batches": [
            {"part": f"{number}/{len(batches.seconds)}", "slides": slides, "wall_s": round(s, 1)}
            for number, (s, slides) in enumerate(
                zip(batches.seconds, _counts(batches), strict=True), 1
            )
        ],
    }


def _counts(batches: Packed) -> list[int]:
    """Slides of each batch."""
    counts = Counter(batches.batch_of.values())
    return [counts[number + 1] for number in range(len(batches.seconds))]


def _largest_of_slides(plan: Plan) -> int:
    """The largest memory that a job of a slide asks for, MB; 0 where there is none."""
    return max((job.memory_mb for each in plan.jobs.values() for job in each), default=0)


def _rule(name: str, plan: Plan) -> Json:
    jobs = [job for each in plan.jobs.values() for job in each if job.rule == name]
    costs = plan.costs[name]
    return {
        "rule": name,
        "jobs": len(jobs),
        "finished_jobs": sum(name in rules for rules in plan.finished.values()),
        "cpu_s": round(sum(job.cpu_s for job in jobs), 2),
        "memory_mb": max((job.memory_mb for job in jobs), default=None),
        "written_bytes": math.ceil(sum(job.written_bytes for job in jobs)),
        "written_files": math.ceil(sum(job.written_files for job in jobs)),
        "fitted_to": costs.slides,
        "cpu_error": costs.cpu_s.error,
        "bytes_error": costs.written_bytes.error,
        "cpu_coefficients": list(costs.cpu_s.values),
        "bytes_coefficients": list(costs.written_bytes.values),
        "files_coefficients": list(costs.written_files.values),
    }


def wall(plan: Plan, workers: int, started_s: float) -> Json:
    """Seconds of a run on that many cores, and with that many jobs of a scheduler at once.

    Jobs of a slide follow each other, those of the cohort come last; waiting in a queue is not
    counted.
    """
    of_cohort = [job.cpu_s for job in plan.cohort]

    def seconds(per_job: float) -> float:
        chains = [sum(j.cpu_s + per_job for j in jobs) for jobs in plan.jobs.values()] or [0.0]
        ends = sum(of_cohort) + per_job * len(of_cohort)
        busy = max(sum(chains) / workers, max(chains)) + ends
        return round(started_s + busy / plan.load, 1)

    return {
        "workers": workers,
        "cores_s": seconds(cohort_costs.LOCAL_JOB_S),
        "jobs_s": seconds(cohort_costs.SCHEDULED_JOB_S),
    }
