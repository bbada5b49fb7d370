"""Generate Arrow schemas, lists of codes and the tables of the docs from the schemas.

A schema may take columns from another one: `name: {column_of: TABLE}` is that column, and
`+TABLE: {only: [...], without: [...], nullable: true}` stands for all its columns that the schema
does not have yet. `arrow:` gives a column's width where that is not 64 bit. Example: make schemas
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
from grossing.support import yaml_text

COLUMNS = ROOT / "scripts/grossing/columns"
PAGES = (ROOT / "docs/outputs.md", ROOT / "docs/radiology.md", ROOT / "config/README.md")
NO_TABLES = (
    *("config", "cohort", "slide", "fused", "zones", "reviews", "plan_totals", "provenance"),
    *("studies", "study", "prepared_ct", "prepared_mr", "prepared_xr"),
)
#: list of codes -> the schema that has it
CODES = {
    "reason_codes": "cohort_qc",
    "tile_reason_codes": "cohort_qc",
    "study_reason_codes": "studies_qc",
}
MARKED = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
ARROW = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool_"}

#: tables whose job does not import pyarrow; `pyarrow.schema(COLUMNS)` is their schema
WITHOUT_PYARROW = ("tile_metrics",)
#: what a schema's `codes` stands for
LISTS = {"errors": "reason_codes", "study errors": "study_reason_codes"}

Schema = dict[str, Any]


def load(name: str) -> Schema:
    """A schema with the columns that it takes from others, as plain JSON Schema."""
    path = ROOT / f"workflow/schemas/{name}.schema.yaml"
    schema: Schema = yaml_text.load(path.read_text(encoding="utf-8"))
    columns: Schema = {}
    for key, rule in schema["properties"].items():
        if key.startswith("+"):
            columns |= {n: c for n, c in _taken(key, rule) if n not in columns}
        elif "column_of" in rule:
            columns[key] = load(rule["column_of"])["properties"][key]
        else:
            columns[key] = rule
        if codes := columns.get(key, {}).pop("codes", None):
            columns[key]["enum"] = [None, *error_codes(LISTS[codes])]
    return schema | {"properties": columns}


def _taken(key: str, rule: Schema) -> Iterator[tuple[str, Schema]]:
    source = load(key.split()[0].removeprefix("+"))["properties"]
    for name in rule.get("only", source):
        if name not in rule.get("without", ()):
            column = source[name]
            if rule.get("nullable"):
                column = column | {"type": list(dict.fromkeys([*kinds(column), "null"]))}
                if "enum" in column:
                    column["enum"] = list(dict.fromkeys([*column["enum"], None]))
            yield name, column


def tables() -> list[str]:
    """Names of the schemas that describe the rows of a table."""
    names = (path.name.split(".")[0] for path in ROOT.glob("workflow/schemas/*.schema.yaml"))
    return sorted(set(names) - set(NO_TABLES))


def kinds(rule: Schema) -> list[str]:
    """The JSON types of a value."""
    return rule["type"] if isinstance(rule["type"], list) else [rule["type"]]


def modules() -> dict[Path, str]:
    """The generated modules of `grossing.columns` and their text."""
    made = {COLUMNS / f"{name}.py": _arrow_module(name) for name in tables()}
    errors, codes = error_codes(), _codes("reason_codes")
    others = [code for code in codes if code not in errors]
    lists = {"SlideReason": others, "TileReason": list(_codes("tile_reason_codes"))}
    remedies = {code: codes[code]["remedy"] for code in errors}
    made[COLUMNS / "error_codes.py"] = (
        f"{_codes_module({'ErrorCode': errors})}\nREMEDIES: dict[ErrorCode, str] = {remedies!r}\n"
    )
    made[COLUMNS / "study_codes.py"] = _study_codes_module()
    made[COLUMNS / "reason_codes.py"] = _codes_module(lists)
    made[COLUMNS / "meanings.py"] = _meanings_module(
        ("cohort_qc", "patch_cohort"),
        ("reason_codes", "tile_reason_codes"),
        "thresholds.",
        "What columns, reason codes and thresholds mean",
    )
    made[COLUMNS / "study_meanings.py"] = _meanings_module(
        ("studies_qc", "study"),
        ("study_reason_codes",),
        "radiology.thresholds.",
        "What columns, reason codes and thresholds of studies mean",
    )
    return made


def error_codes(name: str = "reason_codes") -> list[str]:
    """The reasons for which a slide, or a study, is ERROR."""
    codes = _codes(name).items()
    return [code for code, entry in codes if entry["description"].startswith("ERROR")]


def _study_codes_module() -> str:
    errors, codes = error_codes("study_reason_codes"), _codes("study_reason_codes")
    others = [code for code in codes if code not in errors]
    remedies = {code: codes[code]["remedy"] for code in errors}
    text = _codes_module({"StudyErrorCode": errors, "StudyReason": others}, "studies_qc")
    return f"# ruff: noqa: E501\n{text}\nREMEDIES: dict[StudyErrorCode, str] = {remedies!r}\n"


def _codes(name: str) -> dict[str, dict[str, str]]:
    """Codes of a list of `CODES`, with their `description` and `remedy`."""
    path = ROOT / f"workflow/schemas/{CODES[name]}.schema.yaml"
    listed = yaml_text.load(path.read_text(encoding="utf-8"))["$defs"][name]["oneOf"]
    return {code["const"]: code for code in listed}


def _arrow_module(name: str) -> str:
    schema = load(name)
    columns = schema["properties"].items()
    types = {n: c.get("arrow", ARROW[kinds(c)[0]]) for n, c in columns}
    if name in WITHOUT_PYARROW:
        head = _made_from(f"{schema['title']}: columns and their Arrow types", name)
        pairs = tuple((n, kind.rstrip("_")) for n, kind in types.items())
        return f"{head}COLUMNS = {pairs!r}\n"
    fields = [f'("{n}", pa.{kind}()),' for n, kind in types.items()]
    head = _made_from(f"{schema['title']}: Arrow schema", name)
    return f"{head}import pyarrow as pa\n\nSCHEMA = pa.schema([{' '.join(fields)}])\n"


def _codes_module(codes: dict[str, list[str]], schema: str = "cohort_qc") -> str:
    head = _made_from("Codes that a verdict may name", schema)
    lines = (f"{kind} = Literal[{', '.join(map(repr, names))}]" for kind, names in codes.items())
    return head + "from typing import Literal\n\n" + "\n".join(lines) + "\n"


def _meanings_module(
    tables: tuple[str, ...], codes_lists: tuple[str, ...], thresholds: str, title: str
) -> str:
    """What the report says of columns, codes and limits."""
    columns = {
        table: {
            name: {
                "unit": rule.get("unit", ""),
                "meaning": rule["description"],
                "range": _span(rule),
                "values": [value for value in rule.get("enum", ()) if value is not None],
            }
            for name, rule in load(table)["properties"].items()
        }
        for table in tables
    }
    codes = {
        name: {
            code: {key: entry[key] for key in ("description", "remedy")}
            for code, entry in _codes(name).items()
        }
        for name in codes_lists
    }
    limits = {
        key.removeprefix(thresholds): {
            "meaning": rule["description"],
            "range": _span(rule),
            "integer": rule["type"] == "integer",
        }
        for key, rule in leaves(load("config"))
        if key.startswith(thresholds)
    }
    head = _made_from(title, tables[0])
    return (
        f"# ruff: noqa: E501\n{head}from typing import Any\n\n"
        f"COLUMNS: dict[str, dict[str, dict[str, Any]]] = {columns!r}\n"
        f"REASONS: dict[str, dict[str, dict[str, str]]] = {codes!r}\n"
        f"LIMITS: dict[str, dict[str, Any]] = {limits!r}\n"
    )


def _span(rule: Schema) -> list[float | None]:
    return [rule.get("minimum", rule.get("exclusiveMinimum")), rule.get("maximum")]


def _made_from(title: str, name: str) -> str:
    return (
        f'"""{title}.\n\nMade from workflow/schemas/{name}.schema.yaml by `make schemas`.\n"""\n\n'
    )


def filled(text: str) -> str:
    """A page with every table between `<!-- table: NAME -->` and `<!-- end -->` made anew."""
    return MARKED.sub(lambda m: f"{m[1]}\n{table(m[2])}\n\n{m[3]}", text)


def table(name: str) -> str:
    """One table as Markdown: a schema's columns, `config`, a table of input, or codes."""
    if name.endswith("reason_codes"):
        rows = [(f"`{n}`", c["description"], c["remedy"]) for n, c in _codes(name).items()]
        return _markdown("code meaning remedy", rows)
    if name == "config":
        return _markdown("key default range meaning", _config_rows())
    if name in ("sheet", "reviews", "studies"):
        schema = "cohort" if name == "sheet" else name
        return _markdown("column needed meaning", _input_rows(load(schema)))
    return _markdown("column type unit range meaning", _column_rows(load(name)["properties"]))


