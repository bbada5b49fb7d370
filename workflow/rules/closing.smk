# What is printed during and at the end of a run, and which failed jobs are remembered.
import atexit
import collections
import shlex

from grossing.columns import study_duplicates, study_leakage
from grossing.radiology.studies import as_slides
from snakemake.logging import logger

HERE = workflow.current_basedir.get_path_or_uri(secret_free=True)
CLEAN_UP = os.path.normpath(os.path.join(HERE, "../../scripts/clean_up.py"))
MODULE = workflow.modifier.namespace
#: names of the rules in this run to their names here
OWN_NAMES = {rule.name: name for name, rule in own_rules().items()}
VERDICT_TEXT = study_text if STUDIES_RUN else verdict_text
TARGETS = {name: workflow.modifier.modify_rulename(name) for name in ("plan", "batch")}


def write_planned():
    """The sheets and the reviews for the jobs of this run."""
    try:
        if STUDIES_RUN:
            PLANNED_STUDIES.write(STUDIES_SHEET)
            return
        PLANNED.write(PLANNED_SHEET)
        REVIEWS.write(PLANNED_REVIEWS)
    except OSError as error:
        raise WorkflowError(
            f"cannot write {error.filename2 or error.filename} below {os.getcwd()}: {error.strerror}: "
            "make it a folder that you may write to, or choose another --directory"
        ) from None


if workflow.is_main_process and IS_MODULE:
    RUN = run_log.join(logger, VERDICT_TEXT, OWN_NAMES, write_planned)
elif workflow.is_main_process:
    RUN = run_log.watch(logger, VERDICT_TEXT, OWN_NAMES)


@atexit.register
def say_what_is_gone():
    if GONE and workflow.is_main_process:
        names = ", ".join(sorted(GONE)[:5]) + (", ..." if len(GONE) > 5 else "")
        nouns = "studies" if STUDIES_RUN else "slides"
        words = f"measured {nouns} are not at their path any more (archived?); results are kept"
        print(f"WARNING: {len(GONE)} {words}: {names}", file=sys.stderr)


def closing_summary():
    """The newest verdicts as text: final ones, or those before tiling where only these were made."""
    if STUDIES_RUN:
        return studies_summary()
    made = [f"results/cohort/{name}_qc" for name in ("measured", "cohort")]
    made = {name: here(f"{name}.parquet") for name in made}
    made = {name: path for name, path in made.items() if os.path.exists(path)}
    if not made:
        return ""
    name = max(made, key=lambda name: os.path.getmtime(made[name]))
    when = " before tiling" if name.endswith("measured_qc") else ""
    verdicts = summary.of_verdicts(tables.read(made[name]))
    pairs = here("results/cohort/duplicates.csv")
    alarm = summary.of_duplicates(duplicates.read(pairs)) if os.path.exists(pairs) else ""
    return "\n".join(
        filter(
            None,
            [f"Verdicts{when} ({placed(name)}.csv):\n{verdicts}", alarm, leaks(made[name])],
        )
    )


def studies_summary():
    """The verdicts of the studies as text."""
    table = "results/cohort/studies_qc"
    if not os.path.exists(f"{table}.parquet"):
        return ""
    verdicts = summary.of_verdicts(tables.read(f"{table}.parquet"), "study_id", "studies")
    pairs, leaks = (f"results/cohort/study_{name}.csv" for name in ("duplicates", "leakage"))
    alarms = []
    if os.path.exists(pairs):
        found = as_slides.renamed(tables.read_csv(pairs, study_duplicates.SCHEMA))
        alarms.append(summary.of_duplicates(found, pairs, "study"))
    if os.path.exists(leaks):
        found = as_slides.renamed(tables.read_csv(leaks, study_leakage.SCHEMA))
        alarms.append(summary.of_leakage(found, leaks))
    return "\n".join(filter(None, [f"Verdicts (studies_qc.csv):\n{verdicts}", *alarms]))


def leaks(verdicts):
    """The alarm for leakage between splits, where the table of it is as new as the verdicts."""
    table = here("results/cohort/leakage.csv")
    if not os.path.exists(table) or os.path.getmtime(table) < os.path.getmtime(verdicts):
        return ""
    return summary.of_leakage(leakage.read(table))


