"""The page of the cohort in a real browser, from file://; what it predicts is what a rerun does."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from running import REPOSITORY, by_slide, configure, read_csv, run

REPORT = REPOSITORY / "workflow/report"
VIEWS = ("overview", "thresholds", "slides", "review")


def predicted(page: Any) -> dict[str, int]:
    """The numbers of the prediction as a person reads them."""
    rows = page.locator("[data-count]")
    texts = {row.get_attribute("data-count"): row.locator("b").inner_text() for row in rows.all()}
    return {name: int(text.replace(",", "")) for name, text in texts.items()}


def rerun(cohort: Path) -> dict[str, int]:
    verdicts = by_slide(cohort, "cohort_qc.csv")
    counts = Counter(row["qc_status"] for row in verdicts.values())
    tiles = [
        row
        for row in read_csv(cohort, "patch_cohort.csv")
        if row["qc_status"] in ("PASS", "REVIEW") and row["qc_status_tile"] == "PASS"
    ]
    statuses = ("PASS", "REVIEW", "FAIL", "ERROR")
    return {**{status: counts[status] for status in statuses}, "tiles": len(tiles)}


def test_every_view_opens_and_shows_hostile_cells_as_text(page: Any) -> None:
    for view in VIEWS:
        page.get_by_role("navigation").get_by_text(view.capitalize()).click()
        assert page.locator("h1").count() == 1
    page.goto(page.url.split("#")[0] + "#view=slide&slide=synthetic_pen")
    page.wait_for_selector("canvas.over")
    assert page.get_by_text("<script>alert(1)</script>").count() >= 1
    assert page.evaluate("GROSSING.unexplained.size") == 0


def test_slides_whose_tiles_are_close_to_a_threshold_are_shown(page: Any) -> None:
    page.goto(page.url.split("#")[0] + "#view=thresholds")
    panel = page.locator("[data-rule='tile.tissue_fraction_min']")
    panel.locator("summary").click()
    near = panel.locator(".borderline")
    near.get_by_text("Just outside").wait_for()
    assert near.locator(".gallery").count() >= 1
    assert near.get_by_text(re.compile(r"[1-9]\d* tiles?")).count() >= 1


def test_a_dragged_threshold_predicts_what_the_rerun_does(cohort: Path, page: Any) -> None:
    page.goto(page.url.split("#")[0] + "#view=thresholds")
    assert predicted(page) == rerun(cohort)
    focus = page.locator("[data-rule^='tile.focus'] svg.histogram")
    focus.scroll_into_view_if_needed()
    box = focus.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.86, y, steps=8)
    page.mouse.up()
    page.locator("[data-rule='slide.blurred_fraction_max'] input").fill("0.95")
    page.keyboard.press("Tab")
    page.wait_for_selector("#snippet >> text=blurred_fraction_max")
    page.wait_for_timeout(200)
    told, unknown = predicted(page), page.evaluate("[...GROSSING.next.unknown]")
    ids = [page.evaluate(f"GROSSING.id({i})") for i, flag in enumerate(unknown) if flag]
    statuses = page.evaluate(
        "Object.fromEntries(GROSSING.next.status.map((s,i)=>[GROSSING.id(i),s]))"
    )
    before = told["tiles"]
    limits: dict[str, dict[str, float]] = {"slide": {}, "tile": {}}
    section = ""
    for line in page.locator("#snippet").inner_text().splitlines()[1:]:
        name, _, value = line.strip().partition(":")
        if value.strip():
            limits[section][name] = float(value)
        else:
            section = name
    assert limits["tile"] and limits["slide"]
    configure(cohort, thresholds=limits)
    run(cohort, report=True)
    final = by_slide(cohort, "cohort_qc.csv")
    known = {i: row["qc_status"] for i, row in final.items() if i not in ids}
    assert known == {i: status for i, status in statuses.items() if i not in ids}
    measured = by_slide(cohort, "measured_qc.csv")
    assert {i: measured[i]["qc_status"] for i in ids} == {i: statuses[i] for i in ids}
    new = sum(int(final[i]["passed_tiles"]) for i in ids if final[i]["qc_status"] != "FAIL")
    assert rerun(cohort)["tiles"] - new == before


def test_vendored_files_are_those_of_the_list() -> None:
    listed = json.loads((REPORT / "vendor.json").read_text())
    files = {file["to"]: file["sha256"] for package in listed for file in package["files"]}
    found = {
        str(path.relative_to(REPORT / "vendor")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (REPORT / "vendor").rglob("*")
        if path.is_file()
    }
    assert found == files
    assert all(package["integrity"].startswith("sha512-") for package in listed)
