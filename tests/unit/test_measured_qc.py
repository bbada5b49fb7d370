"""`measured_qc`: each row of the sheet with the verdict of its own slide, whatever the order."""

import itertools
import logging

import pyarrow as pa
import pytest
from grossing.cohort import measured_qc
from grossing.cohort.sheet import Sheet
from grossing.cohort.sheet_checks import Leakage
from grossing.columns import measured_qc as columns
from grossing.slide.record import SlideRecord
from grossing.support.errors import CohortError, UserError
from records import good, refused, sheet
from stages import CRITERIA

SHEET = sheet("b", "a", "c", label=("tumor", "normal", ""), mpp=("", "0.5", ""))
RECORDS = [good("a", pen_fraction=0.9), good("b"), refused("c")]


def judged(
    listed: Sheet = SHEET,
    records: list[SlideRecord] = RECORDS,
    failed: list[SlideRecord] = [],  # noqa: B006 (not changed)
    leakage: Leakage = "stop",
) -> pa.Table:
    by_id = {record.slide_id: record for record in failed}
    return measured_qc.table(listed, iter(records), by_id, CRITERIA, leakage=leakage)


@pytest.mark.parametrize("records", [*itertools.permutations(RECORDS)])
def test_rows_are_those_of_the_sheet_in_any_order_of_the_records(
    records: tuple[SlideRecord, ...],
) -> None:
    table = judged(records=list(records))
    names = ("slide_id", "path", "label", "qc_status", "qc_reasons", "pen_fraction")
    assert table.select(names).to_pylist() == [
        dict(zip(names, row, strict=True))
        for row in [
            ("b", "b.svs", "tumor", "PASS", None, 0.0),
            ("a", "a.svs", "normal", "FAIL", "pen_fraction=0.9>0.3", 0.9),
            ("c", "c.svs", None, "ERROR", "file_missing", None),
        ]
    ]


def test_columns_of_the_sheet_come_first_and_its_mpp_is_the_one_that_was_used() -> None:
    table = judged()
    assert table.column_names == ["slide_id", "path", "label", *columns.SCHEMA.names]
    assert table["mpp"].to_pylist() == [0.25, 0.25, None]


@pytest.mark.parametrize(
    ("records", "failed", "message"),
    [
        (RECORDS[:2], [], r"slide c of cohort\.csv is not measured"),
        ([*RECORDS, good("b")], [], "slide b has two records"),
        ([good("b"), *RECORDS], [], "slide b has two records"),
        (RECORDS, [refused("a", "job_failed")], "slide a has two records"),
        ([*RECORDS, good("d")], [], r"slide d is measured and not in cohort\.csv"),
        ([*RECORDS[:2], good("d")], [], r"slide d is measured and not in cohort\.csv"),
        (RECORDS, [refused("d", "job_failed")], r"slide d is measured and not in cohort\.csv"),
    ],
)
def test_a_slide_without_a_partner_or_with_two_is_named(
    records: list[SlideRecord], failed: list[SlideRecord], message: str
) -> None:
    with pytest.raises(CohortError, match=message):
        judged(records=records, failed=failed)


def test_a_slide_whose_job_failed_has_a_row_of_its_own() -> None:
    table = judged(records=RECORDS[:2], failed=[refused("c", "job_failed")])
    assert table["qc_reasons"].to_pylist() == [None, "pen_fraction=0.9>0.3", "job_failed"]


def test_the_share_of_blurred_tiles_is_the_one_that_is_judged() -> None:
    blurred = good("a", focus=(0.1, 1.6, None))
    (row,) = judged(sheet("a"), [blurred]).to_pylist()
    assert (row["blurred_fraction"], row["qc_reasons"]) == (0.5, "blurred_fraction=0.5>0.2")


COPIES = [good("a", content_hash="0" * 64), good("b", content_hash="0" * 64)]


@pytest.mark.parametrize("column", ["split", "label", "case_id"])
def test_copies_of_one_slide_that_contradict_each_other_stop_the_run(column: str) -> None:
    listed = sheet("a", "b", **{column: ("train", "test")})
    with pytest.raises(UserError) as stopped:
        judged(listed, COPIES)
    for words in ("'b.svs' is the same content as 'a' on line 2", "'train'", "leakage: report"):
        assert words in str(stopped.value)


def test_a_slide_with_other_dyes_than_its_cohort_is_looked_at() -> None:
    ids = [f"s{number:02}" for number in range(14)]
    colours = [0.30, 0.33] * 6 + [0.31, 0.12]
    records = [
        good(slide_id, blue_ratio_low=blue, red_ratio_high=0.9, eosin_od=0.2, stain_e_g=0.9)
        for slide_id, blue in zip(ids, colours, strict=True)
    ]
    *others, pas = judged(sheet(*ids), records).to_pylist()
    assert {row["qc_status"] for row in others} == {"PASS"}
    assert pas["qc_status"] == "REVIEW"
    assert pas["qc_reasons"].startswith("stain_differs=blue_ratio_low:-")
    assert pas["stain_z"] > 3.5 and pas["outlier_of"].startswith("blue_ratio_low=-")
    assert (pas["eosin_od"], pas["stain_e_g"], pas["blue_ratio_low"]) == (None, None, 0.12)
    assert {(row["eosin_od"], row["stain_e_g"]) for row in others} == {(0.2, 0.9)}


def test_copies_are_reported_where_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    listed = sheet("a", "b", split=("train", "test"))
    with caplog.at_level(logging.WARNING):
        assert judged(listed, COPIES, leakage="report").num_rows == 2
    assert "the same content as 'a'" in caplog.text


def test_copies_that_agree_and_files_that_cannot_be_read_are_no_leakage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    empty = [
        SlideRecord(record.slide_id, record.identity, refused(code="unreadable").refusal)
        for record in COPIES
    ]
    judged(sheet("a", "b", split=("train", "train")), COPIES)
    judged(sheet("a", "b", split=("train", "test")), empty)
    assert "content" not in caplog.text
