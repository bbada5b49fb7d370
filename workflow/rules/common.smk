# The cohort sheet and the configuration, checked; what rules ask about a slide.
import functools
import gc
import hashlib
import inspect
import json
import os
import sys

from snakemake.exceptions import WorkflowError

gc.set_threshold(20_000, 20, 50)  # a plan is millions of objects that stay: look less often


@functools.cache
def library(name):
    """A file of scripts/, fetched where the workflow itself comes from elsewhere."""
    return workflow.source_path(f"../../scripts/{name}")


sys.path.insert(0, os.path.dirname(os.path.dirname(library("grossing/__init__.py"))))
MODULES = "cohort content decide digest failures files grid leftovers runlog settings stacks tables"
MODULES += " tiffdir verdicts"
for module in MODULES.split():
    library(f"grossing/{module}.py")

from grossing.cohort import config, decide, failures, measured_qc, sheet, stacks
from grossing.slide import identity
from grossing.support import code_digest, tables
from grossing.cohort import leftovers, run_log

RESERVED = {
    name
    for schema in (tables.COHORT_QC, tables.PATCH_COHORT, tables.TILE_METRICS, tables.TILE_SUMMARY)
    for name in schema.names
}

CONFIG_SCHEMA = workflow.source_path("../schemas/config.schema.yaml")

try:
    config.read_flags(config, CONFIG_SCHEMA)
    config.check(
        config,
        CONFIG_SCHEMA,
        {"config/config.yaml": workflow.source_path("../../config/config.yaml")}
        | {str(path): path for path in workflow.overwrite_configfiles},
        workflow.config_settings.config or {},
    )
    SHEET = sheet.read_sheet(
        config["cohort"],
        # the jobs of a cluster read a sheet that their head has checked
        workflow.source_path("../schemas/cohort.schema.yaml") if workflow.is_main_process else None,
        RESERVED,
    )
    SHEET, STACKS = stacks.fold(SHEET, config["focus_stack"]["enabled"])
except UserError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    slide_id="[^/]+",


FAILED_JOBS = "results/cohort/failed_jobs.csv"
ACCEPTED = [
    failure.slide_id
    for failure in (failures.read(FAILED_JOBS) if config["accept_failures"] else [])
    if failure.slide_id in SHEET.rows
]
COMPLETE = [slide_id for slide_id in SHEET.rows if slide_id not in ACCEPTED]
try:
    PART = config.part(COMPLETE, config["part"])
except UserError as error:
    raise WorkflowError(str(error)) from None
JUDGED_BY = {key: config[key] for key in ("thresholds", "target_mpp", "target_mpp_tolerance")}
GONE = set()
PRODUCTS = []  # what the optional stages that are on make of each slide
TILE_TABLES = {}  # optional stage to its table of tiles, for `collect_tiles`


def of_slides(slide_ids, *patterns):
    """Files of many slides as an input function: asked only where a job of that rule is planned."""

    def paths(wildcards):
        each = [str(pattern) for group in patterns for pattern in group]
        return [path.replace("{slide_id}", slide_id) for slide_id in slide_ids for path in each]

    return paths


def asked_per_job(function):
    """Spares Snakemake the inspection of a signature for each of thousands of jobs."""
    function.__signature__ = inspect.signature(function)
    return function


@functools.cache
def code_digest(rule):
    """Hash of a rule's script and of the library modules it uses, without comments."""
    return code_digest.of_script(f"{rule}.py", library)


def sheet_digest():
    """Hash of the sheet's rows: an edited sheet counts also where its date is old (rsync, cp -p)."""
    return hashlib.sha256(repr(SHEET.rows).encode()).hexdigest()


@functools.lru_cache(maxsize=None)
def measured_before(slide_id, mtime_ns):
    """Identity, gate, gigapixels and what is not PASS of a slide; nothing else stays in memory."""
    with open(f"results/slides/{slide_id}.json", encoding="utf-8") as file:
        record = json.load(file)
    identity = {key: record[key] for key in ("content_hash", "source")}
    size = (record.get("width_px") or 0) * (record.get("height_px") or 0) / 1e9
    verdict = decide.slide(record, **JUDGED_BY)
    text = "" if verdict.status == decide.PASS else f"{verdict.status} {verdict.text}"
    return identity, decide.gate(record, **JUDGED_BY), size, text


def known(slide_id):
    """What an earlier measurement left of a slide, or None."""
    try:
        return measured_before(slide_id, os.stat(f"results/slides/{slide_id}.json").st_mtime_ns)
    except (FileNotFoundError, KeyError, json.JSONDecodeError):
        return None


@asked_per_job
def fingerprint(wildcards):
    """Identity of a slide's content; a slide that only moved, was touched or archived keeps it."""
    if wildcards.slide_id in STACKS:
        return "fused"  # an input, which counts by itself
    path, before = SHEET.slide_path(wildcards.slide_id), known(wildcards.slide_id)
    identity = before[0] if before else None
    if identity and identity["content_hash"] and not os.path.exists(path):
        GONE.add(wildcards.slide_id)
    return identity.fingerprint(path, identity)


@asked_per_job
def gate(wildcards):
    """pass, fail, or pending before the slide is measured."""
    before = known(wildcards.slide_id)
    return before[1] if before else "pending"


def verdict_text(slide_id):
    """Status and reasons of a measured slide; empty where it passes or is not measured yet."""
    before = known(slide_id)
    return before[3] if before else ""


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
    return os.path.abspath(SHEET.slide_path(wildcards.slide_id))


@asked_per_job
def given_mpp(wildcards):
    return SHEET.given_mpp(wildcards.slide_id)


@asked_per_job
def given_stain(wildcards):
    return SHEET.cell(wildcards.slide_id, "stain")
