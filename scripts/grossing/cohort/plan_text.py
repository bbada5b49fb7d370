"""A plan as text for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LISTED_MAX = 20
Json = Mapping[str, Any]
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def of_plan(totals: Json, failing: Sequence[Mapping[str, str]], path: str) -> str:
    """What is printed at the end of `snakemake plan`.

    Parameters
    ----------
    totals : what `plan.json` holds
    failing : rows of `plan.csv` with an error_code
    path : of the table
    """
    lines = [f"Plan ({path}):", *_failing(failing), *_rules(totals)]
    lines += [f"  {line}" for line in (*_sums(totals), *assumptions(totals))]
    return "\n".join([*lines, *_batches(totals)])


def _failing(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"  {len(rows)} slide{'s' if len(rows) > 1 else ''} will fail:"
    for row in rows[:LISTED_MAX]:
        text = f"{row['error_message']}; {row['remedy']}"
        yield f"    {row['slide_id']}  {row['error_code']} ({text})"
    if len(rows) > LISTED_MAX:
        yield f"    and {len(rows) - LISTED_MAX} more"


def _rules(totals: Json) -> Iterator[str]:
    rows = [("rule", "jobs", "finished", "CPU", "written", "files", "memory")]
    for rule in totals["rules"]:
        rows.append(
            (
                rule["rule"],
                str(rule["jobs"]),
                str(rule["finished_jobs"]),
                duration(rule["cpu_s"]),
                amount(rule["written_bytes"]),
                str(rule["written_files"]),
                f"{rule['memory_mb']} MB" if rule["memory_mb"] else "",
            )
        )
    of_cohort = totals["cohort_rules"]
    if of_cohort:
        cpu, size, files = (
            sum(rule[key] for rule in of_cohort)
            for key in ("cpu_s", "written_bytes", "written_files")
        )
        name = "tables and report"
        memory = f"{max(rule['memory_mb'] for rule in of_cohort)} MB"
        sums = (duration(cpu), amount(size), str(files), memory)
        rows.append((name, str(len(of_cohort)), "", *sums))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield f"  {'  '.join(cells)}".rstrip()


def _sums(totals: Json) -> Iterator[str]:
    yield one_line(totals)
    if totals["stages"]:
        yield f"optional stages: {', '.join(totals['stages'])}"
    here = next(row for row in totals["wall"] if row["workers"] == totals["cores"])
    yield (
        f"time: {duration(here['cores_s'])} on {here['workers']} cores, or "
        f"{duration(here['jobs_s'])} with {here['workers']} jobs of a scheduler at once, waiting "
        "in the queue not counted"
    )
    if totals["memory_mb"]:
        yield f"largest memory request: {totals['memory_mb']} MB"


def one_line(totals: Json) -> str:
    """The totals in one line."""
    failing = sum(row["slides"] for row in totals["failing"])
    return (
        f"{totals['slides']} slides ({failing} will fail), {totals['jobs']} jobs "
        f"({totals['finished_jobs']} finished), {duration(totals['cpu_s'])} CPU, "
        f"{amount(totals['written_bytes'])} in {totals['written_files']} files"
    )


def of_dry_run(jobs: int, slides: int, missing: int, read: int, totals: Json | None) -> str:
    """One line on what a dry run is about.

    Parameters
    ----------
    jobs, slides : that are to run, and slides that these work on
    missing : files of these slides that do not exist
    read : bytes of those that do
    totals : what `plan.json` holds, None where nothing was planned
    """
    gone = f" ({missing} files are missing)" if missing else ""
    line = f"Totals: {jobs} jobs, {slides} slides{gone}, {amount(read)} of slides"
    if totals:
        return f"{line}. The last plan: {one_line(totals)}"
    return f"{line}. What they will cost: snakemake plan"


def assumptions(totals: Json) -> Iterator[str]:
    """Where the costs come from, and how far they may be off."""
    rules = [rule for rule in totals["rules"] if rule["jobs"]]
    fitted = [rule["rule"] for rule in rules if rule["fitted_to"]]
    shipped = [rule["rule"] for rule in rules if not rule["fitted_to"]]
    if fitted:
        yield f"costs fitted to earlier jobs in this folder: {', '.join(fitted)}"
    if shipped:
        yield f"costs as shipped (too few earlier jobs here): {', '.join(shipped)}"
    if rules:
        cpu, size = (
            sum(rule[f"{key}_error"] * rule[of] for rule in rules)
            / max(sum(rule[of] for rule in rules), 1e-9)
            for key, of in (("cpu", "cpu_s"), ("bytes", "written_bytes"))
        )
        yield f"a slide is off by {cpu:.0%} of its CPU and {size:.0%} of its bytes on average"
        yield (
            f"{totals['passing_share']:.0%} of the tissue is assumed to pass; work counts as "
            "finished where its files exist: `-n` shows what changed settings run again"
        )


def _batches(totals: Json) -> Iterator[str]:
    batches = totals["batches"]
    if not batches:
        return
    times = [batch["wall_s"] for batch in batches]
    last = batches[-1]["part"]
    if len(batches) == 1:
        yield f"  one batch, {totals['at_once']} slides at once: {duration(times[0])}"
        return
    yield (
        f"  {len(batches)} batches, {totals['at_once']} slides at once in each: "
        f"{duration(min(times))} to {duration(max(times))}; run `snakemake batch` with "
        f"part={batches[0]['part']} to part={last}"
    )


def duration(seconds: float) -> str:
    """Seconds, minutes or hours with two or three digits."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def amount(size: float) -> str:
    """Bytes in a unit that leaves two or three digits."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if size >= 10 or not unit else f"{size:.1f} {_UNITS[unit]}"
