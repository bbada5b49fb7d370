"""A wrong configuration: file, place, value and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from grossing.cohort import config
from grossing.support import findings
from running import REPOSITORY
from snakemake.utils import update_config

SCHEMAS = REPOSITORY / "workflow/schemas"

SHIPPED = REPOSITORY / "config/config.yaml"

#: what is wrong -> the user's file, key, where it stands, value, a part of the remedy
CONFIGURATIONS = {
    "unknown key": (
        "cohort: a.csv\ntagret_mpp: 0.5\n",
        "tagret_mpp",
        "line 2, column 1",
        "unknown key",
        "target_mpp, target_mpp_tolerance",
    ),
    "unknown key inside": (
        "thresholds:\n  slide:\n    pen_max: 0.2\n",
        "thresholds.slide.pen_max",
        "line 3, column 5",
        "unknown key",
        "known here: absent_fraction_max, blurred_fraction_max",
    ),
    "out of range": (
        "thresholds:\n  slide: {pen_fraction_max: 1.5}\n",
        "thresholds.slide.pen_fraction_max",
        "line 2, column 11",
        "1.5",
        "a number from 0 to 1",
    ),
    "text for a number": (
        "target_mpp: fine\n",
        "target_mpp",
        "line 1, column 1",
        "'fine'",
        "a number from 0.05 to 20",
    ),
    "not a number": (
        "target_mpp: .nan\n",
        "target_mpp",
        "line 1, column 1",
        "'NaN'",
        "a number from 0.05 to 20",
    ),
    "one of a list": (
        "tiles: {container: tar}\n",
        "tiles.container",
        "line 1, column 9",
        "'tar'",
        "one of zip, directory, none",
    ),
    "odd size": (
        "tiles:\n  size_px: 511\n",
        "tiles.size_px",
        "line 2, column 3",
        "511",
        "a multiple of 2",
    ),
    "yes for true": (
        "mpp_from_objective: 'yes'\n",
        "mpp_from_objective",
        "line 1, column 1",
        "'yes'",
        "true or false",
    ),
    "number for a section": ("tiles: 5\n", "tiles", "line 1, column 1", "5", "must be a section"),
    "nothing for a section": ("focus:\n", "focus", "line 1, column 1", "None", "a section"),
    "number for a path": ("cohort: 3\n", "cohort", "line 1, column 1", "3", "must be text"),
    "date for a path": (
        "cohort: 2024-05-06\n",
        "cohort",
        "line 1, column 1",
        "['2024-05-06']",
        "must be text",
    ),
    "key twice": (
        "target_mpp: 0.5\nthresholds: {slide: {}}\nthresholds: {tile: {}}\n",
        "thresholds",
        "line 3, column 1",
        "duplicate key, also on line 2",
        "keep one",
    ),
    "key twice in a line": (
        "tiles: {size_px: 256, quality: 80, size_px: 512}\n",
        "tiles.size_px",
        "line 1, column 36",
        "duplicate key, also on line 1",
        "keep one",
    ),
    "key twice in JSON with tabs": (
        '{\n\t"target_mpp": 1,\n\t"target_mpp": 0.5\n}\n',
        "target_mpp",
        "line 3, column 2",
        "duplicate key, also on line 2",
        "keep one",
    ),
    "underscore in a number": (
        "tiles:\n  size_px: 5_12\n",
        "tiles.size_px",
        "line 2, column 12",
        "5_12",
        "YAML reads 512",
    ),
    "octal number": (
        "tiles: {quality: 0100}\n",
        "tiles.quality",
        "line 1, column 18",
        "0100",
        "YAML reads 64",
    ),
    "leakage": (
        "leakage: allow\n",
        "leakage",
        "line 1, column 1",
        "'allow'",
        "one of stop, report",
    ),
    "no path": ("cohort: ''\n", "cohort", "line 1, column 1", "''", "must be text, not empty"),
}


def check(text: str, path: Path, command_line: dict[str, Any]) -> None:
    """`config.check` of the shipped configuration with a user's file and command line."""
    path.write_text(text)
    merged = yaml.safe_load(SHIPPED.read_text())
    for layer in (yaml.safe_load(text.replace("\t", " ")) or {}, command_line):
        update_config(merged, layer)
    files = {"config/config.yaml": SHIPPED, str(path): path}
    config.check(merged, SCHEMAS / "config.schema.yaml", files, command_line)


@pytest.mark.parametrize("wrong", CONFIGURATIONS)
def test_wrong_key_is_told_by_place_value_and_remedy(tmp_path: Path, wrong: str) -> None:
    text, key, place, value, remedy = CONFIGURATIONS[wrong]
    path = tmp_path / "mine.yaml"
    with pytest.raises(findings.UserError) as error:
        check(text, path, {})
    said = str(error.value)
    assert said.startswith(f"{path}, {place}: {key}: {value}: "), said
    assert remedy in said
    assert "\n" not in said


def test_all_wrong_keys_are_listed_at_once(tmp_path: Path) -> None:
    text = "tagret_mpp: 1\nmpp: 2\ntiles: {container: tar, size: 5}\ntarget_mpp: 90\n"
    with pytest.raises(findings.UserError) as error:
        check(text, tmp_path / "mine.yaml", {"part": "0/1"})
    said = str(error.value).replace(f"{tmp_path}/", "").splitlines()
    assert sorted(line.split(": ")[1] for line in said) == [
        *("mpp", "part", "tagret_mpp", "target_mpp", "tiles.container", "tiles.size")
    ]


def test_command_line_is_named_where_it_wins(tmp_path: Path) -> None:
    with pytest.raises(findings.UserError) as error:
        check("target_mpp: 0.4\n", tmp_path / "mine.yaml", {"target_mpp": "fast"})
    assert str(error.value).startswith("--config on the command line: target_mpp: 'fast': ")


def test_shipped_file_is_named_by_its_place_in_the_repository() -> None:
    broken = yaml.safe_load(SHIPPED.read_text())
    broken["tiles"]["size_px"] = -1
    with pytest.raises(findings.UserError) as error:
        config.check(broken, SCHEMAS / "config.schema.yaml", {"config/config.yaml": SHIPPED}, {})
    lines = SHIPPED.read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.startswith("  size_px:"))
    place = f"config/config.yaml, line {line}, column 3: tiles.size_px: -1: "
    assert str(error.value).startswith(place)


def test_shipped_configuration_is_right(tmp_path: Path) -> None:
    check("", tmp_path / "mine.yaml", {})
