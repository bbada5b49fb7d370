"""What the report says of a cohort besides its verdicts."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from grossing.report import alarms

NORMAL = {
    "qc_status": "PASS",
    "qc_reasons": None,
    "vendor": "aperio",
    "scanner": "AT2",
    "stain": "H&E",
    "mpp": 0.25,
    "background_r": 240.0,
}


def cohort(*groups: tuple[int, dict[str, Any]]) -> pa.Table:
    """So many slides of each group, with a case and a tissue area of their own."""
    rows = [NORMAL | values for count, values in groups for _ in range(count)]
    own = [{"slide_id": f"s{i}", "case_id": f"c{i}", "split": "train"} for i in range(len(rows))]
    areas = [{"tissue_area_mm2": 80.0 + i % 7} for i in range(len(rows))]
    return pa.Table.from_pylist(
        [a | b | row for a, b, row in zip(own, areas, rows, strict=True)],
    )


def found(table: pa.Table, workdir: Path) -> dict[str, dict[str, Any]]:
    (workdir / "results/cohort").mkdir(parents=True, exist_ok=True)
    (workdir / "slides").mkdir(exist_ok=True)
    ids = table["slide_id"].to_pylist()
    sheet = "slide_id,path\n" + "".join(f"{i},slides/{i}.svs\n" for i in ids)
    (workdir / "cohort.csv").write_text(sheet)
    listed = alarms.listed(table, workdir, "cohort.csv")
    assert all(alarm["remedy"] and alarm["text"] for alarm in listed)
    return {alarm["title"]: alarm for alarm in listed}


def test_a_cohort_of_one_kind_has_none(tmp_path: Path) -> None:
    assert found(cohort((12, {"site": "A"}), (8, {"site": "B"})), tmp_path) == {}


def test_a_site_is_named_that_is_darker_than_the_others_and_its_slides(tmp_path: Path) -> None:
    table = cohort((12, {"site": "A"}), (8, {"site": "B", "background_r": 200.0}))
    alarm = found(table, tmp_path)["A site unlike the others"]
    assert alarm["kind"] == "alarm"
    assert alarm["text"] == "8 slides of B differ in background_r."
    assert alarm["slides"] == list(range(12, 20))


def test_a_site_is_named_whose_dyes_are_others(tmp_path: Path) -> None:
    """Slides of a site that are all of one other stain are alike beside each other."""
    eosin, pas = {"site": "A", "blue_ratio_low": 0.4}, {"site": "B", "blue_ratio_low": 0.2}
    alarm = found(cohort((12, eosin), (8, pas)), tmp_path)["A site unlike the others"]
    assert alarm["text"] == "8 slides of B differ in blue_ratio_low."
    few_nuclei = [{"red_ratio_high": red, "site": site} for site, red in (("A", 0.9), ("B", 0.6))]
    assert found(cohort((12, few_nuclei[0]), (8, few_nuclei[1])), tmp_path) == {}


def test_slides_of_another_stain_are_named(tmp_path: Path) -> None:
    table = cohort(
        (2, {"qc_reasons": "stain_differs=blue_ratio_low:-4.2<-3.5", "qc_status": "REVIEW"}),
        (1, {"qc_reasons": "accepted_by_review;stain_differs=eosin_fraction:0.01<0.02"}),
        (3, {"qc_reasons": "near_threshold;blurred_fraction=0.19<0.2"}),
    )
    alarm = found(table, tmp_path)["Stains that differ"]
    assert (alarm["kind"], alarm["slides"]) == ("alarm", [0, 1, 2])


def test_a_site_of_few_slides_is_not_judged(tmp_path: Path) -> None:
    table = cohort((12, {"site": "A"}), (4, {"site": "B", "background_r": 200.0}))
    assert found(table, tmp_path) == {}


def test_a_site_that_fails_more_often_than_chance_is_named(tmp_path: Path) -> None:
    table = cohort((90, {"site": "A"}), (10, {"site": "B", "qc_status": "FAIL"}))
    alarm = found(table, tmp_path)["A site with many slides out"]
    assert "10 of 10 slides of B are out; in the cohort 10%" in alarm["text"]


def test_a_case_in_two_splits_is_leakage_and_spellings_are_not(tmp_path: Path) -> None:
    table = cohort(
        (1, {"case_id": "X", "split": "train"}),
        (1, {"case_id": "X", "split": "test"}),
        (1, {"case_id": "Y", "split": "Train"}),
        (1, {"case_id": "Y", "split": "train "}),
        (1, {"case_id": "Z", "split": "val"}),
        (1, {"case_id": "Z", "split": None}),
    )
    alarm = found(table, tmp_path)["Cases in several splits"]
    assert (alarm["text"], alarm["slides"]) == ("1 case: X.", [0, 1])


def test_pairs_are_named_by_what_contradicts(tmp_path: Path) -> None:
    (tmp_path / "results/cohort").mkdir(parents=True)
    (tmp_path / "results/cohort/duplicates.csv").write_text(
        "slide_id_a,slide_id_b,kind,distance,alarm\ns0,s2,picture,12,split;case_id\ns1,s3,content,0,\n"
    )
    alarm = found(cohort((5, {})), tmp_path)
    assert alarm["One glass slide in two splits"]["slides"] == [0, 2]
    assert alarm["One glass slide under two cases"]["text"] == "1 pair: s0 = s2."
    assert alarm["Slides that are there twice"]["kind"] == "note"
    assert "One glass slide with two labels" not in alarm


def test_resolutions_that_differ_by_the_scanner_alone_are_two_kinds(tmp_path: Path) -> None:
    table = cohort((3, {"mpp": 0.2519}), (2, {"mpp": 0.2498}), (1, {"mpp": 0.4990}))
    note = found(table, tmp_path)["Several values of mpp"]
    assert note["text"] == "0.252 um/px (5), 0.499 um/px (1)."
    assert note["kind"] == "note"


def test_files_of_slides_that_left_the_sheet_are_named(tmp_path: Path) -> None:
    for name in ("results/slides/gone.json", "logs/measure_slide/gone.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"slide_id": "gone"}')
    text = found(cohort((2, {})), tmp_path)["Leftovers"]["text"]
    assert text == "2 files of slides that are no longer in the sheet: gone."


def test_failed_jobs_lead_to_their_slides(tmp_path: Path) -> None:
    (tmp_path / "results/cohort").mkdir(parents=True)
    (tmp_path / "results/cohort/failed_jobs.csv").write_text("slide_id,rule\ns1,tile_slide\n")
    assert found(cohort((3, {})), tmp_path)["Jobs failed"]["slides"] == [1]
