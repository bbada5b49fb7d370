"""The page for people who use no mouse, another screen or a screen reader."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
AXE = HERE / "vendor/axe/axe.min.js"
VIEWS = ("overview", "thresholds", "slides", "slides&pictures=1", "review", "slide")


def go(page: Any, view: str) -> None:
    start = page.url.split("#")[0]
    page.goto("about:blank")
    page.goto(f"{start}#view={view}" + ("&slide=synthetic_pen" if view == "slide" else ""))
    page.wait_for_selector("h1")
    page.wait_for_timeout(200)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(page: Any, view: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    go(page, view)
    for opened in page.locator("main details > summary").all()[:1]:
        opened.click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {preload: false})")
    assert len(found["passes"]) > 15
    violations = [(v["id"], [node["target"] for node in v["nodes"]]) for v in found["violations"]]
    assert violations == []


@pytest.mark.parametrize("width", [360, 768, 1280, 3840])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_window(page: Any, view: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    go(page, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def pressed(page: Any, selector: str, most: int = 80) -> None:
    """Press Tab until the focus is on what a selector names."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none"
            return
    raise AssertionError(f"{selector} is not reached with the Tab key")


def test_a_cohort_is_walked_with_the_keyboard_alone(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    pressed(page, "a.card.fail")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tabulator-row")
    pressed(page, "[tabulator-field=slide_id] button.head")
    page.keyboard.press("Enter")
    page.wait_for_selector("[tabulator-field=slide_id][aria-sort=ascending]")
    pressed(page, ".tabulator-row [tabulator-field=slide_id] a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".decision")
    assert page.locator("h1").inner_text().startswith("blank")
    pressed(page, "#reviewer")
    page.keyboard.type("AB")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert page.evaluate("GROSSING.reviews().blank.decision") == "reject"


def test_a_print_shows_the_first_screen_without_controls(page: Any) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("h1").is_visible() and page.locator(".card").count() == 4
    assert not page.get_by_role("navigation").is_visible()
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF") and len(pdf) > 5000


def test_vendored_files_of_the_tests_are_those_of_the_list() -> None:
    listed = json.loads((HERE / "vendor.json").read_text())
    files = {file["to"]: file["sha256"] for package in listed for file in package["files"]}
    folder = HERE / "vendor"
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == files