def finished():
    """Whether all that is wanted of each slide is there, what optional stages make included."""
    if STUDIES_RUN:
        return finished_studies()
    wanted = [rules.measure_slide.output.facts, rules.tile_slide.output.metrics, *PRODUCTS]
    return {
        slide_id: all(is_made(pattern, slide_id) for pattern in wanted) for slide_id in SHEET.rows
    }


def finished_studies():
    """Whether all that is wanted of each study is there."""
    wanted = {
        study_id: [*rules.measure_study.output, *PREPARED_FILES.get(modality, [])]
        for study_id in STUDIES.rows
        for modality in [STUDIES.value(study_id, "modality")]
    }
    return {
        study_id: all(os.path.exists(str(path).format(study_id=study_id)) for path in paths)
        for study_id, paths in wanted.items()
    }


CLUSTER_JOBS = placed("results/cohort/cluster_jobs.csv")
FAILED_LIST = FAILED_STUDIES if STUDIES_RUN else FAILED_JOBS


def forget_failures():
    """Slides that succeeded leave the list of failed jobs."""
    if os.path.exists(FAILED_LIST):
        failures.update(FAILED_LIST, [], finished())


def left_over():
    """Which files are of slides that are no longer in the sheet, and the command that removes them."""
    if IN_STORAGE or STUDIES_RUN:
        return ""
    folder = os.path.abspath(FOLDER)
    try:
        current = leftovers.current_ids(sheets.read_sheet(config["cohort"]))
    except UserError:
        return ""
    words = [
        sys.executable,
        CLEAN_UP,
        "--directory",
        folder,
        os.path.abspath(config["cohort"]),
    ]
    return leftovers.notice(leftovers.find(folder, current), shlex.join(words))


def part_summary():
    """Counts of the verdicts of a part of the slides, from their measurements."""
    counts = collections.Counter((verdict_text(i) or decide.PASS).split()[0] for i in PART)
    order = (decide.PASS, decide.REVIEW, decide.FAIL, decide.ERROR)
    totals = ", ".join(f"{counts[status]} {status}" for status in order)
    return f"Part {config['part']}, measured and tiled: {len(PART)} slides: {totals}"


def success_summary():
    """What a person reads at the end of a run without failures."""
    RUN.end()
    cluster_jobs.append(CLUSTER_JOBS, RUN.cluster_jobs)
    if TARGETS["plan"] in workflow.dag_settings.targets:
        return plan_summary()
    if TARGETS["batch"] in workflow.dag_settings.targets:
        return failures.retried(RUN.retried()) + part_summary()
    texts = (closing_summary(), left_over())
    return failures.retried(RUN.retried()) + "\n".join(text for text in texts if text)


def failure_summary():
    """Writes failed_jobs.csv; returns who failed, why, and how to go on."""
    RUN.end()
    cluster_jobs.append(CLUSTER_JOBS, RUN.cluster_jobs)
    failed = RUN.failed()
    left = failures.update(FAILED_LIST, failed, finished())
    by_itself = os.access(os.path.join(workflow.rundir, sys.argv[0]), os.X_OK)
    words = sys.argv if by_itself else sys.orig_argv
    return failures.summary(
        left,
        [failure for failure in failed if not failure.slide_id],
        FAILED_LIST,
        stopped=RUN.stopped,
        nouns="studies" if STUDIES_RUN else "slides",
        again=failures.command(words, workflow.rundir),
        accepting=(
            "accept_failures: true in the configuration of this module"
            if IS_MODULE
            else failures.command(words, workflow.rundir, "accept_failures=true")
        ),
    )


if IS_MODULE:
    # Snakemake calls onstart, onsuccess and onerror of the workflow around this one alone

    @atexit.register
    def close_module():
        """The closing summary, where jobs of this module ran."""
        if not (workflow.is_main_process and RUN.took_part):
            return
        os.chdir(RUN_FOLDER)
        print(f"Module {MODULE}:")
        if RUN.failed() or RUN.stopped:
            print(failure_summary())
        else:
            forget_failures()
            print(success_summary())
