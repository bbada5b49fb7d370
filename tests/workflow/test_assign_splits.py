"""Splits and leakage in real runs: what is made, what a person is told, what runs again."""

import shutil
from pathlib import Path

import pytest
from make_cohort import REGION
from running import Once, by_slide, configure, plan, read_csv, run, snakemake, write_sheet

IDS = ("real", "medium", "copy", "blank", "missing")
HALVES = {"enabled": True, "fractions": {"train": 0.5, "val": 0, "test": 0.5}}


def save(workdir: Path, **columns: dict[str, str]) -> None:
    """The sheet; `copy` is the file of `real`."""
    rows = [{"slide_id": i, "path": f"slides/{i}.svs"} for i in IDS]
    for name, given in columns.items():
        rows = [row | {name: given.get(row["slide_id"], "")} for row in rows]
    write_sheet(workdir, rows)


@pytest.fixture(scope="module")
def split(once: Once, slides: Path) -> Path:
    """A finished run that assigns splits; the site of all slides is the same."""

    def fill(workdir: Path) -> None:
        (workdir / "slides").mkdir()
        shutil.copyfile(REGION, workdir / "slides/real.svs")
        shutil.copyfile(REGION, workdir / "slides/copy.svs")
        for name in ("medium", "blank"):
            shutil.copyfile(slides / f"{name}.svs", workdir / f"slides/{name}.svs")
        save(workdir, site=dict.fromkeys(IDS, "A"))
        configure(workdir, splits=HALVES)
        (workdir / "said.txt").write_text(run(workdir).text)

    return once("split", fill)


@pytest.fixture
def work(split: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(split, tmp_path / "work"))


def split_of(workdir: Path) -> dict[str, str]:
    return {i: row["split"] for i, row in by_slide(workdir, "splits.csv").items()}


def test_every_row_of_the_sheet_has_one_and_duplicates_are_together(split: Path) -> None:
    found = split_of(split)
    assert list(found) == list(IDS)
    assert found["real"] == found["copy"] != found["medium"]
    assert {found["real"], found["medium"]} == {"train", "test"}
    assert found["blank"] == found["missing"] == ""
    (site,) = read_csv(split, "leakage.csv")
    assert (site["kind"], site["alarm"], site["value"]) == ("site", "false", "A")
    assert "ALARM" not in (split / "said.txt").read_text()
    assert plan(split).jobs == {}


def test_a_changed_wish_runs_the_division_and_its_check_alone(work: Path) -> None:
    before = split_of(work)
    configure(work, splits=HALVES | {"tolerance": 0.3})
    assert plan(work).jobs == {"assign_splits": 1, "check_leakage": 1}
    run(work)
    assert split_of(work) == before


def test_splits_of_the_sheet_are_kept_and_checked(work: Path) -> None:
    save(work, split={"real": "test", "medium": "val"}, case_id={"medium": "m", "blank": "m"})
    run(work)
    found = split_of(work)
    assert (found["real"], found["copy"], found["medium"]) == ("test", "test", "val")

    configure(work)
    save(work, split={"real": "test", "medium": "val"}, case_id={"medium": "m", "copy": "m"})
    done = run(work, config=("leakage=report",))
    assert (
        "ALARM: leakage between splits: linked m (test, val) (results/cohort/leakage.csv)"
        in done.text
    )


def test_a_case_in_two_splits_is_an_alarm_at_the_end_of_any_run(work: Path) -> None:
    configure(work)
    save(work, split={"real": "train", "medium": "test"}, case_id={"real": "p", "medium": "p"})
    done = run(work, config=("leakage=report",))
    assert "ALARM: leakage between splits: case p (train, test)" in done.text
    assert plan(work, config=("leakage=report",)).jobs == {}


def test_an_infeasible_wish_ends_with_what_is_missed_and_what_would_do(work: Path) -> None:
    save(work, case_id={"medium": "p", "real": "p"})
    done = snakemake(work)
    assert done.code != 0
    assert "all slides: 3 of 3 slides in train, 1.000 instead of 0.5" in done.text
    assert "Set splits.tolerance: 0.50" in done.text
    configure(work, splits=HALVES | {"tolerance": 0.5})
    run(work)
    assert len(set(split_of(work).values()) - {""}) == 1


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"fractions": {"test": 0.5}},
            "splits.fractions: train 0.7, val 0.15, test 0.5: they must",
        ),
        ({"strategy": "site"}, "splits.strategy: site: 1 slides of cohort.csv have no site (a)"),
        ({"folds": 1}, "splits.folds: 1: must be one of 0, 2, 3"),
    ],
)
def test_a_senseless_wish_stops_at_start(tmp_path: Path, section: dict, message: str) -> None:
    write_sheet(tmp_path, [{"slide_id": "a", "path": "a.svs"}])
    configure(tmp_path, splits={"enabled": True} | section)
    done = snakemake(tmp_path, "-n")
    assert done.code != 0
    assert message in done.text
