"""The report of a large cohort: report_scale.py RESULTS FOLDER [SLIDES [TILES]].

RESULTS is `results` of a finished run (`demo/results`): its passing slides are repeated with other
numbers.  Prints what `report_cohort` costs, and what a browser (Debian's chromium) needs for the
page.  FOLDER is filled once, and taken as it is where it has been filled.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
sys.path.append(str(SCRIPTS))

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import yaml
from grossing.cohort import collect, duplicates, measured_qc
from grossing.cohort.collect import TileTables
from grossing.cohort.decide import Criteria
from grossing.cohort.patch_writer import PatchWriter
from grossing.cohort.reviews import Reviews
from grossing.cohort.sheet import Sheet
from grossing.report import cohort_page
from grossing.report.verdict_data import Others
from grossing.slide.record import SlideRecord
from grossing.support import tables

REPOSITORY = SCRIPTS.parent
CONFIG = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
CRITERIA = Criteria.from_config(
    **{key: CONFIG[key] for key in ("thresholds", "target_mpp", "target_mpp_tolerance")}
)
VARIED = ("focus", "tissue_fraction", "pen_fraction", "overview_difference", "seam_step")
RECOUNTS = 60


class OtherTiles(TileTables):
    """Tiles of one slide, for every slide with other numbers."""

    tiles: pa.Table
    random: np.random.Generator

    def read(self, slide_id: str) -> pa.Table:
        table = self.tiles.set_column(0, "slide_id", pa.repeat(slide_id, len(self.tiles)))
        for name in VARIED:
            values = table[name].to_numpy() * self.random.lognormal(0, 0.2, len(table))
            values = np.minimum(values, 1) if name.endswith("fraction") else values
            index = table.column_names.index(name)
            column = pa.array(values, table.schema.field(name).type, from_pandas=True)
            table = table.set_column(index, table.schema.field(name), column)
        return table


def passing(results: Path) -> tuple[dict[str, Any], pa.Table]:
    """Facts and tiles of the slide of a run with the most tiles."""
    verdicts = tables.read(results / "cohort/cohort_qc.parquet").to_pylist()
    slide_id = max(verdicts, key=lambda row: row["passed_tiles"] or 0)["slide_id"]
    facts = json.loads((results / f"slides/{slide_id}.json").read_text(encoding="utf-8"))
    return facts, tables.read(results / f"tile_metrics/{slide_id}.parquet")


def fill(folder: Path, results: Path, slides: int, tiles: int) -> None:
    """The files of a cohort that `report_cohort` reads."""
    facts, few = passing(results)
    random, ids = np.random.default_rng(0), [f"slide_{number:05}" for number in range(slides)]
    for part in ("cohort", "slides"):
        (folder / part).mkdir(parents=True)
    for slide_id in ids:
        text = json.dumps(varied(facts, slide_id, random))
        (folder / f"slides/{slide_id}.json").write_text(text, encoding="utf-8")
    sites = ("A", "B", "C", "D", "E", "F")
    rows = {
        slide_id: {"slide_id": slide_id, "path": f"{slide_id}.svs", "site": sites[i % len(sites)]}
        for i, slide_id in enumerate(ids)
    }
    sheet = Sheet("cohort.csv", ("slide_id", "path", "site"), rows, dict.fromkeys(ids, 1))
    before = measured_qc.table(sheet, records(folder), {}, CRITERIA, leakage="warn")
    every = OtherTiles(dict.fromkeys(ids, folder))
    object.__setattr__(every, "tiles", few.take(np.arange(tiles) % len(few)))
    object.__setattr__(every, "random", random)
    paths = (folder / "cohort/patch_cohort.parquet", folder / "cohort/patch_cohort.csv")
    with PatchWriter(*paths, csv_rows_max=10) as writer:
        final = collect.tiles(before, every, writer, limits=CONFIG["thresholds"], container="zip")
    tables.write_parquet(final, folder / "cohort/cohort_qc.parquet")


def varied(facts: dict[str, Any], slide_id: str, random: np.random.Generator) -> dict[str, Any]:
    """Facts of another slide."""
    places = facts["focus_tiles"] | {
        "focus": [
            value and value * random.lognormal(0, 0.3) for value in facts["focus_tiles"]["focus"]
        ]
    }
    other = {
        "slide_id": slide_id,
        "content_hash": slide_id,
        "tissue_area_mm2": float(random.lognormal(1, 1.2)),
        "pen_fraction": float(random.random() ** 12),
        "hematoxylin_od": 0.3 * random.lognormal(0, 0.2),
        "focus_tiles": places,
    }
    return facts | other


def records(folder: Path) -> list[SlideRecord]:
    """What was measured of each slide."""
    return [SlideRecord.read(path) for path in sorted((folder / "slides").iterdir())]


def report(folder: Path) -> None:
    """What scripts/report_cohort.py does."""
    cohort_page.write(
        folder / "cohort/report",
        REPOSITORY / "workflow/report/page.html.j2",
        results=folder,
        records=map(SlideRecord.read, sorted((folder / "slides").iterdir())),
        config=CONFIG,
        cohort="cohort.csv",
        version="0",
        others=Others(duplicates.by_slide(duplicates.table([])), Reviews({}, "")),
    )


def cost(folder: Path) -> str:
    """CPU, memory, bytes and files of the job."""
    shutil.rmtree(folder / "cohort/report", ignore_errors=True)
    process = subprocess.Popen([sys.executable, __file__, "--report", str(folder)])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"report_cohort failed: {status}")
    made = [path for path in (folder / "cohort/report").rglob("*") if path.is_file()]
    data, all_mb = (
        sum(path.stat().st_size for path in paths) / 1e6
        for paths in ((folder / "cohort/report/data").iterdir(), made)
    )
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3
    return (
        f"report_cohort: {cpu:.1f} CPU s, {peak:.0f} MB; page data {data:.1f} MB; "
        f"{len(made)} files, {all_mb:.0f} MB"
    )


def in_browser(folder: Path) -> str:
    """First view, heap and recounts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(f"file://{folder.resolve()}/cohort/report/index.html")
        page.wait_for_selector("h1")
        first = time.perf_counter() - start
        page.goto(page.url.split("#")[0] + "#view=thresholds")
        page.wait_for_selector("svg.histogram")
        seconds = page.evaluate(
            """async (count) => {
              const rules = GROSSING.rules.filter((rule) => rule.positions);
              const start = performance.now();
              for (let k = 0; k < count; k += 1) {
                const rule = rules[k % rules.length];
                const limit = rule.positions[k % rule.positions.length];
                const limits = { ...GROSSING.nextLimits, [rule.key]: limit };
                GROSSING.totals(GROSSING.judgeAll(limits));
              }
              return (performance.now() - start) / 1000;
            }""",
            RECOUNTS,
        )
        line = page.locator("svg.histogram").first
        line.scroll_into_view_if_needed()
        dragged = drag(page, line.bounding_box())
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        browser.close()
    return (
        f"browser: first view {first:.1f} s, JS heap {metrics['JSHeapUsedSize'] / 1e6:.0f} MB, "
        f"{RECOUNTS / seconds:.0f} recounts/s, dragging {dragged:.0f} frames/s"
    )


def drag(page: Any, box: dict[str, float]) -> float:
    """Frames per second while a threshold is dragged."""
    y, steps = box["y"] + box["height"] / 2, 60
    page.evaluate(
        """() => { window.frames_ = 0;
        const next = () => { window.frames_ += 1; requestAnimationFrame(next); };
        requestAnimationFrame(next); }"""
    )
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    start, before = time.perf_counter(), page.evaluate("window.frames_")
    for step in range(steps):
        page.mouse.move(box["x"] + box["width"] * (0.3 + 0.5 * step / steps), y)
    page.mouse.up()
    return (page.evaluate("window.frames_") - before) / (time.perf_counter() - start)


def main(results: Path, folder: Path, slides: int = 10_000, tiles: int = 2_000) -> None:
    """Fill the folder and print the figures."""
    if not folder.exists():
        fill(folder, results, slides, tiles)
    print(cost(folder))
    print(in_browser(folder))


if __name__ == "__main__":
    if sys.argv[1] == "--report":
        report(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
