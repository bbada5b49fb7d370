"""What is made from the schemas: modules and pages are up to date, columns taken from others."""

import dataclasses
from pathlib import Path

import generate
import pyarrow as pa
import pytest
import workflow_rules
import yaml
from grossing.cohort import failures
from grossing.columns import cohort_qc, measured_qc, patch_cohort, tile_metrics

MODULES = generate.modules()


# The tree


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_what_its_schema_makes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generate.formatted(MODULES[path]), "make schemas"


def test_no_module_is_left_of_a_schema_that_is_gone() -> None:
    assert set(generate.COLUMNS.glob("*.py")) == {*MODULES, generate.COLUMNS / "__init__.py"}


@pytest.mark.parametrize("page", generate.PAGES, ids=lambda page: page.name)
def test_a_page_holds_the_tables_of_today(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert generate.filled(text) == text, "make schemas"


@pytest.mark.parametrize("name", ["reason_codes", "tile_reason_codes", "study_reason_codes"])
def test_every_code_says_what_it_means_and_what_to_do(name: str) -> None:
    path = generate.ROOT / f"workflow/schemas/{generate.CODES[name]}.schema.yaml"
    codes = yaml.safe_load(path.read_text(encoding="utf-8"))["$defs"][name]["oneOf"]
    assert len(codes) > 5
    for code in codes:
        assert set(code) == {"const", "description", "remedy"}, code
        assert code["description"].strip(), code
        assert code["remedy"].strip(), code
        row = f"| `{code['const']}` | {code['description']} | {code['remedy']} |"
        assert row in generate.table(name)


def pages() -> str:
    """The pages about outputs: of slides, and of studies."""
    return "".join(page.read_text(encoding="utf-8") for page in generate.PAGES[:2])


def test_the_outputs_page_has_the_table_of_every_schema_and_list() -> None:
    text = pages()
    records, codes = (
        {
            *("slide", "fused", "zones", "plan_totals", "provenance"),
            *("study", "prepared_ct", "prepared_mr", "prepared_xr", "studies"),
        },
        {"reason_codes", "tile_reason_codes", "study_reason_codes"},
    )
    listed = [match[2] for match in generate.MARKED.finditer(text)]
    assert sorted(listed) == sorted({*generate.tables(), *records, *codes})


def test_the_outputs_page_names_every_output_of_the_rules() -> None:
    """Containers of tiles are named without their suffix, which the configuration gives."""
    text = pages()
    assert all(f"| `{field.name}` |" in text for field in dataclasses.fields(failures.Failure))
    written = {"results/cohort/failed_jobs.csv"}
    for rule in workflow_rules.rules('{"nuclei": {"geojson": true}}').values():
        written |= {path.removesuffix(".zip") for path in rule.files}
    assert len(written) > 40
    assert [path for path in sorted(written) if f"`{path}" not in text] == []


def test_tables_that_take_columns_have_them_in_their_order() -> None:
    """`cohort_qc` starts with `measured_qc`; `patch_cohort` has the measures of tiles."""
    first = measured_qc.SCHEMA
    assert list(cohort_qc.SCHEMA)[: len(first)] == list(first)
    tiles = pa.schema(tile_metrics.COLUMNS)
    taken = [field for field in patch_cohort.SCHEMA if field.name in tiles.names]
    left_out = {"lost", "reader", "target_mpp", "picture_width_px", "picture_height_px"}
    assert taken == [field for field in tiles if field.name not in left_out]


# A small example

SLIDE = """
properties:
  slide_id: {type: string, description: the id}
  width_px: {type: integer, arrow: int32, unit: px, minimum: 1, description: width}
  source: {type: string, enum: [file, sheet], description: where from}
"""
TABLE = """
title: A row of a table
properties:
  status: {type: string, enum: [PASS, FAIL], description: verdict}
  slide_id: {column_of: slide}
  +slide: {only: [source, slide_id], nullable: true}
  +slide (the rest): {without: [source]}
  share: {type: [number, "null"], unit: fraction, minimum: 0, maximum: 1, description: a share}
"""


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "workflow/schemas"
    folder.mkdir(parents=True)
    (folder / "slide.schema.yaml").write_text(SLIDE)
    (folder / "table.schema.yaml").write_text(TABLE)
    monkeypatch.setattr(generate, "ROOT", tmp_path)


def test_columns_that_a_schema_takes_from_another(example: None) -> None:
    source, made = (generate.load(name)["properties"] for name in ("slide", "table"))
    assert list(made) == ["status", "slide_id", "source", "width_px", "share"]
    assert made["slide_id"] == source["slide_id"]
    assert made["width_px"] == source["width_px"]
    assert made["source"]["type"] == ["string", "null"]
    assert made["source"]["enum"] == ["file", "sheet", None]
    assert source["source"] == yaml.safe_load(SLIDE)["properties"]["source"]


def test_an_arrow_schema_has_the_columns_and_their_widths(example: None) -> None:
    names: dict[str, pa.Schema] = {}
    exec(generate._arrow_module("table"), names)
    kinds = [("status", "string"), ("slide_id", "string"), ("source", "string")]
    kinds += [("width_px", "int32"), ("share", "double")]
    assert [(field.name, str(field.type)) for field in names["SCHEMA"]] == kinds
    assert "workflow/schemas/table.schema.yaml" in names["__doc__"]


def test_a_page_gets_its_tables_anew(example: None) -> None:
    before = "text\n<!-- table: table -->\nold | table\n<!-- end -->\nmore"
    page = generate.filled(before)
    assert page.startswith("text\n<!-- table: table -->\n\n| column |")
    assert page.endswith("\n<!-- end -->\nmore") and "old" not in page
    assert "| `source` | string or null |  | `file`, `sheet` | where from |" in page
    assert "| `share` | number or null | fraction | 0..1 | a share |" in page
    assert generate.filled(page) == page
