# The cohort sheet and the configuration, checked; functions that rules call for one slide.
import functools
import inspect
import os
import sys

import snakemake
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

LIBRARY_MODULES = (
    "cohort/config",
    "cohort/decide",
    "cohort/duplicates",
    "cohort/cluster_jobs",
    "cohort/failures",
    "cohort/leakage",
    "cohort/leftovers",
    "cohort/plan_text",
    "cohort/planned_sheet",
    "cohort/reviews",
    "cohort/run_log",
    "cohort/sheet_checks",
    "cohort/sheet_paths",
    "cohort/summary",
    "report/versions",
    "support/interpreter",
    "support/tables",
    "columns/cohort_qc",
    "columns/patch_cohort",
    "columns/studies_qc",
    "columns/study_duplicates",
    "columns/study_leakage",
    "columns/tile_metrics",
    "tiles/engines",
    "radiology/studies/as_slides",
    "radiology/studies/study_decision",
    "radiology/reading/study_files",
    "radiology/studies/study_sheet",
)
LIBRARY_FILES = [f"grossing/{module}.py" for module in LIBRARY_MODULES]
digests.modules_of(LIBRARY_FILES[0], library, LIBRARY_FILES)  # fetches what it finds

import grossing
from grossing.cohort import config as settings
from grossing.cohort import sheet as sheets
from grossing.cohort import (
    cluster_jobs,
    decide,
    duplicates,
    failures,
    leakage,
    leftovers,
    reviews,
    run_log,
    sheet_checks,
    sheet_paths,
    summary,
)
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.cohort.reviews import Reviews
from grossing.columns import cohort_qc, patch_cohort, tile_metrics
from grossing.report import versions
from grossing.slide import identity, mask_identity
from grossing.slide.record import SlideRecord
from grossing.support import findings, interpreter, tables
from grossing.support.errors import UserError
from grossing.tiles import engines

RESERVED = {*cohort_qc.SCHEMA.names, *patch_cohort.SCHEMA.names, *dict(tile_metrics.COLUMNS)}
PLANNED_SHEET = placed("results/cohort/planned_sheet.json")
PLANNED_REVIEWS = placed("results/cohort/planned_reviews.json")

CONFIG_SCHEMA = workflow.source_path("../schemas/config.schema.yaml")
SHIPPED_CONFIG = workflow.source_path("../../config/config.yaml")
CONFIG_FILES = {"config/config.yaml": SHIPPED_CONFIG}
CONFIG_FILES |= {str(path): path for path in workflow.overwrite_configfiles}
IN_SECTION, ELSEWHERE = (), "--config on the command line"
if IS_MODULE:
    # the keys that differ come from the workflow around this one: from a section of its files
    around = workflow.modifier.parent_modifier.globals["config"]
    IN_SECTION = settings.section_of(config, around) or ()
    ELSEWHERE = f"config of the module {workflow.modifier.namespace}"
    CONFIG_FILES = {
        str(path): path for path in workflow.configfiles + workflow.overwrite_configfiles
    }
    config = settings.merged(SHIPPED_CONFIG, config)
settings.read_flags(config, CONFIG_SCHEMA)
settings.read_numbers(config, CONFIG_SCHEMA, workflow.config_settings.config or {})
STUDIES_RUN = bool(config["studies"])  # a run is about slides, or about studies


def checked_sheet():
    """The sheet and its stacks; UserError for faults of the sheet, the configuration or the Python."""
    if refusal := interpreter.refusal(sys.executable):
        raise UserError(refusal)
    settings.check(
        config,
        CONFIG_SCHEMA,
        CONFIG_FILES,
        workflow.config_settings.config or {},
        section=IN_SECTION,
        elsewhere=ELSEWHERE,
    )
    if STUDIES_RUN:
        return PlannedSheet(sheets.Sheet(config["cohort"], (), {}), {})
    slides, folded, warnings = sheet_checks.read(
        config["cohort"],
        workflow.source_path("../schemas/cohort.schema.yaml"),
        RESERVED,
        focus_stack=config["focus_stack"]["enabled"],
        leakage=config["leakage"],
    )
    if warnings:
        logger.warning(findings.text(warnings))
    return PlannedSheet(slides, folded)


