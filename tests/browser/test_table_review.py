"""Table and reviews of the page: hostile cells, filters, address, and what the next run reads."""

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from running import by_slide, configure, read_csv, run

HOSTILE = {
    "CMU-1-Small-Region": "<script>alert(1)</script>",
    "synthetic_pen": '=HYPERLINK("http://example.org","x")',
    "synthetic_blurred": "+1+1",
    "blank": '"quoted", with; comma',
    "no_mpp": "very long " * 200 + "end",
    "truncated": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "missing": "\U0001f52c <img src=x onerror=alert(2)>",
}
VIEWS = ("overview", "thresholds", "slides", "review")


@pytest.fixture(scope="module")
def cohort(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's cohort with hostile labels, a slide of it once more, run."""
    folder = Path(shutil.copytree(demo, tmp_path_factory.mktemp("cohort") / "copy"))
    with (folder / "cohort.csv").open(newline="", encoding="utf-8") as file:
        rows = [row | {"label": HOSTILE[row["slide_id"]]} for row in csv.DictReader(file)]
    twice = {"slide_id": "twice", "case_id": "case-9", "label": "normal"}
    rows.append(rows[0] | twice)
    with (folder / "cohort.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    configure(folder, leakage="report")
    run(folder, report=True)
    return folder


def go(page: Any, address: str) -> None:
    """Open the page anew at an address, as a colleague does who was sent it."""
    start = page.url.split("#")[0]
    page.goto("about:blank")
    page.goto(f"{start}#{address}")


def downloaded(page: Any, button: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def shown(page: Any) -> list[str]:
    return page.locator(".tabulator-row [tabulator-field=slide_id]").all_inner_texts()


def test_hostile_cells_are_text_in_every_view(page: Any) -> None:
    for view in (*VIEWS, *(f"slide&slide={slide_id}" for slide_id in HOSTILE)):
        go(page, f"view={view}&group=label&cols=slide_id,label&pictures=1")
        page.wait_for_selector("h1")
        page.wait_for_timeout(100)
        assert page.locator("main script, main img[src=x]").count() == 0
    go(page, "view=slides&cols=slide_id,label")
    cells = page.locator(".tabulator-row [tabulator-field=label]").all_text_contents()
    assert [cell.strip() for cell in cells[: len(HOSTILE)]] == [v.strip() for v in HOSTILE.values()]


def test_an_address_that_names_nothing_shows_the_cohort(page: Any) -> None:
    for address in (
        "view=__proto__",
        "view=slides&cols=__proto__,constructor&sort=__proto__:asc&where=__proto__%3D1",
        "view=thresholds&limits=constructor:1,slide.pen_fraction_max:x&group=__proto__",
        "view=slides&brush=nothing:1:2&only=-1,x",
        "view=slide&slide=<b>",
    ):
        go(page, address)
        assert page.locator("h1").count() == 1
        assert page.evaluate("GROSSING.movedKeys(GROSSING.nextLimits)") == []


def test_the_policy_of_the_page_forbids_code_of_others(page: Any) -> None:
    html = Path(page.url.split("#")[0].removeprefix("file://")).read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1] and "http" not in policy[1] and "*" not in policy[1]
    assert not re.search(r"<script(?! src=)|<style|\son\w+=|\sstyle=", html)


def test_a_filtered_and_sorted_table_is_in_its_address_and_its_csv(page: Any) -> None:
    go(page, "view=slides")
    page.get_by_role("textbox", name="Filter tissue area mm2").fill(">0.5")
    page.keyboard.press("Enter")
    for _ in range(2):
        page.locator("[tabulator-field=tissue_area_mm2] button.head").click()
    expected = sorted(
        (float(row["tissue_area_mm2"]), slide_id)
        for slide_id, row in by_slide(page_folder(page), "cohort_qc.csv").items()
        if float(row["tissue_area_mm2"] or 0) > 0.5
    )
    assert len(expected) >= 2
    page.wait_for_function(
        f"document.querySelector('h1').textContent.startsWith('{len(expected)} ')"
    )
    ids = shown(page)
    areas = [area for area, _ in expected[::-1]]
    assert sorted(ids) == sorted(slide_id for _, slide_id in expected)
    go(page, page.url.split("#")[1])
    page.wait_for_selector(".tabulator-row")
    assert shown(page) == ids
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "Download CSV of this view"))))
    assert [row["slide_id"] for row in rows] == ids
    assert [float(row["tissue_area_mm2"]) for row in rows] == areas


def page_folder(page: Any) -> Path:
    """The working directory of the run that made the page."""
    return Path(page.url.split("#")[0].removeprefix("file://")).parents[3]


def test_a_spreadsheet_runs_nothing_of_the_csv(page: Any) -> None:
    go(page, "view=slides&cols=slide_id,label")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "Download CSV of this view"))))
    labels = {row["slide_id"]: row["label"] for row in rows}
    assert not any(re.match(r"[=+\-@\t\r]", label) for label in labels.values())
    assert labels["synthetic_blurred"] == "'+1+1"
    assert labels["blank"] == HOSTILE["blank"]


def test_a_brushed_range_filters_table_and_pictures(page: Any) -> None:
    go(page, "view=slides&brush=tissue_area_mm2:0.6:0.65&pictures=1")
    page.wait_for_selector(".tabulator-row")
    ids = sorted(shown(page))
    assert ids == ["CMU-1-Small-Region", "twice"]
    assert sorted(page.locator(".thumb .name").all_inner_texts()) == ids
    page.get_by_role("link", name="Thresholds").click()
    assert "The plots show 2 of 8 slides" in page.locator("main").inner_text()
    bars = "[data-rule='slide.pen_fraction_max'] .bar"
    assert page.locator(bars).count() < bars_without_filter(page, bars)
    go(page, "view=slides&brush=tissue_area_mm2:0.6:0.65")
    page.get_by_role("button", name="Remove filter: tissue area mm2 0.6 to 0.65").click()
    page.wait_for_function("document.querySelectorAll('.tabulator-row').length === 8")


