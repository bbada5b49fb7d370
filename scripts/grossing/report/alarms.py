"""What a person should know of the cohort besides its verdicts."""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from grossing.cohort.decide import ERROR, FAIL

SITES_MIN = 5  # slides of a site before its share of failures says anything
UNUSUAL_SD = 3.0
Alarm = dict[str, Any]


def found(verdicts: pa.Table, cohort_folder: Path) -> list[Alarm]:
    """Each with title, text, and the numbers of its slides."""
    rows = verdicts.to_pylist()
    alarms = [*_failed_jobs(cohort_folder / "failed_jobs.csv", rows), *_copies(rows)]
    alarms += _listed(cohort_folder / "leakage.csv", "Leakage between splits", rows)
    alarms += _listed(cohort_folder / "duplicates.csv", "Pairs that look alike", rows)
    return alarms + _unusual_sites(rows) + _mixed(rows)


def _alarm(title: str, text: str, slides: Iterable[int]) -> Alarm:
    return {"title": title, "text": text, "slides": sorted(set(slides))}


def _failed_jobs(path: Path, rows: list[dict[str, Any]]) -> list[Alarm]:
    listed = _column(path, "slide_id")
    if not listed:
        return []
    slides = [i for i, row in enumerate(rows) if row["slide_id"] in listed]
    text = f"{len(listed)} in results/cohort/failed_jobs.csv: fix the cause and run again."
    return [_alarm("Jobs failed", text, slides)]


def _listed(path: Path, title: str, rows: list[dict[str, Any]]) -> list[Alarm]:
    """An alarm of a table of pairs that another stage wrote, where it has rows."""
    listed = {
        *_column(path, "slide_id"),
        *_column(path, "slide_id_a"),
        *_column(path, "slide_id_b"),
    }
    if not listed:
        return []
    slides = [i for i, row in enumerate(rows) if row["slide_id"] in listed]
    return [_alarm(title, f"{len(listed)} slides in results/cohort/{path.name}.", slides)]


def _column(path: Path, name: str) -> set[str]:
    if not path.exists():
        return set()
    with path.open(newline="", encoding="utf-8") as file:
        return {row[name] for row in csv.DictReader(file) if row.get(name)}


def _copies(rows: list[dict[str, Any]]) -> list[Alarm]:
    groups = _groups(row.get("content_hash") for row in rows)
    copies = [slides for value, slides in groups.items() if value and len(slides) > 1]
    if not copies:
        return []
    text = f"{len(copies)} files are in the sheet more than once, under different ids."
    return [_alarm("Same file twice", text, (i for group in copies for i in group))]


def _groups(values: Iterable[Hashable]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, value in enumerate(values):
        groups[value].append(i)
    return groups


def _unusual_sites(rows: list[dict[str, Any]]) -> list[Alarm]:
    """Sites with clearly more FAIL and ERROR than the cohort (three standard deviations)."""
    bad = [row["qc_status"] in (FAIL, ERROR) for row in rows]
    share, alarms = sum(bad) / max(1, len(rows)), []
    for site, slides in _groups(row.get("site") for row in rows).items():
        if not site or len(slides) < SITES_MIN:
            continue
        expected, count = share * len(slides), sum(bad[i] for i in slides)
        if count - expected > UNUSUAL_SD * math.sqrt(max(expected * (1 - share), 0.25)):
            text = f"{count} of {len(slides)} slides of {site} are out; in the cohort {share:.0%}."
            alarms.append(_alarm("Unusual site", text, slides))
    return alarms


def _mixed(rows: list[dict[str, Any]]) -> list[Alarm]:
    """Scanners and resolutions of which there are several: a model may learn them."""
    alarms = []
    for name, title in (("vendor", "Several scanner vendors"), ("mpp", "Several resolutions")):
        values = (row.get(name) for row in rows)
        kinds = Counter(round(v, 2) if isinstance(v, float) else v for v in values if v is not None)
        if len(kinds) > 1:
            unit = " um/px" if name == "mpp" else ""
            most = ", ".join(f"{kind}{unit}: {count}" for kind, count in kinds.most_common(6))
            more = ", ..." if len(kinds) > 6 else ""
            alarms.append(_alarm(title, f"Slides by {name}: {most}{more}.", ()))
    return alarms
