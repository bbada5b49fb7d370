"""Schemas, tables, reason codes, configuration and pages say the same."""

import dataclasses
import functools
import importlib
import inspect
import itertools
import json
import math
import pkgutil
import re
import runpy

import grossing
import jsonschema
import make_slide
import make_stack
import numpy as np
import pyarrow as pa
import pytest
import stages
import workflow_rules
import yaml
from grossing.cohort import collect, decide, failures, measured_qc, sheet
from grossing.mask import tissue
from grossing.nuclei import segmentation, slide_nuclei
from grossing.support import tables
from grossing.tiles import normalized_tiles, stored_tiles
from grossing.zones import cellularity
from grossing.zstack import fused_slide, plane_choice
from running import REPOSITORY as ROOT
from stages import CONFIG, JUDGED_BY

SCHEMAS = ROOT / "workflow/schemas"
TABLES = {
    "cohort_qc": tables.COHORT_QC,
    "tile_metrics": tables.TILE_METRICS,
    "patch_cohort": tables.PATCH_COHORT,
    "tile_summary": tables.TILE_SUMMARY,
    "normalized_tiles": tables.STAIN_TILES,
    "fused_cells": tables.FUSED_CELLS,
    "nuclei": tables.NUCLEI,
    "nuclei_tiles": tables.NUCLEI_TILES,
}
RECORDS = ("slide", "fused", "zones")
MAKER = runpy.run_path(str(ROOT / "docs/make_outputs.py"))


@functools.cache
def schema(name):
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"))


def kinds(column):
    return [column["type"]] if isinstance(column["type"], str) else column["type"]


def kind_of(field):
    if pa.types.is_floating(field.type):
        return "number"
    if pa.types.is_integer(field.type):
        return "integer"
    return {"string": "string", "bool": "boolean"}[str(field.type)]


# Columns


@pytest.mark.parametrize("name", TABLES)
def test_columns_equal_the_schema(name):
    columns = schema(name)["properties"]
    assert list(columns) == TABLES[name].names
    assert {n: kinds(c)[0] for n, c in columns.items()} == {
        field.name: kind_of(field) for field in TABLES[name]
    }


@pytest.mark.parametrize("name", [*TABLES, *RECORDS])
def test_every_column_has_a_meaning_and_every_number_a_unit_and_a_range(name):
    loaded = schema(name)
    jsonschema.Draft202012Validator.check_schema(loaded)
    for column, rule in described(loaded["properties"]):
        assert rule["description"], column
        if {"integer", "number"} & set(kinds(rule)):
            assert rule["unit"], column
            assert {"minimum", "exclusiveMinimum"} & set(rule), column
        if "enum" in rule:
            assert ("null" in kinds(rule)) == (None in rule["enum"]), column


def described(properties):
    for name, rule in properties.items():
        yield name, rule
        inner = rule.get("items", {})
        yield from described(rule.get("properties") or inner.get("properties") or {})
        if inner and "properties" not in inner:
            yield f"{name}[]", inner


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("slide", "cohort_qc"),
        ("tile_metrics", "patch_cohort"),
        ("normalized_tiles", "patch_cohort"),
        ("nuclei_tiles", "patch_cohort"),
    ],
)
def test_a_column_in_two_tables_means_the_same(one, other):
    first, second = schema(one)["properties"], schema(other)["properties"]
    for name in first.keys() & second.keys():
        for key in ("unit", "description", "minimum", "maximum", "pattern"):
            assert first[name].get(key) == second[name].get(key), (name, key)


# Reason codes


def codes(name):
    listed = [code["const"] for code in schema("cohort_qc")["$defs"][name]["oneOf"]]
    assert len(listed) == len(set(listed))
    return set(listed)


