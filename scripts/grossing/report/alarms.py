"""What a person should know of the cohort besides its verdicts, and what to do about it."""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from grossing.cohort import duplicates, leftovers, other_stains, outliers, sheet, values
from grossing.cohort.decide import ERROR, FAIL
from grossing.cohort.outliers import Measure
from grossing.cohort.sheet import SLIDES, SheetKind
from grossing.support.errors import UserError

SITE_MIN = 5  # slides of a site before anything is said of it
UNUSUAL_SD = 3.0
MOST_KINDS = 6
SAME_MPP = 0.02  # relative; resolutions that are closer are one
#: title and remedy of one slide or study that is in the sheet with two values of a column
CONTRADICTIONS = {
    "split": (
        "One {} in two splits",
        "Give both one split, or leave one out: a test on a known {} tells too much.",
    ),
    "case_id": (
        "One {} under two cases",
        "Find out whose {} it is; correct case_id or path, or leave both out.",
    ),
    "label": (
        "One {} with two labels",
        "Find out which label is right and correct the other, or leave both out.",
    ),
}
#: what is there once, as far as a person is concerned
_THING = {SLIDES.noun: "glass slide"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Alarm:
    """What was found, what to do, and the numbers of the slides; a note is no reason to act."""

    kind: Literal["alarm", "note"]
    title: str
    text: str
    remedy: str
    slides: Sequence[int] = ()


def listed(verdicts: pa.Table, workdir: Path, cohort: str) -> list[dict[str, Any]]:
    """Alarms, then notes, as the page reads them.

    Parameters
    ----------
    verdicts : cohort_qc
    workdir : of the run; holds `results`
    cohort : path of the sheet, relative to `workdir`
    """
    rows, tables = verdicts.to_pylist(), workdir / "results/cohort"
    made = [
        *failed_jobs(tables / "failed_jobs.csv", rows),
        *one_twice(_pairs_of(tables / "duplicates.csv"), rows),
        *leakage(tables / "leakage.csv", rows),
        *sites_out(rows),
        *_sites_that_differ(rows),
        *_outliers(rows),
        *_other_stains(rows),
        *_left_over(workdir, cohort),
        *_mixed(rows),
    ]
    return as_data(made)


def as_data(made: Iterable[Alarm]) -> list[dict[str, Any]]:
    """Alarms, then notes."""
    return [asdict(alarm) for alarm in sorted(made, key=lambda alarm: alarm.kind)]


def _numbers(rows: Sequence[Row], listed: Iterable[str], kind: SheetKind = SLIDES) -> list[int]:
    wanted = set(listed)
    return [i for i, row in enumerate(rows) if row[kind.id_column] in wanted]


def _groups(values: Iterable[Hashable]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, value in enumerate(values):
        groups[value].append(i)
    return groups


def _records(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def failed_jobs(path: Path, rows: list[Row], kind: SheetKind = SLIDES) -> Iterator[Alarm]:
    """Slides of `failed_jobs.csv`, or studies of `failed_studies.csv`."""
    if listed := {record["slide_id"] for record in _records(path)}:
        text = f"Jobs of {len(listed)} {kind.nouns} failed after all retries."
        remedy = f"Read the cause in results/cohort/{path.name}, remove it, and run again."
        yield Alarm("alarm", "Jobs failed", text, remedy, _numbers(rows, listed, kind))


def _pairs_of(path: Path) -> list[Row]:
    return duplicates.read(path).to_pylist() if path.exists() else []


def one_twice(pairs: list[Row], rows: list[Row], kind: SheetKind = SLIDES) -> Iterator[Alarm]:
    """Pairs of one glass slide: an alarm per column that contradicts, a note of the others.

    Parameters
    ----------
    pairs : rows of `duplicates`, of studies with its names too
    rows : verdicts of all slides or studies
    """
    thing = _THING.get(kind.noun, kind.noun)
    for column in duplicates.REASONS:
        title, remedy = (text.format(thing) for text in CONTRADICTIONS[column])
        differing = [pair for pair in pairs if column in (pair["alarm"] or "").split(";")]
        yield from _pairs("alarm", title, remedy, differing, rows, kind)
    alike = [pair for pair in pairs if not pair["alarm"]]
    remedy = "Nothing contradicts itself; leave one of each pair out if each should count once."
    yield from _pairs(
        "note", f"{kind.nouns.capitalize()} that are there twice", remedy, alike, rows, kind
    )


def _pairs(
    importance: Literal["alarm", "note"],
    title: str,
    remedy: str,
    pairs: list[Row],
    rows: list[Row],
    kind: SheetKind,
) -> Iterator[Alarm]:
    if pairs:
        names = [f"{pair['slide_id_a']} = {pair['slide_id_b']}" for pair in pairs]
        text = f"{_counted(len(pairs), 'pair')}: {_first(names)}."
        listed = (pair[name] for pair in pairs for name in ("slide_id_a", "slide_id_b"))
        yield Alarm(importance, title, text, remedy, _numbers(rows, listed, kind))


def leakage(path: Path, rows: list[Row], kind: SheetKind = SLIDES) -> Iterator[Alarm]:
    """What is in several splits: as the check of the splits listed it, else by case."""
    if not path.exists():
        yield from torn_cases(rows, kind)
        return
    records = [record for record in _records(path) if record["alarm"] == "true"]
    for leak, members in _groups(record["kind"] for record in records).items():
        listed = {name for i in members for name in records[i][kind.nouns].split(";")}
        text = f"{len(listed)} {kind.nouns}: kind {leak} in results/cohort/{path.name}."
        remedy = "Give what belongs together one split."
        yield Alarm("alarm", "Leakage between splits", text, remedy, _numbers(rows, listed, kind))


def torn_cases(rows: list[Row], kind: SheetKind = SLIDES) -> Iterator[Alarm]:
    """Cases of the sheet that are in several of its splits."""
    torn: dict[str, list[int]] = {}
    for case, slides in _groups(row.get("case_id") for row in rows).items():
        if case and len({values.folded(rows[i].get("split") or "") for i in slides} - {""}) > 1:
            torn[str(case)] = slides
    if torn:
        text = f"{_counted(len(torn), 'case')}: {_first(list(torn))}."
        remedy = f"Give all {kind.nouns} of a case one split: a model recognises the patient."
        slides = [i for members in torn.values() for i in members]
        yield Alarm("alarm", "Cases in several splits", text, remedy, slides)


def _sites(rows: list[Row]) -> list[tuple[str, list[int]]]:
    groups = _groups(row.get("site") for row in rows)
    return [(str(name), i) for name, i in groups.items() if name and len(i) >= SITE_MIN]


def sites_out(rows: list[Row], kind: SheetKind = SLIDES) -> Iterator[Alarm]:
    """Sites with clearly more FAIL and ERROR than the cohort (three standard deviations)."""
    bad = [row["qc_status"] in (FAIL, ERROR) for row in rows]
    share = sum(bad) / max(1, len(rows))
    for site, slides in _sites(rows):
        expected, count = share * len(slides), sum(bad[i] for i in slides)
        if count - expected > UNUSUAL_SD * math.sqrt(max(expected * (1 - share), 0.25)):
            text = f"{count} of {len(slides)} {kind.nouns} of {site} are out; in the cohort "
            remedy = "See why they are out: one cause at the site, or a limit that does not fit it."
            title = f"A site with many {kind.nouns} out"
            yield Alarm("alarm", title, f"{text}{share:.0%}.", remedy, slides)


def _sites_that_differ(rows: list[Row]) -> Iterator[Alarm]:
    """Sites whose median is far from the slides of the others, in their standard deviations."""
    for site, slides in _sites(rows):
        members = set(slides)
        others = [i for i in range(len(rows)) if i not in members]
        measures = [m for compared in outliers.COMPARED.values() for m in compared]
        far = [m.column for m in measures if _is_far(m, rows, slides, others)]
        if far:
            text = f"{_counted(len(slides), 'slide')} of {site} differ in {', '.join(far)}."
            remedy = "Look at some of them; normalise the stain, or keep the site in one split."
            yield Alarm("alarm", "A site unlike the others", text, remedy, slides)


def _is_far(measure: Measure, rows: list[Row], slides: list[int], others: list[int]) -> bool:
    if measure.column not in rows[0]:
        return False
    own, rest = (measure.values([rows[i] for i in chosen]) for chosen in (slides, others))
    own, rest = own[~np.isnan(own)], rest[~np.isnan(rest)]
    if len(own) < SITE_MIN or len(rest) < outliers.GROUP_MIN:
        return False
    middle = np.median(rest)
    spread = outliers.MAD_TO_SIGMA * np.median(np.abs(rest - middle))
    far = abs(measure.of_its_side(float(np.median(own) - middle)))
    return bool(far > UNUSUAL_SD * max(spread, measure.spread_min))


def _outliers(rows: list[Row]) -> Iterator[Alarm]:
    slides = [i for i, row in enumerate(rows) if outliers.OUTLIER in (row["qc_reasons"] or "")]
    if slides:
        text = f"{_counted(len(slides), 'slide')} far from the others of the site or cohort."
        remedy = "Look at them: another stain, another scanner, or a damaged scan."
        yield Alarm("alarm", "Outliers", text, remedy, slides)


def _other_stains(rows: list[Row]) -> Iterator[Alarm]:
    """Slides of a stain that the sheet does not name, by themselves or beside the others."""
    slides = [i for i, row in enumerate(rows) if other_stains.is_stated(row["qc_reasons"])]
    if slides:
        text = (
            f"{_counted(len(slides), 'slide')} without the colours of H&E, or with other colours "
            "than the H&E of the site or cohort."
        )
        remedy = "Look at them; give each its `stain` in the cohort sheet, or leave it out."
        yield Alarm("alarm", "Stains that differ", text, remedy, slides)


def _left_over(workdir: Path, cohort: str) -> Iterator[Alarm]:
    try:
        current = leftovers.current_ids(sheet.read_sheet(str(workdir / cohort)))
    except UserError:
        return
    if left := leftovers.find(workdir, current):
        names, files = list(left), sum(map(len, left.values()))
        text = f"{files} files of slides that are no longer in the sheet: {_first(names)}."
        remedy = "The end of the run shows the command that lists and removes them."
        yield Alarm("note", "Leftovers", text, remedy)


def _mixed(rows: list[Row]) -> Iterator[Alarm]:
    """Scanners, resolutions and stains of which there are several: a model may learn them."""
    kinds = {name: texts(rows, name) for name in ("vendor", "scanner", "stain")}
    kinds["mpp"] = _resolutions(sorted(row["mpp"] for row in rows if row.get("mpp")))
    yield from mixed(kinds)


def mixed(kinds: Mapping[str, Counter[str]]) -> Iterator[Alarm]:
    """Columns of which there are several values, from how often there is each."""
    remedy = "See that {} does not go with the label: a model would learn it instead."
    for column, counts in kinds.items():
        if len(counts) > 1:
            each = _first([f"{value} ({count})" for value, count in counts.most_common()])
            yield Alarm("note", f"Several values of {column}", f"{each}.", remedy.format(column))


def texts(rows: list[Row], column: str) -> Counter[str]:
    """How often there is each text of a column."""
    return Counter(row[column] for row in rows if row.get(column))


def _resolutions(ordered: list[float]) -> Counter[str]:
    """How many slides have a resolution; those that differ by little are one."""
    groups: list[list[float]] = []
    for mpp in ordered:
        if groups and mpp <= groups[-1][0] * (1 + SAME_MPP):
            groups[-1].append(mpp)
        else:
            groups.append([mpp])
    return Counter({f"{group[len(group) // 2]:.3g} um/px": len(group) for group in groups})


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}" + ("" if count == 1 else "s")


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_KINDS]) + (", ..." if len(names) > MOST_KINDS else "")
