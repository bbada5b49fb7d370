"""Rows of a real run keep to their schemas, and files bring every error code."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import cv2
import damage
import generate
import jsonschema
import make_slide
import make_stack
import numpy as np
import odd_tiff
import pyarrow as pa
import pytest
import records as sheets
import stages
from grossing.cohort import (
    collect,
    duplicates,
    failures,
    leakage,
    measured_qc,
    nuclei_table,
    plan,
    plan_totals,
    sheet,
    splits,
    zones_table,
)
from grossing.cohort.patch_writer import PatchWriter
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.cohort.reviews import Reviews
from grossing.columns import duplicates as duplicates_columns
from grossing.columns.error_codes import ErrorCode
from grossing.export import clam
from grossing.export.selection import Selection, Tiling
from grossing.measure.measured import Measured
from grossing.nuclei import slide_nuclei
from grossing.nuclei.options import NucleiOptions
from grossing.slide import stack_record
from grossing.slide.record import SlideRecord
from grossing.slide.stack_record import StackRecord
from grossing.stain import reference
from grossing.support import tables
from grossing.tiles import normalized_tiles
from grossing.tiles.options import Encoding
from grossing.zones import slide_zones
from grossing.zones.options import ZoneOptions
from grossing.zones.zones_record import ZonesRecord
from grossing.zstack import fused_slide
from grossing.zstack.fused_stack import FusedStack
from grossing.zstack.options import FocusStackOptions
from schemas_read import SCHEMAS, columns, keys, written
from stages import CONFIG, CRITERIA

#: their rows are those of tests/workflow/test_radiology.py and test_study_cohort.py
OF_STUDIES = (
    *("studies_qc", "patch_studies", "study_duplicates"),
    *("study_splits", "study_split_shares", "study_leakage"),
)
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run(real_slide: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """A cohort of three: the real slide, one whose file is missing, one whose job died."""
    out = tmp_path_factory.mktemp("run")
    (out / "cohort.csv").write_text(
        f"slide_id,path,batch\nreal,{real_slide},7\ngone,gone.svs,\ndied,x.svs,\n"
    )
    listed = sheet.read_sheet(
        out / "cohort.csv", generate.ROOT / "workflow/schemas/cohort.schema.yaml"
    )
    both = [stages.measured(listed.slide_path(i), slide_id=i) for i in ("real", "gone")]
    died = failures.Failure("died", "tile_slide", "out of memory", "out of memory")
    failures.update(out / "failed_jobs.csv", [died], {"died": False})
    accepted = failures.accepted(out / "failed_jobs.csv", ["died"])
    verdicts = measured_qc.table(
        listed, [one.record for one in both], accepted, CRITERIA, leakage="stop"
    )
    for one in both:
        slide_id = one.record.slide_id
        rows = stages.cut(
            Path(listed.slide_path(slide_id)),
            one,
            out / f"{slide_id}.zip",
            CONFIG["tiles"],
            passed=one.record.readable,
        )
        stages.write_rows(rows, out / f"{slide_id}.parquet")
    paths = [out / f"{one.record.slide_id}.parquet" for one in both]
    with PatchWriter(out / "patches.parquet", out / "patches.csv", csv_rows_max=9999) as writer:
        final = collect.tiles(
            verdicts,
            collect.TileTables.from_paths(paths),
            writer,
            limits=CONFIG["thresholds"],
            container="zip",
        )
    return {
        "slide": [written(one.record, out) for one in both],
        "measured_qc": verdicts.to_pylist(),
        "cohort_qc": final.to_pylist(),
        "tile_metrics": tables.read(paths[0]).to_pylist(),
        "patch_cohort": tables.read(out / "patches.parquet").to_pylist(),
        "duplicates": pairs(out, both[0].record),
        **fused_stacks(out, real_slide),
        **planned(listed),
        **optional_stages(out, both[0]),
        **stage_tables(out, final),
        "exports": export_report(out, final),
    }


def export_report(out: Path, final: pa.Table) -> list[dict[str, Any]]:
    """What became of each slide in an export."""
    tables.write_parquet(final, out / "final.parquet")
    chosen = Selection.read(out / "final.parquet", out / "patches.parquet")
    tiling = Tiling(CONFIG["tiles"]["size_px"], **stages.TARGET)
    report: list[dict[str, Any]] = clam.export(chosen, out / "clam", tiling).to_pylist()
    return report


def planned(listed: sheet.Sheet) -> Rows:
    """The plan of the cohort, packed into batches."""
    rule = {"name": "measure_slide", "outputs": ["results/{slide_id}.json"], "folders": 0}
    settings = plan.Settings.from_params(
        target={"mpp": 0.5, "tolerance": 0.02, "mpp_from_objective": False},
        criteria={key: CONFIG[key] for key in ("thresholds", "target_mpp", "target_mpp_tolerance")},
        slide_rules=[rule],
        cohort_rules={"decide_slides": ["results/none.csv"]},
        slide_ids=["real", "gone"],
        memory_mb={"measure_slide": {"real": 800, "gone": 800}},
        cohort_memory_mb={"decide_slides": 1500},
        tile_px=512,
        stages=["report"],
    )
    made = plan.make(PlannedSheet(listed, {}), Reviews({}, ""), settings)
    batches = plan_totals.packed(made, plan_totals.Batches(0.0002, 2000), 2)
    totals = plan_totals.totals(made, settings, batches, 2)
    rows: list[dict[str, Any]] = plan.table(made, batches.batch_of).to_pylist()
    assert [row["error_code"] for row in rows] == [None, "file_missing"]
    return {"plan": rows, "plan_totals": [json.loads(json.dumps(totals))]}


def pairs(out: Path, record: SlideRecord) -> list[dict[str, Any]]:
    """The real slide under two ids, of two splits, as the table of duplicates has it."""
    listed = sheets.sheet("real", "twin", split=("train", "test"))
    found = duplicates.find(listed, [record, replace(record, slide_id="twin")])
    tables.write_csv(duplicates.table(found), out / "duplicates.csv")
    read: list[dict[str, Any]] = duplicates.read(out / "duplicates.csv").to_pylist()
    return read


def optional_stages(out: Path, slide: Measured) -> Rows:
    """What normalisation, nuclei and zones write of the real slide."""
    source = (out / "real.zip", out / "real.parquet")
    stained = normalized_tiles.normalize(
        *source,
        out / "normalized.zip",
        record=slide.record,
        reference=reference.read_fit(None, CONFIG["stain"]["method"]),
        encoding=Encoding.from_config(CONFIG["tiles"]),
        **stages.section("stain", "reference"),
    )
    stained.write(out / "stained.parquet")
    of_slide = {"record": slide.record, "mask": slide.mask, "given_stain": ""}
    counts = slide_nuclei.measure(
        *source,
        out / "nuclei.parquet",
        None,
        options=NucleiOptions(**stages.section("nuclei", "geojson", *stages.NUCLEI_LIMITS)),
        **of_slide,
    )
    counts.write(out / "counts.parquet")
    zones = slide_zones.find(*source, options=ZoneOptions(**stages.section("zones")), **of_slide)
    zones.record.write(out / "real.json")
    assert ZonesRecord.read(out / "real.json") == zones.record
    return {
        "normalized_tiles": tables.read(out / "stained.parquet").to_pylist(),
        "nuclei": tables.read(out / "nuclei.parquet").to_pylist(),
        "nuclei_tiles": tables.read(out / "counts.parquet").to_pylist(),
        "zones": [json.loads((out / "real.json").read_text())],
    }


def stage_tables(out: Path, verdicts: pa.Table) -> Rows:
    """What the cohort rules make of the nuclei and zones of the real slide."""
    for name in ("nuclei", "counts"):
        (out / name).mkdir()
        (out / f"{name}.parquet").rename(out / f"{name}/real.parquet")
    files = [out / "nuclei/real.parquet"], [out / "counts/real.parquet"]
    return {
        **split_tables(verdicts),
        "nuclei_cohort": nuclei_table.table(verdicts, *files, (12.0, 120.0)).to_pylist(),
        "zones_cohort": zones_table.table(verdicts, [out / "real.json"]).to_pylist(),
    }


def split_tables(verdicts: pa.Table) -> Rows:
    """What is made of the real slide, and of a scan of it that was given another split."""
    (row,) = [row for row in verdicts.to_pylist() if row["qc_status"] in ("PASS", "REVIEW")]
    twins = [row | {"slide_id": i, "split": i, "case_id": "p"} for i in ("train", "test")]
    alone = row | {"slide_id": "alone", "case_id": None}
    cohort = pa.Table.from_pylist([*twins, alone])
    options = splits.SplitOptions.from_config(CONFIG["splits"] | {"folds": 2})
    none = tables.from_rows([], duplicates_columns.SCHEMA)
    assigned, shares = splits.assign(cohort, none, options)
    leaks = leakage.find(cohort, none, assigned, site_alarm=False)
    return {
        "splits": assigned.to_pylist(),
        "split_shares": shares.to_pylist(),
        "leakage": leaks.to_pylist(),
    }


def fused_stacks(out: Path, real_slide: Path) -> Rows:
    """The real slide as two planes of a stack, and a stack whose second plane is missing."""
    to = SimpleNamespace(
        heatmap=out / "map.png", blocks=out / "blocks.parquet", facts=out / "fused.json"
    )
    stacks = []
    for plane in (out / "gone.svs", real_slide):
        fused = fuse_planes(out, real_slide, plane)
        fused.write(to)
        assert StackRecord.read(to.facts) == fused.record
        stacks.append(json.loads(to.facts.read_text()))
    return {"fused": stacks, "fused_blocks": tables.read(to.blocks).to_pylist()}


def fuse_planes(out: Path, *paths: Path) -> FusedStack:
    """A stack of one plane per path."""
    return fused_slide.fuse(
        paths,
        [str(number) for number in range(len(paths))],
        out / "fused.tif",
        slide_id="heap",
        given_mpp=None,
        given_stain="",
        mpp_from_objective=False,
        focus_stack=FocusStackOptions(**stages.section("focus_stack")),
        tissue=CONFIG["tissue"],
    )


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name not in OF_STUDIES])
def test_rows_keep_to_their_schema(run: Rows, name: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS[name])
    assert run[name]
    for row in run[name]:
        assert not [f"{e.json_path}: {e.message}" for e in validator.iter_errors(row)]
        assert not [k for k, v in row.items() if isinstance(v, float) and math.isnan(v)]


def test_a_wrong_row_is_found(run: Rows) -> None:
    row = run["patch_cohort"][0]
    validator = jsonschema.Draft202012Validator(SCHEMAS["patch_cohort"])
    for change in ({"tissue_fraction": 1.1}, {"qc_status_tile": "OK"}, {"more": 1}, {"mpp": None}):
        assert not validator.is_valid(row | change), change


def test_a_fused_stack_has_the_columns_of_its_schema(run: Rows) -> None:
    refusal, fused = run["fused"]
    assert set(fused) == set(columns("fused"))
    assert set(refusal) == set(SCHEMAS["fused"]["required"])
    (plane, *_), rules = fused["planes"], SCHEMAS["fused"]["properties"]
    assert set(plane) == keys(stack_record.PlaneMatch) == set(rules["planes"]["items"]["required"])


def write_unsupported(picture: np.ndarray, folder: Path) -> list[str]:
    """Names of slides that are not damaged and cannot be used."""
    clear = np.dstack([picture, np.zeros_like(picture[..., :1])])
    odd_tiff.write(folder / "clear.tif", [clear], extrasamples=["unassalpha"])
    odd_tiff.write(folder / "grey.tif", [picture[..., 0]], photometric="minisblack")
    odd_tiff.write(folder / "turned.tif", [picture], extratags=[(274, "H", 1, 3, True)])
    odd_tiff.with_tag(odd_tiff.write(folder / "webp.tif", [picture]), 259, 50001)
    odd_tiff.without_tiles(odd_tiff.write(folder / "empty.tif", [picture]))
    return [f"{name}.tif" for name in ("clear", "grey", "turned", "webp", "empty")]


def test_every_error_code_is_one_that_some_file_brings(real_slide: Path, tmp_path: Path) -> None:
    picture = np.ascontiguousarray(make_stack.region(real_slide)[1200:2400, 500:1800])
    planes = {"plane": picture, "flipped": np.ascontiguousarray(picture[::-1, ::-1])}
    planes |= {"cropped": np.ascontiguousarray(picture[:-240])}
    for name, shown in planes.items():
        make_stack.write_plane(shown, tmp_path / f"{name}.tif")
    make_stack.write_plane(picture, tmp_path / "coarse.tif", mpp=30)
    make_slide.make_slide(real_slide, tmp_path / "no_mpp.svs", 600, 500, with_mpp=False)
    make_slide.make_slide(real_slide, tmp_path / "sound.svs", 3000, 2400, seed=5, pen=False)
    damage.reverse_tiles(tmp_path / "sound.svs", tmp_path / "reversed.svs")
    (tmp_path / "empty.svs").touch()
    (tmp_path / "text.svs").write_text("no slide")
    (tmp_path / "folder.svs").mkdir()
    alone = ["gone.svs", "empty.svs", "text.svs", "no_mpp.svs", "coarse.tif", "reversed.svs"]
    alone += ["folder.svs", *write_unsupported(picture, tmp_path)]
    refusals = [stages.measured(tmp_path / name).record.refusal for name in alone]
    make_slide.make_slide(real_slide, tmp_path / "small.svs", 600, 500, pen=False)
    cv2.imwrite(str(tmp_path / "square.png"), np.ones((50, 50), np.uint8))
    for mask in ("gone.png", "text.svs", "square.png"):
        masked = stages.measured(tmp_path / "small.svs", users_mask=tmp_path / mask)
        refusals.append(masked.record.refusal)
    for name in ("flipped", "cropped"):
        stack = (tmp_path / "plane.tif", tmp_path / f"{name}.tif")
        refusals.append(fuse_planes(tmp_path, *stack).record.refusal)
    assert {refusal.code for refusal in refusals} == set(get_args(ErrorCode)) - {failures.CODE}
