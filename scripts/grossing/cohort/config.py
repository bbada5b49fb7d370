"""The configuration, checked against its schema before anything runs."""

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from grossing.support import findings, yaml_text
from grossing.support.errors import UserError
from grossing.support.findings import Finding
from grossing.support.types import PathLike

_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)", re.I)


def read_flags(config: dict[str, Any], schema_path: str | os.PathLike[str]) -> None:
    """Convert flags that `--config` gave as the texts true and false, in place."""
    _read_flags(config, yaml_text.load(_text(schema_path)))


def _read_flags(section: dict[str, Any], schema: Mapping[str, Any]) -> None:
    for key, rule in schema["properties"].items():
        value = section.get(key)
        if rule.get("type") == "boolean" and value in ("true", "false"):
            section[key] = value == "true"
        elif rule.get("type") == "object" and isinstance(value, dict):
            _read_flags(value, rule)


def read_numbers(
    config: dict[str, Any], schema_path: PathLike, command_line: Mapping[str, Any]
) -> None:
    """Convert numbers within a section of `--config`, which Snakemake gives as texts, in place.

    Texts of a file are left: there a quoted number is a mistake.
    """
    _read_numbers(config, yaml_text.load(_text(schema_path)), command_line)


def _read_numbers(section: dict[str, Any], schema: Mapping[str, Any], given: Any) -> None:
    for key in section.keys() & given.keys():
        rule = schema.get("properties", {}).get(key, {})
        if isinstance(section[key], dict) and isinstance(given[key], Mapping):
            _read_numbers(section[key], rule, given[key])
        elif rule.get("type") in ("number", "integer") and _is_decimal(section[key]):
            section[key] = yaml_text.load(section[key])


def _is_decimal(value: Any) -> bool:
    return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None


def part(items: Sequence[str], which: str, plan: PathLike | None = None) -> list[str]:
    """Part i of n of some slides, given as `i/n`.

    Parameters
    ----------
    plan : `plan.csv`, whose batches are the parts; None for every n-th slide

    Raises
    ------
    UserError : i is more than n, there is no plan, or it has another number of batches.
    """
    number, count = (int(text) for text in which.split("/"))
    if number > count:
        raise UserError(f"part: {which!r}: must be i/n with i from 1 to n")
    if plan is None or count == 1:
        return list(items[number - 1 :: count])
    batch_of = _batches(plan)
    batches = max(batch_of.values(), default=0)
    if batches != count:
        remedy = f"use part=1/{batches} to part={batches}/{batches}, or run `snakemake plan` again"
        raise UserError(f"part: {which!r}: {plan} has {batches} batches: {remedy}")
    return [item for i, item in enumerate(items) if batch_of.get(item, i % count + 1) == number]


def _batches(plan: PathLike) -> dict[str, int]:
    """slide_id to batch of a plan; slides that are new since then are left out."""
    try:
        with Path(plan).open(newline="", encoding="utf-8") as file:
            return {row["slide_id"]: int(row["batch"] or 0) for row in csv.DictReader(file)}
    except FileNotFoundError:
        raise UserError(
            f"part: with plan.hours_per_job the parts are the batches of {plan}, which does not "
            "exist: run `snakemake plan` first"
        ) from None


def merged(shipped: PathLike, given: Mapping[str, Any]) -> dict[str, Any]:
    """The shipped configuration with the values that differ, which stay as they are.

    Parameters
    ----------
    shipped : path of config.yaml
    given : the keys that differ; single keys of a section replace those of the shipped one
    """
    return _merged(yaml_text.load(_text(shipped)), given)


def _merged(below: Any, above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below) if isinstance(below, Mapping) else {}
    for key, value in above.items():
        both[key] = _merged(both.get(key), value) if isinstance(value, Mapping) else value
    return both


