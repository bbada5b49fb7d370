"""The file of reviews: faults stop with their place; a review is about the content looked at."""

from pathlib import Path

import pytest
from grossing.cohort import reviews
from grossing.cohort.decide import Verdict
from grossing.cohort.reviews import Reviews
from grossing.support.errors import CohortError, UserError
from running import REPOSITORY
from stages import CONFIG

SCHEMA = REPOSITORY / "workflow/schemas/reviews.schema.yaml"
HEAD = "slide_id,decision,reviewer,date,note\n"


def read(folder: Path, text: str) -> dict[str, reviews.Review]:
    path = folder / "reviews.csv"
    path.write_text(text)
    return reviews.read(str(path), SCHEMA, ["a", "b"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "a,maybe,AB,2026-01-02,\n", "line 2, column decision: 'maybe': give accept"),
        (HEAD + "x,accept,AB,2026-01-02,\n", "line 2, column slide_id: 'x': give a slide_id"),
        (HEAD + "a,accept,AB,2.1.2026,\n", "line 2, column date: '2.1.2026': write the date"),
        (HEAD + "a,accept,AB,2026-02-30,\n", "line 2, column date: '2026-02-30': write the date"),
        (HEAD.replace(",", ";") + "a;accept;AB;2026-01-02;\n", "with commas, not semicolons"),
        (HEAD + "a,accept,,2026-01-02,\n", "line 2, column reviewer"),
        (HEAD + "a,accept,AB,2026-01-02,\n" * 2 + "", "line 3"),
        (HEAD + "a,accept\n", "line 2: 2 values for 5 columns"),
        ("slide_id,decision\n", "column reviewer: missing column"),
        (HEAD.replace("note", "notes"), "column notes: unknown or repeated column"),
        ("", "column slide_id: missing column"),
    ],
)
def test_faults_are_named_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError) as stopped:
        read(tmp_path, text)
    assert words in str(stopped.value)


def test_only_the_shipped_path_may_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reviews.read(CONFIG["reviews"], SCHEMA, []) == {}
    with pytest.raises(UserError, match="no such file of reviews"):
        reviews.read("other.csv", SCHEMA, [])


def test_a_review_holds_for_the_content_that_was_there_first(tmp_path: Path) -> None:
    given, planned = read(tmp_path, HEAD + "a,accept,AB,2026-01-02,\n"), tmp_path / "planned.json"
    failed = Verdict("FAIL", ("pen_fraction=1>0.3",))

    def status(content: str | None, known: str | None) -> str:
        """After a run that starts with content `known` and measures `content`."""
        run = Reviews.planned(given, planned, lambda slide_id: known)
        run.write(planned)
        return Reviews.read(planned, run.digest).applied("a", content, failed).status

    assert status("first", None) == "PASS"
    assert status("first", "first") == "PASS"
    assert status("second", "first") == "FAIL"
    assert status("second", "second") == "FAIL"
    assert status("first", "second") == "PASS"
    given = read(tmp_path, HEAD + "a,accept,AB,2026-01-03,\n")
    assert status("second", "second") == "PASS"
    with pytest.raises(CohortError, match="changed during the run"):
        Reviews.read(planned, "other")


def test_a_cell_that_is_guarded_against_spreadsheets_is_read_as_it_was(tmp_path: Path) -> None:
    cells = {"'=1+1": "=1+1", "''-x": "'-x", "'quoted'": "'quoted'", "-x": "-x"}
    for written, meant in cells.items():
        found = read(tmp_path, HEAD + f"a,accept,AB,2026-01-02,{written}\n")
        assert found["a"].note == meant
