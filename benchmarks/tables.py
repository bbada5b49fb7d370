"""The tables of a run as Markdown: the block of docs/benchmarks.md that is not written by hand."""

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import targets
from rows import JOB_FORMATS, JOBS, READING, SEVERAL, SNAKEMAKE, STAGES, TRAINING
from slides import FORMATS, SIZES
from targets import Results

BASES = ("naive", "dzsave", "resize + dzsave", "floor")
WIDTH = 120
START, END = "<!-- bench -->", "<!-- end of bench -->"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """A table; the first column is text, further ones are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(line)} |" for line in (head, rule, *lines)]


def spread(row: dict[str, Any]) -> str:
    """The lowest and the highest CPU time of a row."""
    each = row["cpu_s_each"]
    return f"{min(each):.2f} to {max(each):.2f}" if len(each) > 1 else ""


def slide_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Rows of one slide, with ratios to those of BASES that were run."""
    bases = [base for base in BASES if base in rows]
    ratios = [f"/ {base}" for base in bases]
    head = ["", "CPU s", "range", *ratios, "wall s", "peak MB", "MB", "files", "tiles"]
    lines = []
    for name, row in rows.items():
        line = [name, f"{row['cpu_s']:.2f}", spread(row)]
        line += [f"{row['cpu_s'] / rows[base]['cpu_s']:.2f}" for base in bases]
        line += [f"{row['wall_s']:.2f}", f"{row['peak_mb']:.0f}", f"{row['bytes'] / 1e6:.1f}"]
        tiles = row["figures"].get("tiles")
        line += [str(row["files"]), "" if tiles is None else f"{tiles:.0f}"]
        lines.append(line)
    return markdown(head, lines)


def target_table(results: Results) -> list[str]:
    """Every target, whether it was reached."""
    lines = []
    for target in targets.TARGETS:
        value = target.measured(results)
        limit = f"{target.at_most:g}"
        if value is None:
            lines.append([target.text, limit, "", "not measured"])
        else:
            shown = f"{value:.2f}" if value < 10 else f"{value:.0f}"
            reached = "yes" if value <= target.at_most else "**no**"
            lines.append([target.text, limit, shown, reached])
    return markdown(["target", "at most", "measured", "reached"], lines)


def floor_table(results: Results) -> list[str]:
    """The tile job by its floor, with and without what a process costs to start."""
    lines = []
    for slide, rows in results.items():
        if "floor" in rows and "tiles, raw" in rows:
            job, floor = rows["tiles, raw"]["cpu_s"], rows["floor"]
            work = floor["figures"]["work_cpu_s"]
            stored = f"{floor['figures']['stored_tiles']:.0f}"
            figures = (work, floor["cpu_s"], job, job / work, job / floor["cpu_s"])
            lines.append([slide, stored, *(f"{value:.2f}" for value in figures)])
    head = ["slide", "stored tiles", "floor's work", "floor", "tiles, raw"]
    return markdown([*head, "tiles / floor's work", "tiles / floor"], lines) if lines else []


def odd_table(results: Results) -> list[str]:
    """A slide of odd size beside the even one, by resolution."""
    lines = []
    for name, row in results.get("12001", {}).items():
        other = results["12000"][name]["cpu_s"]
        figures = [f"{other:.2f}", f"{row['cpu_s']:.2f}", f"{row['cpu_s'] / other:.2f}"]
        lines.append([name, *figures])
    return markdown(["CPU s", "12000 px", "12001 px", "12001 / 12000"], lines) if lines else []


def reading_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Reading alone, CPU seconds per gigapixel."""
    lines = []
    for form in FORMATS:
        found = {
            reader: rows[f"{form}: {reader}"]["figures"]
            for reader in ("auto", "openslide", "fastslide")
            if f"{form}: {reader}" in rows
        }
        if not found:
            continue
        ours, theirs = (found[name]["cpu_s_per_gpx"] for name in ("auto", "openslide"))
        peer = found.get("fastslide", {}).get("cpu_s_per_gpx")
        figures = [f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}"]
        lines.append([form, found["auto"]["reader"], *figures, f"{peer:.1f}" if peer else ""])
    head = ["format", "reader", "CPU s per gigapixel", "through OpenSlide", "ratio", "fastslide"]
    return markdown(head, lines)


def jobs_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Jobs by format: CPU seconds and MB."""
    lines = []
    for form in JOB_FORMATS:
        if f"{form}: raw" not in rows:
            continue
        each = [rows[f"{form}: {name}"] for name in ("measure", "raw", "openslide")]
        cpu_s, peaks = ([row[key] for row in each] for key in ("cpu_s", "peak_mb"))
        line = [form, *(f"{value:.2f}" for value in cpu_s), f"{cpu_s[1] / cpu_s[2]:.2f}"]
        lines.append([*line, *(f"{value:.0f}" for value in peaks)])
    head = ["", "measure", "tiles, raw", "tiles, openslide", "raw / openslide"]
    return markdown([*head, "MB of measure", "MB of raw", "MB of openslide"], lines)