try:
    # the jobs of a cluster work with the sheet that their head has checked
    is_head = workflow.is_main_process or not os.path.exists(PLANNED_SHEET)
    if is_head or STUDIES_RUN:
        PLANNED = checked_sheet()
    else:
        PLANNED = PlannedSheet.read(PLANNED_SHEET, folder=os.path.dirname(config["cohort"]))
except UserError as error:
    raise WorkflowError(str(error)) from None
SHEET, STACKS = PLANNED.sheet, PLANNED.stacks


wildcard_constraints:
    slide_id="[^/]+",
    study_id="[^/]+",


FAILED_JOBS = placed("results/cohort/failed_jobs.csv")
ACCEPTED = [
    failure.slide_id
    for failure in (failures.read(FAILED_JOBS) if config["accept_failures"] else [])
    if failure.slide_id in SHEET.rows
]
COMPLETE = [slide_id for slide_id in SHEET.rows if slide_id not in ACCEPTED]
try:
    # every n-th slide, or the batches of the target `plan`
    plan_table = here("results/cohort/plan.csv") if config["plan"]["hours_per_job"] else None
    PART = settings.part(COMPLETE, config["part"], plan_table)
except UserError as error:
    raise WorkflowError(str(error)) from None
JUDGED_BY = {key: config[key] for key in ("thresholds", "target_mpp", "target_mpp_tolerance")}
CRITERIA = decide.Criteria.from_config(**JUDGED_BY)
GONE = set()
COHORT_PRODUCTS = []  # what is made of the whole cohort besides its tables
PRODUCTS = []  # what the optional stages that are on make of each slide
COHORT_TABLES = []  # their tables of the cohort
TILE_TABLES = {}  # optional stage to its table of tiles, for `collect_tiles`


def of_slides(slide_ids, *patterns, key="{slide_id}"):
    """Files of many slides as an input function, called only where a job of that rule is planned."""

    def paths(wildcards):
        each = [pattern for group in patterns for pattern in group]
        each = list(map(str, each)) if AS_WRITTEN else each  # once, not for each slide
        return [of_slide(pattern, slide_id, key) for slide_id in slide_ids for pattern in each]

    return paths


def asked_per_job(function):
    """Spares Snakemake the inspection of a signature for each of thousands of jobs."""
    function.__signature__ = inspect.signature(function)
    return function


@functools.lru_cache(maxsize=None)
def measured_before(path, mtime_ns):
    """Identity, verdict of the thresholds, gigapixels and mask of a slide; nothing else is kept."""
    record = SlideRecord.read(path)
    size = record.file.width_px * record.file.height_px / 1e9 if record.file else 0
    return record.identity, decide.slide(record, CRITERIA), size, record.mask


def known(slide_id):
    """`measured_before` of a slide, None before it is measured."""
    try:
        path = here(f"results/slides/{slide_id}.json")
        return measured_before(path, os.stat(path).st_mtime_ns)
    except (FileNotFoundError, ValueError):
        return None


def measured_hash(slide_id):
    """Content hash of a slide when it was measured; None before, and where there was no file."""
    before = known(slide_id)
    return before[0].content_hash if before else None


def was_read(slide_id):
    """Whether a slide's file was there when the slide was measured."""
    return measured_hash(slide_id) is not None


def used_mask(slide_id):
    """Whether a mask of the user's own was there when the slide was measured."""
    before = known(slide_id)
    return before is not None and before[3].mask_hash is not None


try:
    if STUDIES_RUN:
        REVIEWS = Reviews({}, "")
    elif is_head:
        schema = workflow.source_path("../schemas/reviews.schema.yaml")
        given_reviews = reviews.read(config["reviews"], schema, SHEET.rows)
        REVIEWS = Reviews.planned(given_reviews, PLANNED_REVIEWS, measured_hash)
    else:
        REVIEWS = Reviews.read(PLANNED_REVIEWS)
