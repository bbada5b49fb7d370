"""What the page of studies is made from: data, pictures, alarms."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_record import StudyRecord
from grossing.report import studies_page, study_alarms, study_rules
from grossing.support import tables
from running import REPOSITORY
from stages import CONFIG
from study_records import Studies, good, refused, studies

RADIOLOGY = CONFIG["radiology"]
SHIPPED = RADIOLOGY["thresholds"]
HOSTILE = "</script><script>alert(1)</script>"


def cohort_of(records: Mapping[str, StudyRecord], **cells: str) -> Studies:
    """A cohort of these studies, all of them prepared without a finding."""
    made = studies({"CT": len(records)}, **cells)
    rows = {
        study_id: row | {"study_id": study_id, "modality": records[study_id].modality}
        for study_id, row in zip(records, made.sheet.rows.values(), strict=True)
    }
    found = {i: PreparedRecord(i, record.modality, True) for i, record in records.items()}
    return Studies(replace(made.sheet, rows=rows), records, found)


def written(cohort: Studies, folder: Path, left_out: str = "") -> dict[str, Any]:
    """The data of the page; `left_out` has no record, as where its job failed."""
    tables.write_parquet(cohort.judged(SHIPPED), folder / "cohort/studies_qc.parquet")
    report = folder / "cohort/studies_report"
    studies_page.write(
        report,
        REPOSITORY / "workflow/report/studies.html.j2",
        results=folder,
        records=[record for i, record in cohort.records.items() if i != left_out],
        prepared=cohort.prepared(SHIPPED),
        config=RADIOLOGY,
        sheet="some/where/studies.csv",
        version="1.2.3",
    )
    text = (report / "data/cohort.js").read_text()
    assert text.startswith('GROSSING.receive("cohort",')
    data: dict[str, Any] = json.loads(text.split(",", 1)[1].removesuffix(");\n"))
    return data


def a_picture(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode())


def test_pictures_are_those_of_the_study_and_only_where_they_show_something(
    tmp_path: Path,
) -> None:
    cohort = cohort_of(
        {
            "ct": good("ct", "CT"),
            "gap": good("gap", "CT", slices_missing=3),
            "mr": good("mr", "MR"),
            "xr": good("xr", "XR"),
            "burned": good("burned", "XR", burned_in=True),
            "absent": refused("absent", "CT"),
        }
    )
    for study_id, record in cohort.records.items():
        a_picture(tmp_path, f"studies/{study_id}.png")
        a_picture(tmp_path, f"{record.modality.lower()}_planes/{study_id}.jpg")
    a_picture(tmp_path, "mr_field/mr.png")
    data = written(cohort, tmp_path)
    assert data["pictures"] == {"scanned": "yyyynn", "planes": "ynyynn", "field": "nnynnn"}
    report = tmp_path / "cohort/studies_report"
    assert (report / "planes/2.jpg").read_bytes() == b"mr_planes/mr.jpg"
    assert not (report / "planes/1.jpg").exists()
    assert not (report / "scanned/4.png").exists()


def test_the_page_names_no_folder_and_loads_only_what_is_beside_it(tmp_path: Path) -> None:
    written(studies({"CT": 2}, label=HOSTILE), tmp_path)
    report = tmp_path / "cohort/studies_report"
    html = (report / "index.html").read_text()
    assert "sheet studies.csv" in html
    assert "http:" not in html and "https:" not in html
    for part in html.split('src="')[1:]:
        assert (report / part.split('"')[0]).is_file()
    for path in (report / "index.html", report / "data/cohort.js"):
        assert "some/where" not in path.read_text()


def test_a_text_of_the_sheet_cannot_end_the_script(tmp_path: Path) -> None:
    written(studies({"CT": 2}, label=HOSTILE), tmp_path)
    folder = tmp_path / "cohort/studies_report"
    assert HOSTILE not in (folder / "index.html").read_text()


def test_a_study_without_a_record_keeps_its_verdict(tmp_path: Path) -> None:
    cohort = cohort_of({"a": good("a", "CT"), "b": refused("b", "CT", "job_failed")})
    data = written(cohort, tmp_path, left_out="b")
    assert data["judged"]["status"] == ["PASS", "ERROR"]
    assert data["judged"]["reasons"] == ["", "job_failed"]
    assert data["judged"]["alone"] == [False, True]


def test_every_reason_has_a_meaning_and_every_threshold_a_range(tmp_path: Path) -> None:
    data = written(studies({"CT": 1}), tmp_path)
    for rule in data["rules"]:
        assert rule["code"] in data["reasons"]
        assert rule["meaning"] and len(rule["range"]) == 2
    columns = {column["name"] for column in data["columns"]}
    beside = {number["name"] for number in data["beside_columns"]}
    assert {rule["column"] for rule in data["rules"]} <= columns | beside
    assert beside == {"spacing_variation", "value_p01"}


def test_limits_that_nothing_exceeds_judge_nothing() -> None:
    cohort = studies({"CT": 60, "MR": 40, "XR": 30})
    reasons = cohort.judged(study_rules.without_limits())["qc_reasons"].to_pylist()
    assert any(reasons)
    assert not [text for text in reasons if text and "=" in text]


@pytest.mark.parametrize("listed", ["", "slide_id,rule,cause,log_lines,log\nct0001,x,y,z,\n"])
def test_alarms(tmp_path: Path, listed: str) -> None:
    (tmp_path / "cohort").mkdir()
    if listed:
        (tmp_path / "cohort/failed_studies.csv").write_text(listed)
    records = {f"ct{i:04}": good(f"ct{i:04}", "CT") for i in range(30)}
    records |= {f"mr{i}": refused(f"mr{i}", "MR") for i in range(3)}
    records |= {f"o{i}": good(f"o{i}", "CT", slices_missing=1) for i in range(6)}
    cohort = cohort_of(records, case_id="p", split="train")
    for i, (study_id, row) in enumerate(cohort.sheet.rows.items()):
        row["site"] = "bad" if study_id.startswith("o") else "fine"
        row["case_id"] = "torn" if i < 2 else study_id
        row["split"] = "test" if i == 1 else "train"
    sheet = replace(cohort.sheet, columns=tuple(next(iter(cohort.sheet.rows.values()))))
    verdicts = replace(cohort, sheet=sheet).judged(SHIPPED)
    alarms = {alarm["title"]: alarm for alarm in study_alarms.listed(verdicts, tmp_path)}
    assert alarms["No MRI can be used"]["slides"] == [30, 31, 32]
    assert alarms["A site with many studies out"]["slides"] == list(range(33, 39))
    assert alarms["Cases in several splits"]["slides"] == [0, 1]
    assert "all studies of a case" in alarms["Cases in several splits"]["remedy"]
    assert ("Jobs failed" in alarms) == bool(listed)
    if listed:
        assert alarms["Jobs failed"]["slides"] == [1]
        assert "failed_studies.csv" in alarms["Jobs failed"]["remedy"]


def test_alarms_of_copies_and_leaks(tmp_path: Path) -> None:
    (tmp_path / "cohort").mkdir()
    verdicts = cohort_of({name: good(name, "CT") for name in "abcd"}).judged(SHIPPED)
    (tmp_path / "cohort/study_duplicates.csv").write_text(
        "study_id_a,study_id_b,kind,distance,alarm\na,c,pixels,0,split\nb,d,alike,40,\n"
    )
    (tmp_path / "cohort/study_leakage.csv").write_text(
        "kind,alarm,value,splits,studies\nduplicates,true,a;c,train;test,a;c\nsite,false,n,x;y,b;d\n"
    )
    alarms = {alarm["title"]: alarm for alarm in study_alarms.listed(verdicts, tmp_path)}
    assert alarms["One study in two splits"]["slides"] == [0, 2]
    assert "a known study" in alarms["One study in two splits"]["remedy"]
    assert alarms["Studies that are there twice"]["slides"] == [1, 3]
    assert alarms["Leakage between splits"]["slides"] == [0, 2]
    assert "2 studies: kind duplicates" in alarms["Leakage between splits"]["text"]


def test_a_study_that_could_not_be_prepared_does_not_pass(tmp_path: Path) -> None:
    cohort = cohort_of({"mr": good("mr", "MR")})
    lost = {"mr": PreparedRecord("mr", "MR", False, ("brain_mask",))}
    row = replace(cohort, found=lost).judged(SHIPPED).to_pylist()[0]
    assert (row["qc_status"], row["qc_reasons"], row["prepared"]) == ("REVIEW", "brain_mask", False)