def stage_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Stages: CPU milliseconds a tile."""
    lines = [
        [name, f"{row['figures']['ms_per_tile']:.2f}", f"{row['peak_mb']:.0f}"]
        for name, row in rows.items()
    ]
    return markdown(["stage", "CPU ms a tile", "peak MB"], lines)


def training_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Ways of a tile to training, by order."""
    figures = rows["all"]["figures"]
    ways = [name.removeprefix("in order: ") for name in figures if name.startswith("in order: ")]
    lines = []
    for way in ways:
        each = [figures[f"{order}: {way}"] for order in ("in order", "random")]
        lines.append([way, *(f"{found[key]:.2f}" for found in each for key in ("ms", "times"))])
    return markdown(["", "in order, ms", "times", "random, ms", "times"], lines)


def snakemake_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """What Snakemake adds to the work of a slide."""
    work = rows["measure + tiles 512"]
    lines = [["the two jobs by themselves", f"{work['cpu_s']:.2f}", spread(work)]]
    for number, row in rows.items():
        if number.isdigit():
            name = f"{number} slide{'s' if number != '1' else ''} in one allocation, each"
            lines.append([name, f"{row['cpu_s'] / int(number):.2f}", ""])
    if str(SEVERAL) in rows and "1" in rows:
        further = targets.further_slide({SNAKEMAKE: rows})
        lines.append(["a further slide", f"{further:.2f}", ""])
    return markdown(["", "CPU s", "range"], lines)


def memory_table(results: Results) -> list[str]:
    """Peak memory as slides grow."""
    names = ("measure", "tiles, raw", "tiles, openslide", "rescale", "dzsave", "resize + dzsave")
    lines = []
    for slide, rows in results.items():
        if "tiles, raw" in rows:
            peaks = [f"{rows[name]['peak_mb']:.0f}" if name in rows else "" for name in names]
            lines.append([slide, *peaks])
    return markdown(["peak MB", *names], lines)


#: table -> its heading and what makes it
OTHERS: dict[str, tuple[str, Callable[[dict[str, dict[str, Any]]], list[str]]]] = {
    READING: ("Reading alone", reading_table),
    JOBS: ("Jobs by format", jobs_table),
    STAGES: ("Stages", stage_table),
    TRAINING: ("Training", training_table),
    SNAKEMAKE: ("Through Snakemake", snakemake_table),
}


def machine(results: dict[str, Any]) -> list[str]:
    """What was run, on what."""
    given = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in given["versions"].items())
    peers = ", ".join(f"{name} {version}" for name, version in given["peers"].items())
    text = (
        f"Grossing {given['version']}, commit {given['commit']}, {results['date']}. "
        f"{given['cores']} cores ({', '.join(given['cpu'])}), {given['system']}, "
        f"load {results['load'][0]:.1f} before and {results['load'][1]:.1f} after; "
        f"rounds: {results['rounds']}. Python {given['python']}, {versions}. "
        f"In environments of their own: {peers or 'none'}."
    )
    skipped = (f"Skipped: {name}, {why}." for name, why in results["skipped"].items())
    return [*textwrap.wrap(text, WIDTH), *skipped]


def sections(results: dict[str, Any]) -> dict[str, list[str]]:
    """Heading -> table, in their order."""
    found: Results = results["tables"]
    made = {"Against the targets": target_table(found)}
    for slide, rows in found.items():
        if slide in SIZES and {"measure", targets.WAY} & set(rows):
            size = " x ".join(SIZES[slide][:2])
            gigapixels = int(SIZES[slide][0]) * int(SIZES[slide][1]) / 1e9
            made[f"{size} px ({gigapixels:.2g} gigapixels)"] = slide_table(rows)
    made["The floor"] = floor_table(found)
    made["Odd sizes"] = odd_table(found)
    made["Memory"] = memory_table(found)
    for table, (heading, make) in OTHERS.items():
        if table in found:
            made[heading] = make(found[table])
    same = targets.same_containers(found, JOB_FORMATS)
    made["Containers compared"] = markdown(
        ["", "same bytes"], [[text, "yes" if equal else "**no**"] for text, equal in same]
    )
    return {heading: lines for heading, lines in made.items() if lines}


def page(results: dict[str, Any]) -> str:
    """All tables with headings, and what was run on what."""
    parts = ["\n".join(machine(results))]
    for heading, lines in sections(results).items():
        parts += [f"### {heading}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def fill(path: Path, text: str) -> None:
    """Put the tables between the marks of a page.

    Raises
    ------
    ValueError : the page has not exactly one block.
    """
    old = path.read_text(encoding="utf-8")
    block = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if len(block.findall(old)) != 1:
        raise ValueError(f"{path}: not one block between {START} and {END}")
    made = block.sub(lambda _: f"{START}\n\n{text}\n{END}", old)
    path.write_text(made, encoding="utf-8")
