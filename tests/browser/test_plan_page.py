"""The page of a plan in a real browser: of the demo, and of a plan with everything it can show."""

from pathlib import Path
from typing import Any

import pytest
from grossing.cohort import plan_totals
from grossing.columns import plan as columns
from grossing.report import plan_page
from grossing.support import tables
from running import REPOSITORY
from test_accessibility import AXE

HOSTILE = "<img src=x onerror=alert(1)></style><script>alert(1)</script>"
FOLDER = REPOSITORY / "workflow/report"
TEMPLATE = [
    FOLDER / name for name in ("plan.html.j2", "css/page.css", "css/plan.css", "css/print.css")
]


def rule(name: str, fitted_to: int) -> dict[str, Any]:
    costs = {"cpu_s": 7200.5, "written_bytes": 9_000_000_000, "written_files": 91_000}
    counts = {"jobs": 10_000, "finished_jobs": 12, "memory_mb": 1500, "fitted_to": fitted_to}
    return {"rule": name, "cpu_error": 0.2, "bytes_error": 0.1, **costs, **counts}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with failing slides, batches, optional stages and hostile words."""
    row = {"slide_id": "a" * 80, "jobs": 2, "finished_jobs": 0, "cpu_s": 9.0, "memory_mb": 800}
    row |= {"written_bytes": 5, "written_files": 3}
    fails = {"error_code": "unreadable", "error_message": HOSTILE, "remedy": "copy `it` again"}
    rows = [row, *({**row, **fails, "slide_id": f"s{i}"} for i in range(600))]
    sums = {"cpu_s": 14_401.0, "snakemake_cpu_s": 30.0, "written_bytes": 18 * 10**9}
    sums |= {"written_files": 182_000, "jobs": 20_000, "finished_jobs": 24, "memory_mb": 2000}
    workers = [(w, 14_401 / w + 90, 30_000 / w + 90) for w in plan_totals.WORKERS]
    totals = {
        **sums,
        "slides": len(rows),
        "failing": [{"error_code": "unreadable", "slides": 600}],
        "stages": ["nuclei", "report"],
        "passing_share": 0.9,
        "cores": 2,
        "at_once": 2,
        "rules": [rule("measure_slide", 40), rule("tile_slide", 0)],
        "cohort_rules": [],
        "wall": [{"workers": w, "cores_s": here, "jobs_s": there} for w, here, there in workers],
        "batches": [{"part": f"{i}/2", "slides": 300, "wall_s": 90.0 * i} for i in (1, 2)],
    }
    path = tmp_path_factory.mktemp("plan") / "plan.html"
    table = tables.from_rows(rows, columns.SCHEMA)
    plan_page.write(path, TEMPLATE, totals=totals, table=table, version="1.0")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_fits_and_shows_hostile_words_as_text(
    blank_page: Any, written: Path, scheme: str
) -> None:
    blank_page.emulate_media(color_scheme=scheme)
    blank_page.goto(f"file://{written}")
    assert blank_page.locator(".card").count() == 5
    assert blank_page.get_by_text("4.0 h").count() >= 1
    assert blank_page.get_by_text("600 slides by name").count() == 1
    assert blank_page.get_by_text("100 more are in").count() == 1
    assert blank_page.get_by_text("fitted to 40 slides").count() == 1
    blank_page.locator("summary").click()
    assert blank_page.get_by_text(HOSTILE).first.is_visible()
    assert blank_page.locator("script, img").count() == 0
    assert blank_page.evaluate("getComputedStyle(document.querySelector('.cards')).display") == (
        "grid"
    )
    for width in (360, 1280):
        blank_page.set_viewport_size({"width": width, "height": 900})
        assert blank_page.evaluate("document.documentElement.scrollWidth") <= width
    blank_page.evaluate(AXE.read_text(encoding="utf-8"))
    found = blank_page.evaluate("axe.run(document, {preload: false})")
    assert len(found["passes"]) > 15
    assert [(v["id"], v["nodes"][0]["target"]) for v in found["violations"]] == []


def test_the_report_leads_to_the_plan_of_its_run(page: Any) -> None:
    page.get_by_role("navigation").get_by_text("Plan").click()
    page.wait_for_selector("#jobs")
    assert page.locator("h1").inner_text() == "What a run will cost"
    assert "file_missing" in page.locator("main").inner_text()
