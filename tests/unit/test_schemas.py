"""Schemas describe what the records hold."""

import json
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import generate
import jsonschema
import pytest
from grossing.nuclei.nucleus import Nucleus
from grossing.nuclei.slide_nuclei import TileCount
from grossing.slide.grid import Grid
from grossing.slide.identity import Identity, Stat
from grossing.slide.record import Bounds, SlideRecord
from grossing.slide.stain_record import MacenkoFit, ReinhardFit, StainFits
from grossing.tiles.deepzoom import Member
from grossing.tiles.normalized_tiles import NormalizedTile
from grossing.tiles.stored_tiles import StoredTile
from grossing.tiles.tile_row import TileRow
from grossing.zones.zones_record import ZonesRecord
from grossing.zstack.fused_stack import FusedBlock
from records import SHARP, good, refused
from schemas_read import SCHEMAS, columns, keys, written

#: units whose numbers have no smallest value
SIGNED = ("HU", "stored", "HU or stored", "mm in the patient")


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_has_a_meaning_and_every_number_a_unit_and_a_range(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    for column, rule in described(SCHEMAS[name]["properties"]):
        assert rule["description"], column
        kinds = set(generate.kinds(rule))
        if {"integer", "number"} & kinds:
            assert rule["unit"], column
            assert rule["unit"] in SIGNED or {"minimum", "exclusiveMinimum"} & set(rule), column
        if "enum" in rule:
            assert ("null" in kinds) == (None in rule["enum"]), column


def described(properties: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, rule in properties.items():
        yield name, rule
        inner = rule.get("items", {})
        yield from described(rule.get("properties") or inner.get("properties") or {})
        if inner and "properties" not in inner:
            yield f"{name}[]", inner


def test_a_slide_record_has_the_columns_of_its_schema(tmp_path: Path) -> None:
    rules = SCHEMAS["slide"]
    fits = StainFits(
        MacenkoFit((1.0,) * 3, (1.0,) * 3, (1.0, 1.0)), ReinhardFit((1.0,) * 3, (1.0,) * 3)
    )
    record = good(stain_fit=fits)
    assert set(written(record, tmp_path)) == set(columns("slide"))
    assert set(rules["required"] + rules["then"]["required"]) == set(columns("slide"))
    assert set(written(refused(), tmp_path)) == set(rules["required"])
    parts = {"source": record.identity.source, "bounds": record.file.bounds}
    parts |= {"levels": record.file.levels[0], "stain_fit": fits}
    parts |= {"focus_tiles": record.measures.focus.focus_tiles}
    for name, part in parts.items():
        rule = rules["properties"][name]
        rule = rule.get("items", rule)["properties"]
        assert keys(part) == set(rule), name
        for inner in filter(is_dataclass, vars(part).values()):
            (of_inner,) = (r for n, r in rule.items() if getattr(part, n) is inner)
            assert keys(inner) == set(of_inner["properties"])


@pytest.mark.parametrize(
    "record",
    [
        good(),
        good(focus=(0.5, None), brightness=None, objective=None),
        good(stain_fit=StainFits(MacenkoFit((0.6, 0.7, 0.3), (0.1, 0.9, 0.1), (1.5, 1.0)))),
        good(stain_fit=StainFits(), is_he=False),
        refused(),
        SlideRecord("a", Identity(Stat(1, 2, 3), None), refused().refusal, good().file),
    ],
)
def test_a_slide_record_survives_its_json_whatever_the_order_of_its_keys(
    record: SlideRecord, tmp_path: Path
) -> None:
    record.write(tmp_path / "a.json")
    assert SlideRecord.read(tmp_path / "a.json") == record
    data = json.loads((tmp_path / "a.json").read_text())
    assert SlideRecord.from_json(dict(reversed(data.items()))) == record


def test_the_json_of_another_version_is_named_with_the_remedy(tmp_path: Path) -> None:
    data = good().to_json()
    del data["overview_downsample"]
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"a\.json: no 'overview_downsample': delete this file"):
        SlideRecord.read(tmp_path / "a.json")


def test_a_tile_row_has_the_columns_of_its_table() -> None:
    grid = Grid(Bounds(0, 0, 5000, 4000), 512, 1024, 0.5, 0.5)
    row = TileRow(0, 1, 0, 1024, 1024, 0.9, 0.0)
    done = row.measured("openslide", SHARP).written(Member("a_files/1/0_1.jpeg", 10, 99))
    assert set(done.to_row("a", grid)) == set(columns("tile_metrics"))
    lost = row.measured("openslide", None).to_row("a", grid)
    assert lost["lost"] and set(columns("tile_metrics")) - set(lost) == keys(SHARP)
    assert keys(StoredTile) < set(columns("tile_metrics"))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("normalized_tiles", asdict(NormalizedTile("a", 0, 0, None))),
        ("nuclei_tiles", asdict(TileCount("a", 0, 0))),
        ("nuclei", Nucleus("a", *[0.0] * 6, 0, 0).to_row(1)),
        ("fused_blocks", FusedBlock(0, 0, 0, 0, 64, 0.5, 0, "measured", None, None).to_row("a")),
        ("zones", ZonesRecord("a", "density").to_json()),
    ],
)
def test_a_record_has_the_columns_of_its_schema(name: str, row: dict[str, Any]) -> None:
    assert set(row) == set(columns(name))
