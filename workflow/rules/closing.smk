# What is said at the end of a run, and which failed jobs are remembered.
import atexit


@atexit.register
def say_what_is_gone():
    if GONE and workflow.is_main_process:
        names = ", ".join(sorted(GONE)[:5]) + (", ..." if len(GONE) > 5 else "")
        words = "measured slides are not at their path any more (archived?); results are kept"
        print(f"WARNING: {len(GONE)} {words}: {names}", file=sys.stderr)


def closing_summary():
    """The newest verdicts as text: final ones, or those before tiling where only these were made."""
    made = [f"results/cohort/{name}_qc" for name in ("measured", "cohort")]
    made = [name for name in made if os.path.exists(f"{name}.parquet")]
    if not made:
        return ""
    name = max(made, key=lambda name: os.path.getmtime(f"{name}.parquet"))
    when = " before tiling" if name.endswith("measured_qc") else ""
    return f"Verdicts{when} ({name}.csv):\n{summary.of_verdicts(tables.read(f'{name}.parquet'))}"


def finished():
    """Whether all that is wanted of each slide is there, what optional stages make included."""
    wanted = [rules.measure_slide.output.facts, rules.tile_slide.output.metrics, *PRODUCTS]
    return {
        slide_id: all(os.path.exists(str(path).format(slide_id=slide_id)) for path in wanted)
        for slide_id in SHEET.rows
    }


def forget_failures():
    """Slides that succeeded leave the list of failed jobs."""
    if os.path.exists(FAILED_JOBS):
        failures.update(FAILED_JOBS, [], finished())


def text_of(log):
    """What the run's own log says."""
    text = ""
    for path in log if isinstance(log, list) else [log]:
        with open(path, encoding="utf-8", errors="replace") as file:
            text += file.read()
    return text


def retry_summary(log):
    """Whose jobs went well only when they were tried again, and why."""
    return failures.retried(failures.from_log(text_of(log), SHEET.rows, os.getcwd(), mended=True))


def failure_summary(log):
    """Writes failed_jobs.csv; returns who failed, why, and the way on."""
    text = text_of(log)
    new = failures.from_log(text, SHEET.rows, os.getcwd())
    left = failures.update(FAILED_JOBS, new, finished())
    return failures.summary(left, FAILED_JOBS, stopped=failures.STOPPED in text)