def test_every_verdict_keeps_to_the_listed_codes():
    good = {
        "readable": True,
        "error_code": None,
        "mpp": 0.5,
        "tissue_area_mm2": 9.0,
        "pen_fraction": 0.0,
        "brightness": 240.0,
        "anisotropic": False,
        "probes_failed": 0,
        "focus_tiles_failed": 0,
        "overview_lost_fraction": 0.0,
        "focus_tiles": {"focus_reblur": [0.6] * 100},
    }
    choices = {
        "mpp": [0.5, 5],
        "tissue_area_mm2": [9.0, 0, 0.05, 0.105],
        "pen_fraction": [0.0, 0.29, 0.9],
        "brightness": [240.0, 20, None],
        "anisotropic": [False, True],
        "probes_failed": [0, 1],
        "focus_tiles": [{"focus_reblur": [0.6] * 100}, {"focus_reblur": [0.1] * 100}, {}],
    }
    found = set()
    for values in itertools.product(*choices.values()):
        record = good | dict(zip(choices, values, strict=True))
        verdict = decide.slide(record, **JUDGED_BY)
        final = decide.after_tiling(
            verdict.status, verdict.text, candidates=9, lost=3, lost_fraction_max=0.05
        )
        for text in (verdict.text, final[1]):
            assert not text or re.fullmatch(column_of("cohort_qc", "qc_reasons")["pattern"], text)
            found |= {reason.split("=")[0] for reason in text.split(";") if reason}
    refused = set(column_of("slide", "error_code")["enum"]) - {None}
    assert found | refused | {failures.CODE} == codes("reason_codes")


def test_tile_reason_codes_are_those_in_the_code():
    assert codes("tile_reason_codes") == {"lost", *(column for column, _, _ in decide.TILE_RULES)}


def column_of(name, column):
    return schema(name)["properties"][column]


# Rows of a real run


@pytest.fixture(scope="module")
def run(real_slide, tmp_path_factory):
    """A cohort of three: the real slide, one whose file is missing, one whose job died."""
    out = tmp_path_factory.mktemp("run")
    sheet_path = out / "cohort.csv"
    sheet_path.write_text(
        f"slide_id,path,batch\nreal,{real_slide},7\ngone,gone.svs,\ndied,x.svs,\n"
    )
    sheet = sheet.read_sheet(sheet_path, SCHEMAS / "cohort.schema.yaml")
    measured = [stages.measured(sheet.slide_path(i), slide_id=i) for i in ("real", "gone")]
    died = failures.Failure("died", "tile_slide", "out of memory", "out of memory")
    failures.update(out / "failed_jobs.csv", [died], {"died": False})
    failed = failures.accepted(out / "failed_jobs.csv", ["died"])
    records = [json.loads(json.dumps(m.record, allow_nan=False)) for m in measured]
    qc = measured_qc.table(sheet, records, failed, **JUDGED_BY)
    paths = []
    for record, one in zip(records, measured, strict=True):
        slide_id = record["slide_id"]
        passed = decide.gate(record, **JUDGED_BY) == "pass"
        path, container = sheet.slide_path(slide_id), out / f"{slide_id}.zip"
        rows = stages.cut(path, one, container, CONFIG["tiles"], passed)
        paths.append(out / f"{slide_id}.parquet")
        stages.write_rows(rows, paths[-1])
    stained = normalized_tiles.normalize(
        out / "real.zip",
        paths[0],
        out / "normalized.zip",
        record=records[0],
        reference=None,
        method=CONFIG["stain"]["method"],
        scope=CONFIG["stain"]["scope"],
        tiles=CONFIG["tiles"],
    )
    patches = out / "patch_cohort.parquet"
    with collect.PatchWriter(patches, out / "patch_cohort.csv", csv_rows_max=1_000_000) as writer:
        summary = collect.tiles(qc, paths, writer, thresholds=CONFIG["thresholds"], container="zip")
    return {
        "slide": records,
        "cohort_qc": qc.to_pylist(),
        "tile_metrics": tables.read(paths[0]).to_pylist(),
        "patch_cohort": tables.read(patches).to_pylist(),
        "tile_summary": summary.to_pylist(),
        "normalized_tiles": stained,
        **fused_stacks(out, real_slide),
        **nuclei_of(out, records[0], measured[0].mask),
        "zones": [zones_of(out, records[0], measured[0].mask)],
    }


