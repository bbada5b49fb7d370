"""Fill the tables of docs/outputs.md and config/README.md from the schemas and the shipped config.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. Example: docs/make_outputs.py
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "docs/outputs.md", ROOT / "config/README.md")
MARKED = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

Schema = dict[str, Any]


def filled(text: str) -> str:
    """The page with every marked table made anew."""
    return MARKED.sub(lambda m: f"{m[1]}\n{table(m[2])}\n\n{m[3]}", text)


def table(name: str) -> str:
    """One table as Markdown: a schema's columns, `config`, `sheet`, or a list of codes."""
    if name.endswith("reason_codes"):
        codes = _load("cohort_qc")["$defs"][name]["oneOf"]
        return _markdown("code meaning", [(f"`{c['const']}`", c["description"]) for c in codes])
    if name == "config":
        return _markdown("key default range meaning", _config_rows())
    if name == "sheet":
        return _markdown("column needed meaning", _sheet_rows())
    return _markdown("column type unit range meaning", _column_rows(_load(name)["properties"]))


def _load(name: str) -> Schema:
    text = (ROOT / f"workflow/schemas/{name}.schema.yaml").read_text(encoding="utf-8")
    schema: Schema = yaml.safe_load(text)
    return schema


def _markdown(head: str, rows: Any) -> str:
    names = head.split()
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in c) + " |" for c in lines
    )


def _column_rows(properties: Schema, prefix: str = "") -> Iterator[tuple[str, ...]]:
    """A row per property; its parts follow as `name.part`, those of a list as `name[].part`."""
    for name, column in properties.items():
        kinds, item = _as_list(column["type"]), column.get("items", {})
        kind = " or ".join(kinds)
        if item and "properties" not in item:
            kind = f"list of {' or '.join(_as_list(item['type']))}"
        about = column if "unit" in column else item
        unit = about.get("unit", "")
        yield f"`{prefix}{name}`", kind, unit, _limits({**item, **column}), column["description"]
        inside = "[]" if "properties" in item else ""
        parts = item.get("properties") or column.get("properties") or {}
        yield from _column_rows(parts, f"{prefix}{name}{inside}.")


def _config_rows() -> Iterator[tuple[str, ...]]:
    shipped = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for key, rule in leaves(_load("config")):
        value = shipped
        for part in key.split("."):
            value = value[part]
        default = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"`{key}`", f"`{default}`", _limits(rule), rule["description"]


def leaves(section: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    """Dotted key and rule of every value of a config schema, in its order."""
    for key, rule in section["properties"].items():
        if "properties" in rule:
            yield from leaves(rule, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", rule


def _sheet_rows() -> Iterator[tuple[str, ...]]:
    schema = _load("cohort")
    for name, rule in schema["properties"].items():
        needed = "yes" if name in schema["required"] else ""
        yield f"`{name}`", needed, rule["description"]


def _limits(rule: Schema) -> str:
    """The range of a value in words; empty where any value will do."""
    if "enum" in rule:
        return ", ".join(f"`{value}`" for value in rule["enum"] if value is not None)
    if rule.get("type") == "boolean":
        return "`true`, `false`"
    low, above = rule.get("minimum"), rule.get("exclusiveMinimum")
    start = f"above {above:g}" if above is not None else "" if low is None else f"{low:g}"
    if "maximum" in rule:
        return f"{start}{', at most ' if above is not None else '..'}{rule['maximum']:g}"
    return start if above is not None else f"{start} or more" if start else ""


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def main() -> None:
    """Write the pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