def _markdown(head: str, rows: Any) -> str:
    names = head.split()
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in c) + " |" for c in lines
    )


def _column_rows(properties: Schema, prefix: str = "") -> Iterator[tuple[str, ...]]:
    """A row per property; its parts follow as `name.part`, those of a list as `name[].part`."""
    for name, column in properties.items():
        item = column.get("items", {})
        kind = " or ".join(kinds(column))
        if item and "properties" not in item:
            kind = f"list of {' or '.join(kinds(item))}"
        unit = (column if "unit" in column else item).get("unit", "")
        yield f"`{prefix}{name}`", kind, unit, _limits({**item, **column}), column["description"]
        inside = "[]" if "properties" in item else ""
        parts = item.get("properties") or column.get("properties") or {}
        yield from _column_rows(parts, f"{prefix}{name}{inside}.")


def _config_rows() -> Iterator[tuple[str, ...]]:
    shipped = yaml_text.load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for key, rule in leaves(load("config")):
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


def _input_rows(schema: Schema) -> Iterator[tuple[str, ...]]:
    """A row per column of a table that people write."""
    for name, rule in schema["properties"].items():
        needed = "yes" if name in schema["required"] else ""
        yield f"`{name}`", needed, rule["description"]


def _limits(rule: Schema) -> str:
    """The range of a value as text; empty where any value is allowed."""
    if "enum" in rule:
        return ", ".join(f"`{value}`" for value in rule["enum"] if value is not None)
    if rule.get("type") == "boolean":
        return "`true`, `false`"
    low, above = rule.get("minimum"), rule.get("exclusiveMinimum")
    start = f"above {above:g}" if above is not None else "" if low is None else f"{low:g}"
    if "maximum" in rule:
        return f"{start}{', at most ' if above is not None else '..'}{rule['maximum']:g}"
    return start if above is not None else f"{start} or more" if start else ""


def formatted(text: str) -> str:
    """Python as `ruff format` writes it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "columns.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def main() -> None:
    """Write modules and pages; modules of schemas that are gone are removed."""
    made = modules()
    for path in set(COLUMNS.glob("*.py")) - set(made) - {COLUMNS / "__init__.py"}:
        path.unlink()
    for path, text in made.items():
        path.write_text(formatted(text), encoding="utf-8")
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
