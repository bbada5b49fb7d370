"""The ready configurations: each is valid, and a run can be planned with it."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from running import REPOSITORY, called

READY = sorted(REPOSITORY.glob("config/*.yaml"))


@pytest.mark.parametrize("config", READY, ids=lambda path: path.stem)
def test_a_run_is_planned_with_a_ready_configuration(config: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--profile",
        "profiles/local",
        "-n",
        "-q",
        "rules",
    ]
    key, job = (
        ("studies", "measure_study") if config.stem == "radiology" else ("cohort", "measure_slide")
    )
    sheet = REPOSITORY / f"config/{'radiology' if key == 'studies' else 'cohort'}.csv"
    command += ["--directory", str(tmp_path), "--configfile", str(config)]
    code, text = called([*command, "--config", f"{key}={sheet}"], REPOSITORY)
    assert code == 0, text
    assert job in text


def keys(section: dict[str, Any], above: str = "") -> set[str]:
    """Dotted names of all values of a configuration."""
    found: set[str] = set()
    for key, value in section.items():
        name = f"{above}{key}"
        found |= keys(value, f"{name}.") if isinstance(value, dict) else {name}
    return found


def test_the_readme_lists_what_each_changes() -> None:
    """A row may hold several keys of a section: `tiles.format`, `chroma`."""
    text = (REPOSITORY / "config/README.md").read_text()
    header, _, *rows = text[text.index("| key | default | fluorescence |") :].splitlines()
    names = [cell.strip() for cell in header.strip("| ").split("|")][2:-1]
    listed: dict[str, set[str]] = {name: set() for name in names}
    for row in rows[: rows.index("")]:
        first, _, *values, why = (cell.strip() for cell in row.strip("|").split("|"))
        assert why or "tiles." in first
        section = re.findall(r"`([\w.]+)\.\w+`", first)[0]
        these = {f"{section}.{key}" for key in re.findall(r"(\w+)`", first)}
        for name, value in zip(names, values, strict=True):
            listed[name] |= these if value else set()
    for name in names:
        changed = keys(yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text()))
        assert changed <= listed[name], name
        missing = {key for key in listed[name] - changed if not key.startswith("tiles.")}
        assert missing == set(), name
    assert {path.stem for path in READY} == {*names, "config", "full", "radiology"}
    full = keys(yaml.safe_load((REPOSITORY / "config/full.yaml").read_text()))
    assert {key.rpartition(".")[2] for key in full} == {"enabled"}
