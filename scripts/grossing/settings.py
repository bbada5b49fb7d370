"""The configuration, checked against its schema before anything runs."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from grossing.cohort import UserError


def check(
    config: Mapping[str, Any],
    schema_path: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
) -> None:
    """Complain about the first wrong key or value.

    Parameters
    ----------
    config : the merged configuration
    schema_path : its schema
    files : the config files as they were merged; the last one that has the key is named

    Raises
    ------
    UserError : with file, line, column, key, value and remedy.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(config))
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(plain), key=_depth)
    if not errors:
        return
    error = errors[0]
    keys, said = [str(key) for key in error.absolute_path], error.message
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in known)
        keys.append(unknown)
        said, remedy = "unknown key", f"known here: {', '.join(known)}"
    elif error.validator == "required":
        remedy = "leave shipped keys in place; override single values"
    else:
        said = f"{error.instance!r}"
        remedy = f"must be {_rule(error.schema)} ({error.schema.get('description', keys[-1])})"
    raise UserError(f"{_place(keys, files)}: {'.'.join(keys)}: {said}: {remedy}")


def _depth(error: jsonschema.ValidationError) -> tuple[int, str]:
    return len(error.absolute_path), error.message


def _rule(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
    text = words.get(
        schema["type"], {"string": "text", "object": "a section"}.get(schema["type"], "")
    )
    if "minimum" in schema:
        text += f" from {schema['minimum']:g} to {schema['maximum']:g}"
    if "multipleOf" in schema:
        text += f", a multiple of {schema['multipleOf']}"
    return text


def _place(keys: Sequence[str], files: Sequence[str | os.PathLike[str]]) -> str:
    """Where a key was given last: file, line and column, or the command line."""
    for path in reversed(files):
        node = yaml.compose(Path(path).read_text(encoding="utf-8"))
        mark = _mark(node, keys)
        if mark:
            return f"{path}, line {mark.line + 1}, column {mark.column + 1}"
    return "--config on the command line"


def _mark(node: Any, keys: Sequence[str]) -> Any:
    mark = None
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        match = next(((k, v) for k, v in pairs if k.value == key), None)
        if match is None:
            return None
        mark, node = match[0].start_mark, match[1]
    return mark
