"""Splits of a cohort: what stays together, what is kept, what is refused, what leaks."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from grossing.cohort import leakage, splits, summary
from grossing.cohort.splits import SplitOptions
from grossing.columns import duplicates
from grossing.support import tables
from grossing.support.errors import CohortError
from stages import CONFIG

Row = dict[str, Any]
Pairs = Sequence[tuple[str, str]]


def slide(slide_id: str, case_id: str | None = None, **values: str) -> Row:
    row = {"slide_id": slide_id, "qc_status": "PASS", "case_id": case_id or "", "label": ""}
    return row | {"site": "", "scanner": "", "split": ""} | values


def options(**values: Any) -> SplitOptions:
    return SplitOptions.from_config(CONFIG["splits"] | values)


def pairs_of(*pairs: tuple[str, str]) -> pa.Table:
    rows = [{"slide_id_a": a, "slide_id_b": b, "kind": "picture"} for a, b in pairs]
    return tables.from_rows(rows, duplicates.SCHEMA)


def assigned(rows: Sequence[Row], pairs: Pairs = (), **values: Any) -> dict[str, Row]:
    table, _ = splits.assign(pa.Table.from_pylist(rows), pairs_of(*pairs), options(**values))
    assert table["slide_id"].to_pylist() == [row["slide_id"] for row in rows]
    return {row["slide_id"]: row for row in table.to_pylist()}


def leaks(rows: Sequence[Row], pairs: Pairs = (), **more: Any) -> list[Row]:
    found = leakage.find(
        pa.Table.from_pylist(rows),
        pairs_of(*pairs),
        more.get("assigned"),
        site_alarm=more.get("site_alarm", False),
    )
    return found.to_pylist()


def cohort(patients: int = 60) -> list[Row]:
    """Patients of two slides, two labels, three sites."""
    return [
        slide(f"s{i}.{j}", f"p{i}", label="ab"[i % 2], site="xyz"[i % 3])
        for i in range(patients)
        for j in range(2)
    ]


def test_a_patient_is_in_one_split_and_shares_are_as_wanted() -> None:
    rows = cohort()
    made = assigned(rows)
    for i in range(60):
        assert made[f"s{i}.0"]["split"] == made[f"s{i}.1"]["split"]
    for value in ("a", "b"):
        mine = [made[row["slide_id"]]["split"] for row in rows if row["label"] == value]
        assert abs(mine.count("test") / len(mine) - 0.15) <= 0.05
    assert {row["split_source"] for row in made.values()} == {"assigned"}


def test_duplicates_join_their_patients_also_through_a_slide_that_fails() -> None:
    rows = [*cohort(), slide("link", qc_status="FAIL")]
    made = assigned(rows, [("s0.0", "link"), ("link", "s7.1"), ("s7.0", "s20.0")])
    assert len({made[i]["split"] for i in ("s0.0", "s0.1", "s7.0", "s7.1", "s20.1")}) == 1
    assert made["link"]["split"] is None


def test_spellings_of_one_case_stay_together() -> None:
    rows = [*cohort(), slide("other", "P 11")]
    made = assigned(rows)
    assert made["other"]["split"] == made["s11.0"]["split"]


def test_given_splits_are_kept_and_followed() -> None:
    rows = cohort()
    rows[0]["split"], rows[2]["split"] = "external", "test"
    rows[2]["qc_status"] = "FAIL"
    made = assigned(rows)
    assert (made["s0.0"]["split"], made["s0.0"]["split_source"]) == ("external", "sheet")
    assert (made["s0.1"]["split"], made["s0.1"]["split_source"]) == ("external", "patient")
    assert (made["s1.1"]["split"], made["s1.1"]["split_source"]) == ("test", "patient")
    assert {row["split"] for row in made.values()} == {"external", "train", "val", "test"}


def test_a_patient_in_two_given_splits_gets_no_third_slide_assigned() -> None:
    rows = [*cohort(), slide("third", "p0")]
    rows[0]["split"], rows[1]["split"] = "train", "test"
    made = assigned(rows)
    assert made["third"]["split"] is None
    assert (made["s0.0"]["split"], made["s0.1"]["split"]) == ("train", "test")


def test_slides_that_fail_get_no_split() -> None:
    rows = cohort()
    rows[5]["qc_status"], rows[7]["qc_status"] = "FAIL", "ERROR"
    rows[9]["qc_status"] = "REVIEW"
    made = [assigned(rows)[rows[i]["slide_id"]]["split"] for i in (5, 7, 9)]
    assert made[:2] == [None, None] and made[2]


def test_sites_stay_together_with_their_patients() -> None:
    rows = [
        slide(f"s{i}", f"p{i // 2}", site=f"h{i // 8}", label="ab"[i % 4 // 2]) for i in range(160)
    ]
    made = assigned(rows, strategy="site")
    site_of = {row["slide_id"]: row["site"] for row in rows}
    homes = {(site_of[i], row["split"]) for i, row in made.items()}
    assert len(homes) == 20
    assert {split for _, split in homes} == {"train", "val", "test"}


def test_folds_divide_train_alone() -> None:
    fractions = {"train": 0.8, "val": 0.0, "test": 0.2}
    rows = cohort(100)
    made = assigned(rows, folds=4, fractions=fractions)
    folds = [row["fold"] for row in made.values() if row["split"] == "train"]
    assert all(39 <= folds.count(number) <= 41 for number in (1, 2, 3, 4))
    assert {row["fold"] for row in made.values() if row["split"] == "test"} == {None}
    for i in range(100):
        assert made[f"s{i}.0"]["fold"] == made[f"s{i}.1"]["fold"]


def test_a_wish_that_cannot_be_fulfilled_names_the_value_and_a_tolerance_that_works() -> None:
    rows = [*cohort(), *(slide(f"r{i}", "large", label="rare") for i in range(9))]
    with pytest.raises(CohortError) as refused:
        assigned(rows)
    said = str(refused.value)
    assert "label 'rare': 9 of 9 slides in train, 1.000 instead of 0.7" in said
    assert "label 'a'" not in said
    assert "Set splits.tolerance: 0.30" in said
    assert assigned(rows, tolerance=0.3)["r0"]["split"] == "train"


def test_the_table_of_shares_counts_slides_and_cases() -> None:
    rows = cohort()
    table, shares = splits.assign(pa.Table.from_pylist(rows), pairs_of(), options())
    made = table.to_pylist()
    test = [row for row in made if row["split"] == "test"]
    (all_of_test,) = [
        row for row in shares.to_pylist() if (row["name"], row["column"]) == ("test", "slides")
    ]
    assert all_of_test["slides"] == len(test)
    assert all_of_test["cases"] == len({row["case_id"] for row in test}) == len(test) / 2
    assert all_of_test["share"] == len(test) / len(made)
    labels = [row for row in shares.to_pylist() if row["column"] == "label"]
    assert sum(row["slides"] for row in labels) == len(made)


def test_a_cohort_without_columns_or_without_slides_that_pass_has_a_table() -> None:
    rows = [{"slide_id": f"s{i}", "qc_status": "FAIL" if i else "ERROR"} for i in range(3)]
    table, shares = splits.assign(pa.Table.from_pylist(rows), pairs_of(), options(folds=2))
    assert table["split"].to_pylist() == [None] * 3
    assert shares.num_rows == 0


def test_what_is_assigned_leaks_nothing() -> None:
    rows = cohort()
    pairs = [("s0.0", "s9.1")]
    table, _ = splits.assign(pa.Table.from_pylist(rows), pairs_of(*pairs), options(folds=3))
    found = leaks(rows, pairs, assigned=table)
    assert {row["kind"] for row in found} == {"site"} and not any(r["alarm"] for r in found)
    assert summary.of_leakage(tables.from_rows(found, leakage.columns.SCHEMA)) == ""


def test_every_kind_of_leakage_is_named_once() -> None:
    rows = [
        slide("a1", "A", split="train", site="x"),
        slide("a2", "A", split="test", site="x"),
        slide("b1", split="train"),
        slide("b2", split="val"),
        slide("c1", "C", split="train"),
        slide("c2", "C"),
        slide("d1", "D"),
        slide("d2", "D", split="val"),
        slide("e1", "E", split="train"),
        slide("e2", "E", split="test", qc_status="FAIL"),
    ]
    pairs = [("b1", "b2"), ("c2", "d1")]
    found = {row["kind"]: row for row in leaks(rows, pairs)}
    assert len(found) == len(leaks(rows, pairs)) == 4
    assert found["case"] == {
        "kind": "case",
        "alarm": True,
        "value": "A",
        "splits": "train;test",
        "slides": "a1;a2",
    }
    assert found["duplicate"]["slides"] == "b1;b2" and found["duplicate"]["alarm"]
    assert found["linked"]["slides"] == "c1;d2" and found["linked"]["value"] == "C;D"
    assert found["site"]["value"] == "x" and not found["site"]["alarm"]
    assert [r["alarm"] for r in leaks(rows, pairs, site_alarm=True)] == [True] * 4


def test_the_summary_names_alarms_alone() -> None:
    rows = [slide("a", "A", split="train", site="x"), slide("b", "A", split="test", site="x")]
    text = summary.of_leakage(tables.from_rows(leaks(rows), leakage.columns.SCHEMA))
    assert text.startswith("ALARM: leakage between splits: case A (train, test) (results/")
    assert "site" not in text


def test_a_patient_in_two_folds_is_an_alarm() -> None:
    rows = cohort(4)
    made = [{"slide_id": r["slide_id"], "split": "train", "fold": 1} for r in rows]
    made[0]["fold"] = 2
    table = tables.from_rows(made, splits.splits.SCHEMA)
    (case,) = [row for row in leaks(rows, assigned=table) if row["kind"] == "case"]
    assert (case["value"], case["splits"]) == ("p0", "train 2;train 1")
