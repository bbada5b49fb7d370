"""The configuration, checked against its schema before anything runs."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from grossing.support.errors import UserError


def read_flags(config: dict[str, Any], schema_path: str | os.PathLike[str]) -> None:
    """Make flags of the words true and false that `--config` gives as text, in place."""
    _read_flags(config, yaml.safe_load(Path(schema_path).read_text(encoding="utf-8")))


def _read_flags(section: dict[str, Any], schema: Mapping[str, Any]) -> None:
    for key, rule in schema["properties"].items():
        value = section.get(key)
        if rule.get("type") == "boolean" and value in ("true", "false"):
            section[key] = value == "true"
        elif rule.get("type") == "object" and isinstance(value, dict):
            _read_flags(value, rule)


def part(items: Sequence[str], which: str) -> list[str]:
    """Part i of n of some items, given as `i/n`: every n-th, so that neighbours share the work."""
    number, count = (int(text) for text in which.split("/"))
    if number > count:
        raise UserError(f"part: {which!r}: must be i/n with i from 1 to n")
    return list(items[number - 1 :: count])


def check(
    config: Mapping[str, Any],
    schema_path: str | os.PathLike[str],
    files: Mapping[str, str | os.PathLike[str]],
    command_line: Mapping[str, Any],
) -> None:
    """Complain about the first wrong key or value.

    Parameters
    ----------
    config : the merged configuration
    schema_path : its schema
    files : name to path of the config files as they were merged; the last one with the key is named
    command_line : what `--config` gave; it wins over the files

    Raises
    ------
    UserError : with file, line, column, key, value and remedy.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(config, default=_no_json), parse_constant=str)
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
    raise UserError(f"{_place(keys, files, command_line)}: {'.'.join(keys)}: {said}: {remedy}")


def _no_json(value: Any) -> list[str]:
    """A date is no text to a path: something that no key takes, and that shows what was given."""
    return [str(value)]


def _depth(error: jsonschema.ValidationError) -> tuple[int, str]:
    return len(error.absolute_path), error.message


def _rule(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
    text = words.get(
        schema["type"], {"string": "text", "object": "a section"}.get(schema["type"], "")
    )
    if "minLength" in schema:
        text += ", not empty"
    if "minimum" in schema:
        text += f" from {schema['minimum']:g} to {schema['maximum']:g}"
    if "pattern" in schema:
        text += f" of the form {schema['pattern'].strip('^$')}"
    if "multipleOf" in schema:
        text += f", a multiple of {schema['multipleOf']}"
    return text


def _place(
    keys: Sequence[str],
    files: Mapping[str, str | os.PathLike[str]],
    command_line: Mapping[str, Any],
) -> str:
    """Where a key was given last: the command line, or file, line and column."""
    if not _has(command_line, keys):
        for name, path in reversed(list(files.items())):
            mark = _mark(yaml.compose(Path(path).read_text(encoding="utf-8")), keys)
            if mark:
                return f"{name}, line {mark.line + 1}, column {mark.column + 1}"
    return "--config on the command line"


def _has(given: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(given, Mapping) or key not in given:
            return False
        given = given[key]
    return True


def _mark(node: Any, keys: Sequence[str]) -> Any:
    mark = None
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        match = next(((k, v) for k, v in pairs if k.value == key), None)
        if match is None:
            return None
        mark, node = match[0].start_mark, match[1]
    return mark
