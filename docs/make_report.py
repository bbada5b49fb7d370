"""Pictures of the reports of the demos, for the README, docs/report.md and docs/radiology.md.

Needs Debian's chromium. Examples: docs/make_report.py demo docs/pictures;
docs/make_report.py demo-radiology docs/pictures
"""

import argparse
from pathlib import Path

from playwright import sync_api

QUALITY = 80  # of the JPEG files
SIZE = {"width": 1280, "height": 860}


def overview(page: sync_api.Page, out: Path) -> None:
    """The first screen."""
    _save(page, out / "report.jpg")


def threshold(page: sync_api.Page, out: Path) -> None:
    """A limit of a tile number, lowered, with what a rerun would give."""
    page.get_by_role("link", name="Thresholds").click()
    panel = page.locator("[data-rule='tile.tissue_fraction_min']")
    panel.scroll_into_view_if_needed()
    panel.get_by_role("spinbutton").fill("0.25")
    page.keyboard.press("Tab")
    page.wait_for_selector("#snippet")
    panel.evaluate("panel => scrollTo(0, panel.offsetTop - 250)")
    _save(page, out / "report_threshold.jpg")


def slide(page: sync_api.Page, out: Path) -> None:
    """A slide with its tiles, and the bar of decisions."""
    page.evaluate("GROSSING.setLimits(GROSSING.shipped(), true)")
    page.evaluate("GROSSING.go({view: 'slide', slide: 'synthetic_pen'})")
    page.evaluate("scrollTo(0, 0)")
    _save(page, out / "report_slide.jpg")


def study(page: sync_api.Page, out: Path) -> None:
    """A CT with its lungs outlined."""
    page.evaluate("GROSSING.go({view: 'study', study: 'chest'})")
    _save(page, out / "report_study.jpg")


#: report of a run -> its pictures
DRAWN = {"report": (overview, threshold, slide), "studies_report": (study,)}


def _save(page: sync_api.Page, path: Path) -> None:
    page.wait_for_timeout(2000)
    page.screenshot(path=path, type="jpeg", quality=QUALITY)


def main() -> None:
    """Command line of `make_report`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=Path, help="working directory of a finished run")
    parser.add_argument("out", type=Path, help="folder of the pictures")
    given = parser.parse_args()
    tables = given.workdir / "results/cohort"
    name = next(name for name in DRAWN if (tables / name).is_dir())
    address = (tables / name / "index.html").resolve().as_uri()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(address)
        for draw in DRAWN[name]:
            draw(page, given.out)
        browser.close()


if __name__ == "__main__":
    main()