def zones_of(out, record, mask):
    """What the JSON of the real slide's zones holds."""
    with stored_tiles.TileSet(out / "real.zip", out / "real.parquet") as tiles_of_slide:
        found = cellularity.slide(
            tiles_of_slide, record, mask, given_stain="", zones=stages.section("zones")
        )
    return found.facts


def nuclei_of(out, record, mask):
    """Tables of nuclei of the real slide."""
    with (
        stored_tiles.TileSet(out / "real.zip", out / "real.parquet") as tiles_of_slide,
        slide_nuclei.Writer(out / "nuclei.parquet") as writer,
    ):
        counted = slide_nuclei.measure(
            tiles_of_slide,
            record,
            mask,
            writer,
            given_stain="",
            options=stages.section("nuclei", "geojson"),
        )
    return {
        "nuclei": tables.read(out / "nuclei.parquet").to_pylist(),
        "nuclei_tiles": tables.from_rows(counted, tables.NUCLEI_TILES).to_pylist(),
    }


def fused_stacks(out, real_slide):
    """The real slide as two planes of a stack, and a stack whose second plane is missing."""
    fused, refused = (
        fuse_planes(out, real_slide, plane) for plane in (real_slide, out / "gone.svs")
    )
    rows = tables.from_rows(fused.rows, tables.FUSED_CELLS).to_pylist()
    return {"fused": [fused.facts, refused.facts], "fused_cells": rows}


def fuse_planes(out, *paths):
    """A stack of one plane per path."""
    return fused_slide.stack(
        paths,
        [str(number) for number in range(len(paths))],
        out / "fused.tif",
        slide_id="heap",
        given_mpp=None,
        given_stain="",
        mpp_from_objective=False,
        focus_stack=CONFIG["focus_stack"],
        tissue=CONFIG["tissue"],
    )


@pytest.mark.parametrize("name", [*TABLES, *RECORDS])
def test_rows_keep_to_their_schema(run, name):
    validator = jsonschema.Draft202012Validator(schema(name))
    assert run[name]
    for row in run[name]:
        assert not [f"{e.json_path}: {e.message}" for e in validator.iter_errors(row)]
        assert not [k for k, v in row.items() if isinstance(v, float) and math.isnan(v)]


def test_a_wrong_row_is_found(run):
    row = run["patch_cohort"][0]
    validator = jsonschema.Draft202012Validator(schema("patch_cohort"))
    for change in ({"tissue_fraction": 1.1}, {"qc_status_tile": "OK"}, {"more": 1}, {"mpp": None}):
        assert not validator.is_valid(row | change), change


def test_every_error_code_is_one_that_some_file_brings(real_slide, tmp_path):
    picture = np.ascontiguousarray(make_stack.region(real_slide)[1200:2400, 500:1800])
    planes = {"plane": picture, "flipped": np.ascontiguousarray(picture[::-1, ::-1])}
    planes |= {"cropped": np.ascontiguousarray(picture[:-240])}
    for name, shown in planes.items():
        make_stack.write_plane(shown, tmp_path / f"{name}.tif")
    make_stack.write_plane(picture, tmp_path / "coarse.tif", mpp=30)
    make_slide.make_slide(real_slide, tmp_path / "no_mpp.svs", 600, 500, with_mpp=False)
    (tmp_path / "empty.svs").touch()
    (tmp_path / "text.svs").write_text("no slide")
    alone = ("gone.svs", "empty.svs", "text.svs", "no_mpp.svs", "coarse.tif")
    found = {stages.measured(tmp_path / name).record["error_code"] for name in alone}
    for name in ("flipped", "cropped"):
        stack = (tmp_path / "plane.tif", tmp_path / f"{name}.tif")
        found.add(fuse_planes(tmp_path, *stack).facts["error_code"])
    assert found == set(column_of("slide", "error_code")["enum"]) - {None}


# Configuration


