# The cohort sheet and the configuration, checked; what rules ask about a slide.
import atexit
import functools
import json
import os
import sys

from snakemake.exceptions import WorkflowError


def library(name):
    """A file of scripts/, fetched where the workflow itself comes from elsewhere."""
    return workflow.source_path(f"../../scripts/{name}")


sys.path.insert(0, os.path.dirname(os.path.dirname(library("grossing/__init__.py"))))
for module in "cohort content decide digest files grid settings tables verdicts".split():
    library(f"grossing/{module}.py")

from grossing import cohort, content, decide, digest, settings, tables, verdicts

RESERVED = {
    name
    for schema in (tables.COHORT_QC, tables.PATCH_COHORT, tables.TILE_METRICS, tables.TILE_SUMMARY)
    for name in schema.names
}

try:
    settings.check(
        config,
        workflow.source_path("../schemas/config.schema.yaml"),
        [workflow.source_path("../../config/config.yaml"), *workflow.overwrite_configfiles],
    )
    SHEET = cohort.read_sheet(
        config["cohort"], workflow.source_path("../schemas/cohort.schema.yaml"), RESERVED
    )
except cohort.UserError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    slide_id="[^/]+",


JUDGED_BY = {key: config[key] for key in ("thresholds", "target_mpp", "target_mpp_tolerance")}
GONE = set()


@functools.cache
def code_digest(rule):
    """Hash of a rule's script and of the library modules it uses, without comments."""
    return digest.of_script(f"{rule}.py", library)


@functools.lru_cache(maxsize=None)
def measured_before(slide_id, mtime_ns):
    """Identity and verdict of a slide from its JSON; nothing else of it stays in memory."""
    with open(f"results/slides/{slide_id}.json", encoding="utf-8") as file:
        record = json.load(file)
    identity = {key: record[key] for key in ("content_hash", "source")}
    return identity, decide.gate(record, **JUDGED_BY)


def known(slide_id):
    """What an earlier measurement left of a slide, or None."""
    try:
        return measured_before(slide_id, os.stat(f"results/slides/{slide_id}.json").st_mtime_ns)
    except (FileNotFoundError, KeyError, json.JSONDecodeError):
        return None


def fingerprint(wildcards):
    """Identity of a slide's content; a slide that only moved, was touched or archived keeps it."""
    path, before = SHEET.slide_path(wildcards.slide_id), known(wildcards.slide_id)
    identity = before[0] if before else None
    if identity and identity["content_hash"] and not os.path.exists(path):
        GONE.add(wildcards.slide_id)
    return content.fingerprint(path, identity)


def gate(wildcards):
    """pass, fail, or pending before the slide is measured."""
    before = known(wildcards.slide_id)
    return before[1] if before else "pending"


def slide_path(wildcards, resources):
    """Path of a slide; asking for `resources` keeps it out of the recorded parameters (it may move)."""
    return os.path.abspath(SHEET.slide_path(wildcards.slide_id))


def given_mpp(wildcards):
    return SHEET.given_mpp(wildcards.slide_id)


def given_stain(wildcards):
    return SHEET.cell(wildcards.slide_id, "stain")


@atexit.register
def say_what_is_gone():
    if GONE and workflow.is_main_process:
        names = ", ".join(sorted(GONE)[:5]) + (", ..." if len(GONE) > 5 else "")
        words = "measured slides are not at their path any more (archived?); results are kept"
        print(f"WARNING: {len(GONE)} {words}: {names}", file=sys.stderr)


def closing_summary():
    """The verdicts as text, where there are any."""
    path = "results/cohort/cohort_qc.parquet"
    if not os.path.exists(path):
        return ""
    return f"Verdicts (results/cohort/cohort_qc.csv):\n{verdicts.summary(tables.read(path))}"


def failure_summary(log):
    return (
        f"Some jobs failed; the others went on. Their words: logs/<rule>/<slide_id>.log, all: {log}\n"
        "Mend the cause and run the same command again: finished work is kept."
    )
