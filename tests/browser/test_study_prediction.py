"""The page of studies judges as the workflow does: under any thresholds, the same verdicts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from grossing.cohort import decide
from grossing.columns.study_meanings import LIMITS
from grossing.report import studies_page
from grossing.support import tables
from running import REPOSITORY
from stages import CONFIG
from study_records import Studies, studies

RADIOLOGY = CONFIG["radiology"]
SHIPPED = RADIOLOGY["thresholds"]
SETTINGS = 60
RANDOM = np.random.default_rng(3)


def written(cohort: Studies, folder: Path, verdicts: pa.Table | None = None) -> Path:
    """The page of a run with the shipped limits, and its verdicts unless others are given."""
    judged = cohort.judged(SHIPPED) if verdicts is None else verdicts
    tables.write_parquet(judged, folder / "cohort/studies_qc.parquet")
    report = folder / "cohort/studies_report"
    studies_page.write(
        report,
        REPOSITORY / "workflow/report/studies.html.j2",
        results=folder,
        records=cohort.records.values(),
        prepared=cohort.prepared(SHIPPED),
        config=RADIOLOGY,
        sheet="studies.csv",
        version="0",
    )
    return report / "index.html"


@pytest.fixture(scope="module")
def cohort() -> Studies:
    made = studies({"CT": 120, "MR": 60, "XR": 40})
    for i, study_id in enumerate(made.sheet.rows):
        if study_id.startswith("mr"):
            made.sheet.rows[study_id]["group"] = f"g{i // 3}" if i % 2 else ""
    columns = (*made.sheet.columns, "group")
    return replace(made, sheet=replace(made.sheet, columns=columns))


@pytest.fixture(scope="module")
def page(browser: Any, cohort: Studies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    page = browser.new_page()
    page.goto(f"file://{written(cohort, tmp_path_factory.mktemp('studies'))}")
    yield page
    page.close()


def test_the_page_explains_every_verdict_of_the_run(page: Any) -> None:
    assert page.evaluate("GROSSING.unexplained.size") == 0
    assert set(page.evaluate("GROSSING.now.status")) == set(decide.STATUSES)


def test_every_threshold_of_the_configuration_can_be_moved(page: Any) -> None:
    keys = set(page.evaluate("GROSSING.rules.map((rule) => rule.key)"))
    assert keys == {f"{section}.{key}" for section, limits in SHIPPED.items() for key in limits}


def settings(page: Any) -> Iterator[dict[str, float]]:
    for number in range(SETTINGS):
        moved = {}
        for key, limit in page.evaluate("GROSSING.rules.map((rule) => [rule.key, rule.limit])"):
            low, high = LIMITS[key]["range"]
            anywhere = limit if RANDOM.random() < 0.7 else limit * RANDOM.choice([0.3, 0.9, 1.2, 3])
            moved[key] = float(np.clip(round(anywhere, 3), low, high)) if number else limit
        yield moved


def codes(reasons: str | None) -> set[str]:
    return {reason.split("=")[0] for reason in (reasons or "").split(";") if reason}


def test_moved_thresholds_give_the_verdicts_of_a_rerun(cohort: Studies, page: Any) -> None:
    changed, known, total = 0, 0, 0
    now = page.evaluate("GROSSING.now.status")
    for moved in settings(page):
        limits: dict[str, dict[str, float]] = {section: {} for section in SHIPPED}
        for key, value in moved.items():
            section, name = key.split(".")
            limits[section][name] = value
        told = page.evaluate(
            """(limits) => { const made = GROSSING.judgeAll(limits);
            return { ...made, unknown: Array.from(made.unknown) }; }""",
            moved,
        )
        rows = cohort.judged(limits).to_pylist()
        assert told["prepared"] == [row["prepared"] for row in rows]
        for i, row in enumerate(rows):
            total += 1
            if told["unknown"][i]:
                continue
            known += 1
            found = told["status"][i], set(told["codes"][i])
            assert found == (row["qc_status"], codes(row["qc_reasons"])), (row["study_id"], moved)
        changed += sum(a != b for a, b in zip(now, told["status"], strict=True))
    assert changed > SETTINGS  # the thresholds were moved by something
    assert known > 0.8 * total


def test_a_study_that_was_never_prepared_is_said_to_be_unknown(cohort: Studies, page: Any) -> None:
    unknown = page.evaluate(
        """() => { const limits = GROSSING.shipped();
        for (const rule of GROSSING.rules) limits[rule.key] = rule.direction === "max" ? 1e6 : -1e6;
        const made = GROSSING.judgeAll(limits);
        return [...made.unknown].map((flag, i) => flag ? GROSSING.id(i) : "").filter(Boolean); }"""
    )
    before = {record.study_id for record in cohort.prepared(SHIPPED) if not record.prepared}
    assert unknown and set(unknown) & before


def test_what_thresholds_do_not_give_stays(browser: Any, tmp_path: Path) -> None:
    """Reasons of other studies stay; a verdict that nothing explains is not predicted."""
    few = studies({"CT": 60})
    rows = few.judged(SHIPPED).to_pylist()
    passing = next(i for i, row in enumerate(rows) if row["qc_status"] == "PASS")
    strange = next(i for i, row in enumerate(rows) if row["qc_status"] != "PASS")
    rows[passing] |= {"qc_status": "REVIEW", "qc_reasons": "same_as_another"}
    rows[strange] |= {"qc_status": "PASS", "qc_reasons": None}
    table = pa.Table.from_pylist(rows, few.judged(SHIPPED).schema)
    page = browser.new_page()
    page.goto(f"file://{written(few, tmp_path, table)}")
    assert page.evaluate("[...GROSSING.unexplained]") == [strange]
    page.evaluate("GROSSING.setLimits({ ...GROSSING.shipped(), 'study.slices_min': 5000 })")
    codes = page.evaluate("GROSSING.next.codes")
    assert codes[passing] == ["few_slices", "same_as_another"]
    assert page.evaluate("GROSSING.next.status")[strange] == "PASS"
    page.close()
