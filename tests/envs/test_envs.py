"""Environment files: what a rule imports and no more, in exact versions that the lock agrees to."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from grossing.support import code_digest
from library_modules import SCRIPTS, modules_of
from running import REPOSITORY
from workflow_rules import rules

ENVS = sorted(path.name for path in REPOSITORY.glob("envs/*.yaml"))

#: name that is imported -> name on conda-forge, where they differ
CONDA_NAMES = {
    "PIL": "pillow",
    "SimpleITK": "simpleitk",
    "cv2": "py-opencv",
    "gdcm": "python-gdcm",
    "matplotlib": "matplotlib-base",
    "openslide": "openslide-python",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}
#: the library behind a Python package, where its version is ours to choose
NATIVE = {"openslide-python": "openslide"}
#: names under which several packages install: `arro3.io` is of `arro3-io`
SHARED_NAMES = {"arro3"}
#: name on conda-forge -> name in requirements.lock, where they differ
LOCK_NAMES = {
    "matplotlib-base": "matplotlib",
    "py-opencv": "opencv-python-headless",
    "openslide": "openslide-bin",
}
#: a row of the table in the docs: package, version of conda, version of the lock
DIFFERENCE = re.compile(r"^\| ([a-z0-9-]+) \| (\d+\.\d+\.\d+) \| (\d+\.\d+\.\d+) \|$", re.M)

PIN = re.compile(r"([a-z][a-z0-9-]*) =(\d+\.\d+\.\d+)")
PIP_PIN = re.compile(r"([a-z][a-z0-9-]*) ==(\d+\.\d+\.\d+)")
#: not on conda-forge, or not as the wheel that is tested: only these may stand in a pip section
PIP_ONLY = {"python-gdcm", "torchstain"}


def read_env(name: str) -> dict[str, Any]:
    env: dict[str, Any] = yaml.safe_load((REPOSITORY / "envs" / name).read_text())
    return env


def pins(env: dict[str, Any]) -> dict[str, str]:
    """Package -> version; every line must be `name =x.y.z`, in a pip section `name ==x.y.z`."""
    lines = [line for line in env["dependencies"] if not isinstance(line, dict)]
    pip = [
        line for section in env["dependencies"] if section not in lines for line in section["pip"]
    ]
    matches = {line: PIN.fullmatch(line) for line in lines}
    matches |= {line: PIP_PIN.fullmatch(line) for line in pip}
    assert all(matches.values()), f"not pinned: {[k for k, v in matches.items() if not v]}"
    assert {line.split()[0] for line in pip} <= PIP_ONLY, f"is on conda-forge: {pip}"
    return dict(match.groups() for match in matches.values() if match)


def imported(path: Path) -> set[str]:
    """What a file imports anywhere in it, functions included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module))
    return {package(name) for name in names}


def package(module: str) -> str:
    """What holds a module; `arro3` is a name that several packages share."""
    first, _, rest = module.partition(".")
    return f"{first}-{rest.split('.')[0]}" if first in SHARED_NAMES else first


def needed(script: str) -> set[str]:
    """Packages without which a script or a library module that it reaches cannot be imported."""
    names = set().union(*(imported(SCRIPTS / name) for name in (script, *modules_of(script))))
    foreign = names - sys.stdlib_module_names - {code_digest.PACKAGE}
    packages = {CONDA_NAMES.get(name, name) for name in foreign}
    installer = {"pip"} if packages & PIP_ONLY else set()
    native = {NATIVE[name] for name in packages & NATIVE.keys()}
    return {"python"} | packages | installer | native


def differences(script: str, env: dict[str, Any]) -> dict[str, set[str]]:
    """What an environment lacks, and what it has for nothing."""
    want, have = needed(script), set(pins(env))
    return {"missing": want - have, "needless": have - want}


def locked() -> dict[str, str]:
    text = (REPOSITORY / "requirements.lock").read_text()
    return dict(re.findall(r"^([a-z][\w.-]*)==(\d+\.\d+(?:\.\d+)?)", text, re.M))


def disagreements(packages: dict[str, str]) -> dict[str, str]:
    """Packages in another version than the lock has, major.minor.patch."""
    lock = locked()
    return {
        name: version
        for name, version in packages.items()
        if lock.get(LOCK_NAMES.get(name, name), version) != version
    }


def everywhere() -> dict[str, str]:
    """All pins of all files."""
    return {name: version for env in ENVS for name, version in pins(read_env(env)).items()}


def test_environments_that_are_equal_are_one_file() -> None:
    held = [sorted(pins(read_env(name)).items()) for name in ENVS]
    assert [name for name, pinned in zip(ENVS, held, strict=True) if held.count(pinned) > 1] == []


def test_every_environment_has_a_rule() -> None:
    assert sorted({rule.environment for rule in rules().values()}) == ENVS


@pytest.mark.parametrize("name", rules())
def test_environment_is_what_the_script_and_its_modules_import(name: str) -> None:
    rule = rules()[name]
    found = differences(rule.script, read_env(rule.environment))
    assert found == {"missing": set(), "needless": set()}


@pytest.mark.parametrize("name", rules())
def test_each_missing_or_needless_package_is_noticed(name: str) -> None:
    script, env = rules()[name].script, read_env(rules()[name].environment)
    for line in env["dependencies"]:
        less = {"dependencies": [other for other in env["dependencies"] if other != line]}
        found = differences(script, less)
        gone = line["pip"] if isinstance(line, dict) else [line]
        assert found == {"missing": {pin.split()[0] for pin in gone}, "needless": set()}
    more = {"dependencies": [*env["dependencies"], "seaborn =0.13.2"]}
    assert differences(script, more) == {"missing": set(), "needless": {"seaborn"}}


def test_import_of_an_engine_that_is_loaded_by_its_name_is_noticed() -> None:
    code = "import sys; from grossing.tiles import tile_loop; sys.exit('pyvips' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)
    assert "pyvips" in needed("tile_slide.py")


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "numpy =2.4",
        "numpy >=2.4.6",
        "numpy =2.4.*",
        {"pip": ["numpy ==2.4.6"]},
        {"pip": ["torchstain >=1.4.1"]},
    ],
)
def test_inexact_version_is_noticed(line: Any) -> None:
    with pytest.raises(AssertionError):
        pins({"dependencies": [line]})


@pytest.mark.parametrize("name", ENVS)
def test_channels(name: str) -> None:
    assert read_env(name)["channels"] in (
        ["conda-forge", "nodefaults"],
        ["conda-forge", "bioconda", "nodefaults"],
    )


def test_one_version_of_a_package_in_all_environments() -> None:
    assert [env for env in ENVS if not pins(read_env(env)).items() <= everywhere().items()] == []


def test_python_is_one_that_the_project_supports() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    least, ours = project["requires-python"].removeprefix(">="), everywhere()["python"]
    assert [int(part) for part in ours.split(".")] >= [int(part) for part in least.split(".")]


def test_versions_are_those_of_the_lock_but_for_those_that_the_docs_list() -> None:
    listed = DIFFERENCE.findall((REPOSITORY / "docs/conda.md").read_text())
    assert disagreements(everywhere()) == {name: conda for name, conda, _ in listed}
    for name, _, version in listed:
        assert locked()[LOCK_NAMES.get(name, name)] == version
    assert {LOCK_NAMES.get(name, name) for name in everywhere()} - set(locked()) == {
        "python",
        "pip",
    }


def test_version_that_left_the_lock_is_noticed() -> None:
    assert disagreements({"numpy": "1.0.0", "py-opencv": "1.0.0"}) == {
        "numpy": "1.0.0",
        "py-opencv": "1.0.0",
    }
