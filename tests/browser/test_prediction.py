"""The page judges as the workflow does: under any thresholds, the same verdict of every slide."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from grossing.cohort import collect, decide, duplicates, measured_qc, thresholds
from grossing.cohort.collect import TileTables
from grossing.cohort.decide import Criteria
from grossing.cohort.patch_writer import PatchWriter
from grossing.cohort.reviews import Review, Reviews
from grossing.cohort.thresholds import Threshold
from grossing.columns import meanings
from grossing.report import cohort_page
from grossing.report.verdict_data import Others
from grossing.slide.record import SlideRecord
from grossing.support import tables
from records import good, refused, sheet, tiles
from running import REPOSITORY
from stages import CONFIG, TARGET

SETTINGS = 40
Limits = Mapping[str, Mapping[str, float]]
RANDOM = np.random.default_rng(20)


def a_record(slide_id: str) -> SlideRecord:
    """A slide with numbers about their limits, and now and then something that is wrong."""

    def now_and_then(share: float, name: str, *values: Any) -> dict[str, Any]:
        if RANDOM.random() > share:
            return {}
        return {name: values[RANDOM.integers(len(values))]}

    if RANDOM.random() < 0.05:
        return refused(slide_id)
    places = int(RANDOM.integers(0, 40))
    focus = RANDOM.choice([0.2, 0.8, 1.0, 1.2, 1.6], places, p=[0.1, 0.05, 0.05, 0.1, 0.7])
    told = tuple(None if RANDOM.random() < 0.1 else float(value) for value in focus)
    dark = RANDOM.random() < 0.1
    changes: dict[str, Any] = {"focus": told, "focus_tiles_there": places * 3}
    for name, share, values in (
        ("tissue_area_mm2", 0.6, (0.0, 0.05, 0.1, 0.105, 0.2, 1.0)),
        ("pen_fraction", 0.3, (0.01, 0.28, 0.3, 0.31, 0.9)),
        ("possible_pen_area_mm2", 0.2, (0.01, 0.1, 3.0)),
        ("faint_tissue_fraction", 0.2, (None, 0.01, 0.1, 0.4)),
        ("thin_tissue_fraction", 0.2, (None, 0.3, 0.6, 0.9)),
        ("brightness", 0.2, (None, 60.0, 89.9, 90.0, 120.0)),
        ("background_r", 0.1, (None, 200)),
        ("mpp", 0.1, (0.5, 0.52)),
        ("objective", 0.1, (5.0, 200.0)),
        ("anisotropic", 0.1, (True,)),
        ("probes_failed", 0.1, (1,)),
        ("overview_lost_fraction", 0.05, (0.01,)),
        ("sharpness_score", 0.2, (3.0, 30_000.0)),
        ("foreign_dye_fraction", 0.1, (0.1, 0.15, 0.5)),
        ("eosin_fraction", 0.1, (0.0, 0.05, 0.5)),
        ("eosin_extent", 0.1, (None, 0.1, 0.3, 0.9)),
        ("blue_ratio_low", 0.9, (0.28, 0.3, 0.32, 0.34, 0.9)),
    ):
        changes |= now_and_then(share, name, *values)
    if dark:
        bands = {f"background_{band}": int(RANDOM.integers(20, 180)) for band in "rgb"}
        changes |= {"dark_field": True, **bands}
    return good(slide_id, **changes)


def its_tiles(slide_id: str) -> pa.Table:
    """Tiles with metrics about their limits; a few are lost, or lack a number."""
    kinds = ("passing", "soft", "foreign", "absent", "lost")
    counts = RANDOM.integers(0, (30, 6, 2, 3, 2)) * (RANDOM.random(5) < (0.95, 0.7, 0.3, 0.3, 0.3))
    made = tiles(slide_id, **dict(zip(kinds, counts.tolist(), strict=True)))
    for rule in thresholds.TILE:
        made = with_other_values(made, rule)
    return made


def with_other_values(made: pa.Table, rule: Threshold) -> pa.Table:
    """Tiles whose values of a column are moved; some stand at the limit, some are missing."""
    column = made[rule.column]
    values = column.to_numpy(zero_copy_only=False).astype(float)
    limit, random = CONFIG["thresholds"]["tile"][rule.limit], RANDOM.random(len(values))
    near = values < 2 * limit + 1
    values = np.abs(values + 0.3 * limit * RANDOM.standard_normal(len(values)) * near)
    values = np.where(random < 0.05, limit, values)
    if rule.column.endswith("fraction"):
        values = np.minimum(values, 1)
    may_lack = rule.column in ("focus", *thresholds.SUSPICIOUS)
    missing = np.array(column.is_null()) | ((random > 0.95) & may_lack)
    other = pa.array(values, column.type, mask=missing)
    index = made.column_names.index(rule.column)
    return made.set_column(index, made.schema.field(rule.column), other)


@dataclass(frozen=True)
class Cohort:
    """Slides with their tiles, and what a run says of them under any limits."""

    folder: Path
    records: Mapping[str, SlideRecord]
    pairs: pa.Table
    reviews: Reviews

    def judged(self, limits: Limits, name: str) -> pa.Table:
        """`cohort_qc` of a run with these limits, which writes into a folder of that name.

        A slide that is not tiled in this run has no tiles, as in the workflow.
        """
        criteria = Criteria.from_config(thresholds=limits, **TARGET)
        before = measured_qc.table(
            sheet(*self.records), self.records.values(), {}, criteria,
            leakage="warn", pairs=self.pairs, reviews=self.reviews,
        )  # fmt: skip
        folder = self.folder / name
        (folder / "cohort").mkdir(parents=True, exist_ok=True)
        metrics = []
        for slide_id, status in zip(
            before["slide_id"].to_pylist(), before["qc_status"].to_pylist(), strict=True
        ):
            path = self.folder / f"tiles/{slide_id}.parquet"
            if status not in decide.TILED:
                path = folder / f"{slide_id}.parquet"
                tables.write_parquet(tiles(slide_id), path)
            metrics.append(path)
        paths = (folder / "cohort/patch_cohort.parquet", folder / "cohort/patch_cohort.csv")
        with PatchWriter(*paths, csv_rows_max=10) as writer:
            final = collect.tiles(
                before, TileTables.from_paths(metrics), writer, limits=limits, container="zip"
            )
        tables.write_parquet(final, folder / "cohort/cohort_qc.parquet")
        return final


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("prediction")
    (folder / "tiles").mkdir()
    ids = [f"s{i:02}" for i in range(60)]
    records = {slide_id: a_record(slide_id) for slide_id in ids}
    for slide_id in ids:
        tables.write_parquet(its_tiles(slide_id), folder / f"tiles/{slide_id}.parquet")
    pairs = duplicates.table(
        [
            duplicates.Pair("s01", "s02", "picture", 3, "split;label"),
            duplicates.Pair("s05", "s06", "picture", 9, None),
        ]
    )
    decisions = {slide_id: ("accept", "reject")[i % 2] for i, slide_id in enumerate(ids[40:52])}
    of = {key: Review(decision, "x", "2026-01-01") for key, decision in decisions.items()}
    of["s52"] = Review("accept", "x", "2026-01-01", content_hash="another")
    return Cohort(folder, records, pairs, Reviews(of, ""))


@pytest.fixture(scope="module")
def page(browser: Any, cohort: Cohort) -> Iterator[Any]:
    """The opened page of the run with the shipped limits."""
    cohort.judged(CONFIG["thresholds"], "now")
    report = cohort.folder / "now/cohort/report"
    cohort_page.write(
        report,
        REPOSITORY / "workflow/report/page.html.j2",
        results=cohort.folder / "now",
        records=cohort.records.values(),
        config=CONFIG,
        cohort="cohort.csv",
        version="0",
        others=Others(duplicates.by_slide(cohort.pairs), cohort.reviews),
    )
    page = browser.new_page()
    page.goto(f"file://{report}/index.html")
    yield page
    page.close()


def test_the_page_explains_every_verdict_of_the_run(page: Any) -> None:
    assert page.evaluate("GROSSING.unexplained.size") == 0
    assert len(set(page.evaluate("GROSSING.now.status"))) == len(decide.STATUSES)


def settings(page: Any) -> Iterator[dict[str, float]]:
    """Limits with all thresholds moved: those of tiles to their positions, others anywhere."""
    rules = page.evaluate("GROSSING.rules.map((rule) => [rule.key, rule.positions, rule.limit])")
    for number in range(SETTINGS):
        moved = {}
        for key, positions, limit in rules:
            if number and RANDOM.random() < 0.3:
                moved[key] = limit
            elif positions:
                moved[key] = float(RANDOM.choice(positions))
            else:
                low, high = meanings.LIMITS[key]["range"]
                anywhere = RANDOM.choice([limit * RANDOM.uniform(0.3, 3), limit, low or 0.0])
                moved[key] = float(np.clip(round(anywhere, 3), low, high))
        yield moved | {"slide.near_margin": float(RANDOM.choice([0.0, 0.1, 0.3]))}


def codes(reasons: str | None) -> set[str]:
    return {reason.split("=")[0] for reason in (reasons or "").split(";") if reason}


def test_moved_thresholds_give_the_verdicts_and_tiles_of_a_rerun(cohort: Cohort, page: Any) -> None:
    changed = 0
    now = page.evaluate("GROSSING.now.status")
    for moved in settings(page):
        limits = {part: dict(CONFIG["thresholds"][part]) for part in ("cohort", "slide", "tile")}
        for key, value in moved.items():
            section, name = key.split(".")
            limits[section][name] = value
        told = page.evaluate(
            """(limits) => { const made = GROSSING.judgeAll(limits);
            return { status: made.status, codes: made.codes, tiles: Array.from(made.tiles),
                     unknown: Array.from(made.unknown) }; }""",
            moved,
        )
        final = cohort.judged(limits, "then").to_pylist()
        for i, row in enumerate(final):
            if told["unknown"][i]:
                continue
            found = told["status"][i], set(told["codes"][i])
            assert found == (row["qc_status"], codes(row["qc_reasons"])), (row["slide_id"], moved)
            if row["qc_status"] in decide.TILED:
                assert told["tiles"][i] == row["passed_tiles"], (row["slide_id"], moved)
        changed += sum(a != b for a, b in zip(now, told["status"], strict=True))
    assert changed > SETTINGS  # the thresholds were moved by something


def test_a_slide_that_was_never_tiled_is_said_to_be_unknown(cohort: Cohort, page: Any) -> None:
    loose = page.evaluate(
        """() => { const limits = GROSSING.shipped();
        for (const rule of GROSSING.rules) if (!rule.positions)
          limits[rule.key] = rule.direction === "max" ? 1e6 : 0;
        const made = GROSSING.judgeAll(limits);
        return made.status.filter((_, i) => made.unknown[i]); }"""
    )
    assert loose and set(loose) <= set(decide.TILED)
