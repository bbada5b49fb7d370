"""The container recipe, as far as it can be checked where no base image can be reached."""

import fnmatch
import re
import shlex
import subprocess

import pytest
from running import REPOSITORY

RECIPE = (REPOSITORY / "Containerfile").read_text()
STEPS = [
    shlex.split(line, comments=True) for line in RECIPE.replace("\\\n", " ").splitlines() if line
]
LOCK = (REPOSITORY / "requirements.lock").read_text()


def steps(name: str) -> list[list[str]]:
    return [words for step, *words in filter(None, STEPS) if step == name]


def test_python_is_the_one_that_the_lock_was_made_with() -> None:
    ((image,),) = steps("FROM")
    made_with = re.search(r"pip-compile with Python (\d+\.\d+)", LOCK)
    assert made_with and image.endswith(f"/python:{made_with[1]}-slim-bookworm")


def test_packages_are_installed_as_by_make_setup() -> None:
    (line,) = re.findall(r"pip install .*requirements.lock", (REPOSITORY / "Makefile").read_text())
    options = set(shlex.split(line)) - {"--quiet", "$<", "pip"}
    (installing,) = (words for words in steps("RUN") if "install" in words)
    assert options - {"requirements.lock"} <= set(installing)
    assert installing[installing.index("-r") + 1] == "requirements.lock"


def test_files_that_it_names_are_in_the_repository() -> None:
    (copied, everything) = steps("COPY")
    assert copied[:-1] == ["requirements.lock"] and everything == [".", "."]
    linting = steps("RUN")[1]
    folder = linting[linting.index("--directory") + 1]
    sheet = linting[linting.index("--config") + 1].removeprefix("cohort=")
    assert (REPOSITORY / folder / sheet).is_file()
    assert "/grossing/Snakefile" in RECIPE and (REPOSITORY / "Snakefile").is_file()
    modules = re.findall(r"\w+", steps("RUN")[1][-1].removeprefix("import "))
    names = {"cv2": "opencv-python-headless", "openslide": "openslide-python"}
    names |= {"skimage": "scikit-image"}
    assert {name for name in modules if f"\n{names.get(name, name)}==" not in LOCK} == set()


def test_nothing_of_the_repository_is_left_out_and_no_environment_goes_in() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().split()
    assert {".git", ".venv"} <= set(ignored)
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    tops = {path.partition("/")[0] for path in listed.stdout.splitlines()}
    assert not [top for top in tops for pattern in ignored if fnmatch.fnmatch(top, pattern)]