def test_config_and_its_schema_have_the_same_keys():
    assert list(config_leaves(CONFIG)) == [key for key, _ in MAKER["leaves"](schema("config"))]


def config_leaves(section, prefix=""):
    for key, value in section.items():
        if isinstance(value, dict):
            yield from config_leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_every_section_requires_all_of_its_keys():
    waiting = [schema("config")]
    while waiting:
        section = waiting.pop()
        assert section["required"] == list(section["properties"])
        assert section["additionalProperties"] is False
        waiting += [rule for rule in section["properties"].values() if "properties" in rule]


def test_every_config_key_has_a_comment():
    """A comment stands above each key; `x_max` may share that of `x_min` directly above it."""
    lines = (ROOT / "config/config.yaml").read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        key, _, value = line.strip().partition(":")
        if value and not key.startswith("#"):
            twin = key.endswith("_max") and above.strip().startswith(f"{key[:-4]}_min:")
            assert twin or above.strip().startswith("#"), key


def test_methods_of_the_schema_are_those_of_the_library():
    methods = schema("config")["properties"]["focus_stack"]["properties"]["method"]["enum"]
    assert tuple(methods) == plane_choice.METHODS


#: module -> the section of the configuration that its keywords are named after
SECTIONS = {
    "tissue": "tissue",
    "nuclei": "nuclei",
    "zones": "zones",
    "zstack": "focus_stack",
    "stain": "stain",
    "stainfit": "stain",
    "cutter": "tiles",
    "encode": "tiles",
    "wholeslide": "tiles",
}


def test_defaults_of_the_library_are_those_of_the_shipped_config():
    """A keyword named like a key has the value of that key in the section of its module."""
    compared = set()
    for module in pkgutil.walk_packages(grossing.__path__, "grossing."):
        name = module.name.rpartition(".")[2]
        keys = CONFIG[SECTIONS[name]] if name in SECTIONS else CONFIG
        for place, function in functions(importlib.import_module(module.name)):
            for option in inspect.signature(function).parameters.values():
                if option.name in keys and option.default not in (option.empty, None):
                    assert str(option.default) == str(keys[option.name]), (place, option.name)
                    compared.add((name, option.name))
    whole = {"tissue": tissue.segment, "nuclei": segmentation.segment, "zones": cellularity.find}
    for name, function in whole.items():
        wanted = stages.section(name, "geojson")
        assert set(wanted) <= set(inspect.signature(function).parameters)
        assert compared >= {(name, key) for key in wanted}


def functions(module):
    for name, thing in inspect.getmembers(module):
        if getattr(thing, "__module__", None) == module.__name__:
            if inspect.isfunction(thing):
                yield f"{module.__name__}.{name}", thing
            elif inspect.isclass(thing):
                for method, function in inspect.getmembers(thing, inspect.isfunction):
                    yield f"{module.__name__}.{name}.{method}", function


# Pages


@pytest.mark.parametrize("page", MAKER["PAGES"], ids=lambda page: page.name)
def test_pages_are_up_to_date(page):
    text = page.read_text(encoding="utf-8")
    assert MAKER["filled"](text) == text, "run docs/make_outputs.py"


def test_outputs_page_has_every_schema():
    text = (ROOT / "docs/outputs.md").read_text(encoding="utf-8")
    wanted = {*TABLES, *RECORDS, "reason_codes", "tile_reason_codes"}
    assert set(re.findall(r"<!-- table: (\S+) -->", text)) == wanted


def test_outputs_page_names_every_output_of_the_rules():
    """Containers of tiles are named without their suffix, which the configuration gives."""
    text = (ROOT / "docs/outputs.md").read_text(encoding="utf-8")
    assert all(f"| `{field.name}` |" in text for field in dataclasses.fields(failures.Failure))
    written = {"results/cohort/failed_jobs.csv"}
    for rule in workflow_rules.rules('{"nuclei": {"geojson": true}}').values():
        written |= {path.removesuffix(".zip") for path in rule.files}
    assert len(written) > 40
    assert [path for path in sorted(written) if f"`{path}" not in text] == []