def bars_without_filter(page: Any, bars: str) -> int:
    go(page, "view=thresholds")
    page.wait_for_selector(bars)
    return int(page.locator(bars).count())


def test_the_first_screen_names_counts_alarms_and_the_way_to_the_slides(page: Any) -> None:
    verdicts = by_slide(page_folder(page), "cohort_qc.csv")
    for status in ("PASS", "REVIEW", "FAIL", "ERROR"):
        count = sum(row["qc_status"] == status for row in verdicts.values())
        assert page.locator(f".card.{status.lower()} .big").inner_text() == str(count)
    alarms = page.locator(".alarms li.alarm")
    assert "CMU-1-Small-Region = twice" in " ".join(alarms.all_inner_texts())
    alarms.first.get_by_role("link").click()
    page.wait_for_selector(".tabulator-row")
    assert sorted(shown(page)) == ["CMU-1-Small-Region", "twice"]


def decide(page: Any, slide_id: str, key: str, note: str = "") -> None:
    go(page, f"view=slide&slide={slide_id}")
    page.wait_for_selector(".decision")
    if note:
        page.keyboard.press("m")
        page.keyboard.type(note)
        page.keyboard.press("Enter")
    page.keyboard.press(key)


def test_keys_decide_and_do_not_while_something_is_typed(page: Any) -> None:
    decide(page, "synthetic_pen", "r")
    assert page.evaluate("document.activeElement.id") == "reviewer"
    assert page.evaluate("GROSSING.reviews()") == {}
    page.keyboard.type("Dr. Anna Arn")
    assert page.evaluate("GROSSING.reviews()") == {}
    page.keyboard.press("Enter")
    made = page.evaluate("GROSSING.reviews()")["synthetic_pen"]
    assert (made["decision"], made["reviewer"]) == ("reject", "Dr. Anna Arn")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.keyboard.type("a narrow note")
    page.keyboard.press("Enter")
    made = page.evaluate("GROSSING.reviews()")["synthetic_pen"]
    assert (made["decision"], made["note"]) == ("reject", "a narrow note")
    for slide_id in ("twice", "CMU-1-Small-Region"):
        page.keyboard.press("n")
        assert page.locator("h1").inner_text().startswith(slide_id)
        page.keyboard.press("a")
        assert page.evaluate(f"GROSSING.reviews()['{slide_id}'].decision") == "accept"
    page.keyboard.press("n")
    assert page.locator("h1").inner_text() == "2 of 2 slides decided"


def test_rows_that_the_next_run_would_refuse_are_not_imported(page: Any, tmp_path: Path) -> None:
    rows = ["blank,reject,AB,2026-01-02,", "nobody,accept,AB,2026-01-02,", "missing,maybe,,1.1.,"]
    text = "\ufeffslide_id,decision,reviewer,date,note\r\n" + "\r\n".join(rows) + "\r\n"
    (tmp_path / "reviews.csv").write_text(text, encoding="utf-8")
    go(page, "view=review")
    page.set_input_files("#import", tmp_path / "reviews.csv")
    page.wait_for_function("document.getElementById('said').textContent")
    told = page.locator("#said").inner_text()
    assert told.startswith("1 decision imported.")
    assert "nobody: no such slide" in told and "maybe" in told
    assert list(page.evaluate("GROSSING.reviews()")) == ["blank"]


def test_exported_reviews_are_what_the_next_run_decides(page: Any) -> None:
    folder, note = page_folder(page), '=1+1 "quoted", <b>'
    page.evaluate("GROSSING.setReviewer('A. Reviewer, MD')")
    decide(page, "synthetic_pen", "r", note)
    decide(page, "CMU-1-Small-Region", "a")
    go(page, "view=review")
    text = downloaded(page, "Export reviews.csv")
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/reviews.csv").write_text(text, encoding="utf-8")
    before = by_slide(folder, "cohort_qc.csv")
    run(folder, report=True)
    after = by_slide(folder, "cohort_qc.csv")
    pen = after["synthetic_pen"]
    assert (before["synthetic_pen"]["qc_status"], pen["qc_status"]) == ("PASS", "FAIL")
    assert (pen["review_note"], pen["reviewed_by"]) == (note, "A. Reviewer, MD")
    small = after["CMU-1-Small-Region"]
    assert before["CMU-1-Small-Region"]["qc_status"] == "REVIEW"
    assert small["qc_status"] == "PASS"
    assert "accepted_by_review" in small["qc_reasons"]
    planned = json.loads((folder / "results/cohort/planned_reviews.json").read_text())["reviews"]
    assert planned["synthetic_pen"]["content_hash"] == before["synthetic_pen"]["content_hash"]
    page.evaluate("localStorage.clear()")
    go(page, "view=review")
    assert downloaded(page, "Export reviews.csv") == text
    path = folder / "config/reviews.csv"
    page.evaluate("GROSSING.data.reviews = {}")
    page.set_input_files("#import", path)
    page.wait_for_function("document.getElementById('said').textContent")
    assert downloaded(page, "Export reviews.csv") == text
    assert page.evaluate("GROSSING.unexplained.size") == 0
    assert {row["slide_id"] for row in read_csv(folder, "cohort_qc.csv")} == set(after)
