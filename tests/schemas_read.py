"""The schemas of all tables and records, and the columns that a record has."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import generate
from grossing.slide.record import SlideRecord

RECORDS = ("slide", "fused", "zones", "plan_totals")
SCHEMAS = {name: generate.load(name) for name in (*generate.tables(), *RECORDS)}


def columns(name: str) -> list[str]:
    return list(SCHEMAS[name]["properties"])


def keys(record: Any) -> set[str]:
    return {field.name for field in fields(record)}


def written(record: SlideRecord, folder: Path) -> dict[str, Any]:
    """What the JSON file of a slide holds."""
    record.write(folder / "written.json")
    values: dict[str, Any] = json.loads((folder / "written.json").read_bytes())
    return values
