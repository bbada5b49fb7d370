# What the target `plan` looks at, and what it and a dry run say at their end.
import atexit
import csv
import hashlib
import json
import types

from grossing.cohort import plan_text

#: Snakemake has left it when the program ends
RUN_FOLDER = os.getcwd()
#: sections of optional stages
OPTIONAL = ("rescale", "stain", "stains", "focus_stack", "nuclei", "zones", "splits", "report")


def own_rules():
    """The rules by their names here, which a workflow that has this one as a module may change."""
    return {name: proxy.rule for name, proxy in rules._rules.items()}


def slide_rules():
    """Rules that have a job per slide in this configuration, by name."""
    wanted = {*map(str, PRODUCTS), *map(str, rules.measure_slide.output)}
    wanted |= {str(path) for path in rules.tile_slide.output}
    wanted |= {str(path) for path in FUSED_MAPS} if STACKS else set()
    made = {name: rule for name, rule in own_rules().items() if "slide_id" in rule.wildcard_names}
    return {name: each for name, each in made.items() if wanted & set(map(patterned, each.output))}


def patterned(path):
    """An output as it is written in the rules, without the constraints of its wildcards."""
    return str(path).replace(",[^/]+}", "}")


def planned_for(name, slide_id):
    return name != "fuse_focus" or slide_id in STACKS


def planned_memory(wildcards, resources):
    """Rule to the memory in MB that it asks for at first, slide by slide; `resources` keeps it
    unrecorded."""
    slides = [types.SimpleNamespace(slide_id=slide_id) for slide_id in COMPLETE]
    return {
        name: {
            slide.slide_id: each.resources["mem_mb"].evaluate(slide, attempt=1).value
            for slide in slides
            if planned_for(name, slide.slide_id)
        }
        for name, each in slide_rules().items()
    }


def cohort_memory(wildcards, resources):
    """The same of the rules of the whole cohort."""
    nothing = types.SimpleNamespace()
    found = {name: workflow.get_rule(name).resources["mem_mb"] for name in cohort_rules()}
    return {name: asked.evaluate(nothing, attempt=1).value for name, asked in found.items()}


def cohort_rules():
    """Rules of the whole cohort that run in this configuration: name to outputs."""
    wanted = {*map(str, COHORT_TABLES), *map(str, COHORT_PRODUCTS)}
    for always in (
        "find_duplicates",
        "decide_slides",
        "collect_tiles",
        "draw_overlays",
        "write_provenance",
    ):
        wanted |= set(map(str, getattr(rules, always).output))
    if config["report"]["enabled"]:
        wanted |= set(map(str, rules.report_cohort.output))
    if NORMALIZED and STAIN["reference"] != "shipped":
        wanted |= set(map(str, rules.pool_stain.output))
    made = {n: rule for n, rule in own_rules().items() if rule.script and not rule.wildcard_names}
    del made["write_study_provenance"]  # the crate of studies has the name of that of slides
    outputs = {name: list(map(str, each.output)) for name, each in made.items()}
    return {name: paths for name, paths in outputs.items() if wanted & set(paths)}


def plan_settings(wildcards):
    """Everything that costs depend on, but for files."""
    on = [name for name in OPTIONAL if config[name]["enabled"]]
    return {
        "target": {
            "mpp": config["target_mpp"],
            "tolerance": config["target_mpp_tolerance"],
            "mpp_from_objective": config["mpp_from_objective"],
        },
        "criteria": JUDGED_BY,
        "slide_rules": [
            {
                "name": name,
                "outputs": list(map(patterned, each.output)),
                "folders": sum(path.is_directory for path in each.output),
            }
            for name, each in slide_rules().items()
        ],
        "cohort_rules": cohort_rules(),
        "slide_ids": COMPLETE,
        "folder": FOLDER,
        "tile_px": config["tiles"]["size_px"],
        "stages": on,
    }


@asked_per_job
def sheet_folder(wildcards, resources):
    """What paths in the sheet are relative to; `resources` keeps it unrecorded, as it may move."""
    return os.path.dirname(config["cohort"])


@functools.cache
def plan_cores():
    """Cores, or jobs at once, of this command."""
    return workflow.global_resources["_cores"].value or workflow.nodes or 1


def files_digest(wildcards):
    """Changes with every slide, result and benchmark file that a plan depends on."""
    digest = hashlib.sha256()
    for slide_id in COMPLETE:
        stack = STACKS.get(slide_id)
        for path in stack.paths if stack else [SHEET.slide_path(slide_id)]:
            digest.update(repr(plan_stat(path)).encode())
    paths = [path for each in slide_rules().values() for path in (*each.output, each.benchmark)]
    folders = {os.path.dirname(patterned(path)) for path in paths}
    for folder in sorted(folders):
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        stats = [(name, plan_stat(os.path.join(folder, name))) for name in names]
        digest.update(repr((folder, stats)).encode())
    return digest.hexdigest()


def plan_stat(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def plan_summary():
    """What is printed at the end of the target `plan`."""
    with open(here("results/cohort/plan.json"), encoding="utf-8") as file:
        totals = json.load(file)
    with open(here("results/cohort/plan.csv"), newline="", encoding="utf-8") as file:
        failing = [row for row in csv.DictReader(file) if row["error_code"]]
    return plan_text.of_plan(totals, failing, placed("results/cohort/plan.csv"))


@atexit.register
def say_what_a_dry_run_is_about():
    """One line at the end of a dry run; nothing is opened for it."""
    if not (workflow.is_main_process and workflow.dag and workflow.dryrun):
        return
    jobs = [
        job
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if not job.is_norun and job.rule.name in OWN_NAMES
    ]
    if IS_MODULE and not jobs:
        return
    slides = {job.wildcards.slide_id for job in jobs if "slide_id" in job.wildcards.keys()}
    paths = [SHEET.slide_path(i) for i in slides if i not in STACKS]
    paths += [path for i in slides if i in STACKS for path in STACKS[i].paths]
    found = [size for path in paths if (size := plan_stat(os.path.join(RUN_FOLDER, path)))]
    made = os.path.join(RUN_FOLDER, placed("results/cohort/plan.json"))
    totals = None
    if os.path.exists(made):
        with open(made, encoding="utf-8") as file:
            totals = json.load(file)
    print(
        plan_text.of_dry_run(
            len(jobs), len(slides), len(paths) - len(found), sum(size for size, _ in found), totals
        )
    )
