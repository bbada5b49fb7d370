"""A small judged cohort for tests of exports: real tiles of three slides, in a results folder."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
from grossing.cohort import collect, measured_qc, sheet
from grossing.cohort.patch_writer import PatchWriter
from grossing.export.selection import PLACE, ExportSlide, Selection, Tiling
from grossing.support import files, tables
from running import REPOSITORY
from stages import CONFIG, CRITERIA, TARGET, cut, measured, write_rows

SIZE_PX = 256
TILES = CONFIG["tiles"] | {"size_px": SIZE_PX}
#: level-0 side of a tile of each slide that can be used
SIDES = {"TCGA.1": 256, "at_40x": 512, "odd": 562}
TILING = Tiling(SIZE_PX, **TARGET)
#: of no cohort
SLIDE = ExportSlide("a", "p", "tumor", "train", None, 20_000, 10_000, 0.25, "file")
HEADER = "slide_id,path,mpp,case_id,label,split\n"


def make(
    folder: Path, real_slide: Path, at_40x: Path, container: str = "zip", only: str = ""
) -> Path:
    """`results` of a slide at 0.5 um/px, one at 0.25, one at 0.2277, and one without a file.

    Parameters
    ----------
    container : zip, directory or none
    only : the one usable slide of the cohort, all by default
    """
    results = folder / "results"
    lines = {
        "TCGA.1": f"TCGA.1,{real_slide},,TCGA,tumor,train\n",
        "at_40x": f"at_40x,{at_40x},,,normal,test\n",
        "odd": f"odd,{at_40x},0.2277,p2,,\n",
        "gone": "gone,gone.svs,,p3,normal,train\n",
    }
    taken = {name: line for name, line in lines.items() if only in ("", name)}
    (folder / "cohort.csv").write_text(HEADER + "".join(taken.values()))
    schema = REPOSITORY / "workflow/schemas/cohort.schema.yaml"
    listed = sheet.read_sheet(folder / "cohort.csv", schema)
    records = []
    for slide_id in taken:
        path = Path(listed.slide_path(slide_id))
        found = measured(path, listed.given_mpp(slide_id), slide_id=slide_id)
        to = results / f"tiles/{slide_id}{'.zip' if container == 'zip' else ''}"
        to.parent.mkdir(parents=True, exist_ok=True)
        options = TILES | {"container": container}
        rows = cut(path, found, None if container == "none" else to, options, found.record.readable)
        write_rows(rows, results / f"tile_metrics/{slide_id}.parquet")
        files.write_json(found.record.to_json(), results / f"slides/{slide_id}.json")
        records.append(found.record)
    verdicts = measured_qc.table(listed, records, {}, CRITERIA, leakage="report")
    with PatchWriter(
        results / "cohort/patch_cohort.parquet",
        results / "cohort/patch_cohort.csv",
        csv_rows_max=9999,
    ) as writer:
        metrics = (results / "tile_metrics").glob("*.parquet")
        final = collect.tiles(
            verdicts,
            collect.TileTables.from_paths(metrics),
            writer,
            limits=CONFIG["thresholds"],
            container=container,
        )
    tables.write_parquet(final, results / "cohort/cohort_qc.parquet")
    return results


def selection(results: Path, columns: Any = PLACE, splits: Path | None = None) -> Selection:
    cohort = results / "cohort"
    return Selection.read(
        cohort / "cohort_qc.parquet", cohort / "patch_cohort.parquet", splits, columns
    )


def passing(results: Path) -> dict[str, list[dict[str, Any]]]:
    """Tiles that pass by slide, read without the code under test."""
    rows = tables.read(results / "cohort/patch_cohort.parquet").to_pylist()
    used = [row for row in rows if row["qc_status_tile"] == "PASS"]
    used = [row for row in used if row["qc_status"] in ("PASS", "REVIEW")]
    return {i: [row for row in used if row["slide_id"] == i] for i in SIDES}


def corners(rows: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(row["x_level0_px"], row["y_level0_px"]) for row in rows]


def statuses(report: pa.Table) -> dict[str, str]:
    return {row["slide_id"]: row["status"] for row in report.to_pylist()}


def reasons(report: pa.Table) -> dict[str, str | None]:
    return {row["slide_id"]: row["reason"] for row in report.to_pylist()}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
