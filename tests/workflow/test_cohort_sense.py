"""Duplicates and reviews in real runs: what they change, and what runs again for them."""

import shutil
from pathlib import Path

import numpy as np
import pyvips
from running import by_slide, plan, read_csv, run, snakemake, write_sheet

HEAD = "slide_id,decision,reviewer,date,note\n"


def review(workdir: Path, *rows: str) -> None:
    (workdir / "config").mkdir(exist_ok=True)
    (workdir / "config/reviews.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows))


def verdicts(workdir: Path) -> dict[str, tuple[str, str]]:
    rows = by_slide(workdir, "cohort_qc.csv").items()
    return {i: (row["qc_status"], row["qc_reasons"]) for i, row in rows}


def tiled(workdir: Path) -> set[str]:
    return {row["slide_id"] for row in read_csv(workdir, "patch_cohort.csv")}


def test_reviews_flip_the_gate_and_run_nothing_else(workdir: Path) -> None:
    review(
        workdir,
        "small,accept,AB,2026-01-02,tiny but whole",
        "real,reject,AB,2026-01-02,folded",
        "absent,accept,AB,2026-01-02,",
    )
    planned = plan(workdir)
    assert set(planned.tiled) == {"small", "real"} and not planned.measured
    done = run(workdir)
    found = verdicts(workdir)
    assert found["real"] == ("FAIL", "rejected_by_review")
    assert found["small"][0] == "PASS" and found["small"][1].startswith("accepted_by_review;")
    assert found["absent"] == ("ERROR", "file_missing")
    assert "nothing to be used: absent" in done.text
    assert tiled(workdir) == {"small", "medium"}
    row = by_slide(workdir, "cohort_qc.csv")["small"]
    names = ("review_decision", "reviewed_by", "review_date", "review_note")
    assert [row[name] for name in names] == ["accept", "AB", "2026-01-02", "tiny but whole"]
    assert plan(workdir).jobs == {}

    (workdir / "config/reviews.csv").unlink()
    assert set(plan(workdir).tiled) == {"small", "real"}


def test_a_review_is_refused_once_the_slide_changed(workdir: Path) -> None:
    review(workdir, "medium,reject,AB,2026-01-02,blurred")
    run(workdir)
    assert verdicts(workdir)["medium"][0] == "FAIL"
    shutil.copyfile(workdir / "slides/real.svs", workdir / "slides/medium.svs")
    done = run(workdir)
    assert verdicts(workdir)["medium"] == ("REVIEW", "review_outdated")
    assert "Reviews not applied, because the slides changed since: medium" in done.text
    assert plan(workdir).jobs == {}


def test_a_faulty_review_stops_before_any_job(workdir: Path) -> None:
    review(workdir, "nobody,accept,AB,2026-01-02,")
    done = snakemake(workdir)
    assert done.code != 0
    assert "reviews.csv, line 2, column slide_id: 'nobody'" in done.text


def test_a_turned_scan_in_another_split_is_an_alarm(workdir: Path) -> None:
    picture = pyvips.Image.new_from_file(str(workdir / "slides/real.svs"))[:3]
    turned = np.ascontiguousarray(np.rot90(picture.numpy())[:, ::-1])
    options = {"tile": True, "pyramid": True, "compression": "jpeg", "Q": 70}
    pyvips.Image.new_from_array(turned).tiffsave(str(workdir / "slides/turned.tif"), **options)
    names = {"real": "real.svs", "turned": "turned.tif", "medium": "medium.svs"}
    splits = {"turned": "test"}
    write_sheet(
        workdir,
        [
            {"slide_id": i, "path": f"slides/{n}", "split": splits.get(i, "train"), "mpp": "0.499"}
            for i, n in names.items()
        ],
    )
    done = run(workdir, "qc")
    (pair,) = [row for row in read_csv(workdir, "duplicates.csv") if row["alarm"]]
    assert (pair["slide_id_a"], pair["slide_id_b"], pair["alarm"]) == ("real", "turned", "split")
    rows = by_slide(workdir, "measured_qc.csv")
    assert (rows["real"]["duplicate_of"], rows["turned"]["duplicate_of"]) == ("turned", "real")
    for slide_id in ("real", "turned"):
        assert rows[slide_id]["qc_status"] == "REVIEW"
        assert "duplicate_in_other_split" in rows[slide_id]["qc_reasons"]
    assert "ALARM" in done.text and "real = turned (split)" in done.text