def section_of(given: object, config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Keys that lead to an object in a configuration, itself not a copy; None where it is not."""
    if given is config:
        return ()
    for key, value in config.items():
        if isinstance(value, Mapping) and (keys := section_of(given, value)) is not None:
            return (key, *keys)
    return None


def check(
    config: Mapping[str, Any],
    schema_path: str | os.PathLike[str],
    files: Mapping[str, str | os.PathLike[str]],
    command_line: Mapping[str, Any],
    *,
    section: Sequence[str] = (),
    elsewhere: str = "--config on the command line",
) -> None:
    """Check all keys and values.

    Parameters
    ----------
    config : the merged configuration
    schema_path : its schema
    files : name to path of the config files as they were merged; the last one with the key is named
    command_line : what `--config` gave; it wins over the files
    section : keys that lead to this configuration in the files and the command line
    elsewhere : what is named where no file has the key

    Raises
    ------
    UserError : with file, line, column, key, value and remedy of all that are wrong.
    """
    schema = yaml_text.load(_text(schema_path))
    nodes = {name: yaml_text.compose(_text(path)) for name, path in files.items()}
    above = tuple(section)
    faults = [
        finding
        for name, node in nodes.items()
        for finding in _faults_of_file(name, _value(node, above), above)
    ]
    plain = json.loads(json.dumps(config, default=_no_json), parse_constant=str)
    for error in sorted(jsonschema.Draft202012Validator(schema).iter_errors(plain), key=_depth):
        for keys, value, remedy in _faults(error):
            keys = [*above, *keys]
            file, line, column = _place(keys, nodes, command_line, elsewhere)
            faults.append(Finding(file, line, column, f"{'.'.join(keys)}: {value}", remedy))
    findings.refuse(faults)


def _text(path: str | os.PathLike[str]) -> str:
    """A configuration file; tabs, which JSON allows and YAML does not, become blanks."""
    return Path(path).read_text(encoding="utf-8").replace("\t", " ")


def _faults(error: jsonschema.ValidationError) -> Iterator[tuple[list[str], str, str]]:
    """Keys, value and remedy of what an error of the schema is about."""
    keys = [str(key) for key in error.absolute_path]
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "additionalProperties":
        known = sorted(schema["properties"])
        unknown = (key for key in instance if key not in known)
        remedy = f"known here: {', '.join(known)}"
        yield from (([*keys, str(key)], "unknown key", remedy) for key in unknown)
    elif error.validator == "required":
        yield keys, error.message, "leave shipped keys in place; override single values"
    else:
        remedy = f"must be {_rule(schema)} ({schema.get('description', keys[-1])})"
        yield keys, repr(instance), remedy


def _faults_of_file(
    name: str, node: yaml.Node | None, above: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """Duplicate keys of a section, of which YAML ignores the first; numbers in odd notations."""
    if isinstance(node, yaml.MappingNode):
        first: dict[str, yaml.Node] = {}
        for key, value in node.value:
            keys = (*above, str(key.value))
            if first.setdefault(keys[-1], key) is not key and keys[-1] != "<<":
                text = f"duplicate key, also on line {first[keys[-1]].start_mark.line + 1}"
                yield _at(name, key, keys, text, "keep one: YAML silently ignores the first")
            yield from _faults_of_file(name, value, keys)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _faults_of_file(name, item, above)
    elif isinstance(node, yaml.ScalarNode) and _is_odd(node):
        remedy = f"write it in plain decimal digits: YAML reads {yaml_text.load(node.value)}"
        yield _at(name, node, above, node.value, remedy)


def _is_odd(node: yaml.ScalarNode) -> bool:
    """Whether a number is written with underscores, colons, or as octal or hexadecimal."""
    return node.tag.endswith((":int", ":float")) and not _DECIMAL.fullmatch(node.value)


def _at(name: str, node: yaml.Node, keys: Sequence[str], value: str, remedy: str) -> Finding:
    mark = node.start_mark
    text = f"{'.'.join(keys)}: {value}"
    return Finding(name, mark.line + 1, str(mark.column + 1), text, remedy)


def _no_json(value: Any) -> list[str]:
    """Replaces a value without a JSON type, such as a date, by one that no key accepts."""
    return [str(value)]


def _depth(error: jsonschema.ValidationError) -> tuple[int, str]:
    return len(error.absolute_path), error.message


def _rule(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    names = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
    text = names.get(
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
    nodes: Mapping[str, yaml.Node | None],
    command_line: Mapping[str, Any],
    elsewhere: str,
) -> tuple[str, int, str]:
    """Where a key was given last: file, line and column, or the command line."""
    if not _has(command_line, keys):
        for name, node in reversed(list(nodes.items())):
            mark = _mark(node, keys)
            if mark:
                return name, mark.line + 1, str(mark.column + 1)
        return elsewhere, 0, ""
    return "--config on the command line", 0, ""


def _has(given: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(given, Mapping) or key not in given:
            return False
        given = given[key]
    return True


def _mark(node: Any, keys: Sequence[str]) -> Any:
    mark = None
    for key in keys:
        match = _pair(node, key)
        if match is None:
            return None
        mark, node = match[0].start_mark, match[1]
    return mark


def _value(node: Any, keys: Sequence[str]) -> Any:
    """What some keys lead to; None where there is no such section."""
    for key in keys:
        match = _pair(node, key)
        if match is None:
            return None
        node = match[1]
    return node


def _pair(node: Any, key: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((k, v) for k, v in pairs if k.value == key), None)