except UserError as error:
    raise WorkflowError(str(error)) from None


def measured_contents():
    """Content hashes of the slides that were read before and are as they were."""
    return {
        slide_id: content_hash
        for slide_id in SHEET.rows
        if slide_id not in STACKS and (before := known(slide_id))
        if before[2]  # unreadable files have no size, and empty ones all the same content
        if (content_hash := identity.recorded_hash(SHEET.slide_path(slide_id), before[0]))
    }


if workflow.is_main_process:
    copies = sheet_checks.contents(SHEET, measured_contents(), config["leakage"])
    try:
        findings.refuse(copies)
    except UserError as error:
        raise WorkflowError(str(error)) from None
    if copies:
        logger.warning(findings.text(copies))
    if pathless := sheet_paths.warning(SHEET, STACKS, was_read):
        logger.warning(pathless)
    if maskless := sheet_paths.mask_warning(SHEET, used_mask):
        logger.warning(maskless)


@asked_per_job
def fingerprint(wildcards):
    """Identity of a slide's content; a slide that only moved, was touched or archived keeps it."""
    if wildcards.slide_id in STACKS:
        return "fused"  # an input, which triggers reruns by itself
    path, before = SHEET.slide_path(wildcards.slide_id), known(wildcards.slide_id)
    recorded = before[0] if before else None
    if recorded and recorded.content_hash and not os.path.exists(path):
        GONE.add(wildcards.slide_id)
    return identity.fingerprint(path, recorded)


@asked_per_job
def gate(wildcards):
    """pass, fail, or pending before the slide is measured."""
    verdict = judged(wildcards.slide_id)
    return decide.gate_of(verdict) if verdict else "pending"


def judged(slide_id):
    """Verdict of a measured slide before tiling, by the thresholds and by people; None before."""
    before = known(slide_id)
    return REVIEWS.applied(slide_id, before[0].content_hash, before[1]) if before else None


def verdict_text(slide_id):
    """Status and reasons of a measured slide; empty where it passes or is not measured yet."""
    verdict = judged(slide_id)
    passes = verdict is None or verdict.status == decide.PASS
    return "" if passes else f"{verdict.status} {verdict.text}"


def announced(deed):
    """What a job behind the gate does with its slide, and why; `resources` keeps it unrecorded."""

    @asked_per_job
    def announcement(wildcards, resources):
        slide_id, verdict = wildcards.slide_id, verdict_text(wildcards.slide_id)
        because = f": {verdict}" if verdict else ""
        if gate(wildcards) == "pending":
            because = " if it passes"
        does = f"Not {deed}" if gate(wildcards) == "fail" else deed.capitalize()
        return f"{does} {slide_id}{because}"

    return announcement


@asked_per_job
def slide_path(wildcards, resources):
    """Path of a slide; asking for `resources` keeps it out of the recorded parameters (it may move)."""
    return slide_file(wildcards.slide_id)


def slide_file(slide_id):
    """Path of a slide, or of the slide that a stack is fused into."""
    if slide_id in STACKS:
        return os.path.abspath(of_slide(rules.fuse_focus.output.tiff, slide_id))
    return os.path.abspath(SHEET.slide_path(slide_id))


@asked_per_job
def users_mask(wildcards, resources):
    """Path of a mask of the user's own, None where the sheet names none; it may move, as a slide."""
    path = SHEET.mask_path(wildcards.slide_id)
    return os.path.abspath(path) if path else None


@asked_per_job
def mask_fingerprint(wildcards):
    """Identity of the content of a mask of the user's own; empty where the sheet names none."""
    path, before = SHEET.mask_path(wildcards.slide_id), known(wildcards.slide_id)
    return mask_identity.fingerprint(path, before[3] if before else None) if path else ""


@asked_per_job
def given_mpp(wildcards):
    return SHEET.given_mpp(wildcards.slide_id)


@asked_per_job
def given_stain(wildcards):
    return SHEET.value(wildcards.slide_id, "stain")
