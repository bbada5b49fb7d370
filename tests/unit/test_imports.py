"""What the jobs of a slide and the reader for training import: nothing that takes seconds."""

import subprocess
import sys
from pathlib import Path

import pytest
from library_modules import SCRIPTS, modules_of
from workflow_rules import rules

PER_SLIDE = [name for name, rule in rules().items() if "{s" in "".join(rule.files)]
#: rules that cannot do without
NEEDED = {
    rule: {"skimage", "scipy"}
    for rule in ("measure_nuclei", "prepare_ct", "prepare_mr", "prepare_xr")
}

#: notes every attempt, so that it finds an import also where the package is not installed
SPY = """
import importlib, sys
HEAVY = {"pandas", "torch", "skimage", "scipy", "matplotlib"}
class Spy:
    def find_spec(self, name, path=None, target=None):
        if name in HEAVY:
            print(name)
sys.meta_path.insert(0, Spy())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def heavy(*modules: str) -> set[str]:
    """What a fresh Python tries to import of the packages that take seconds."""
    command = [sys.executable, "-c", SPY, *modules]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def imports_of(script: str) -> list[str]:
    """Every module of the library that a script reaches, also from within functions."""
    paths = sorted(Path(name).with_suffix("") for name in modules_of(script))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize("rule", PER_SLIDE)
def test_jobs_of_a_slide_import_no_heavy_package_that_they_do_not_need(rule: str) -> None:
    assert heavy(*imports_of(rules()[rule].script)) == NEEDED.get(rule, set())


def test_the_reader_for_training_imports_no_heavy_package() -> None:
    assert heavy("grossing.dataset") == set()


def test_a_heavy_import_is_noticed() -> None:
    assert "scipy" in heavy("scipy")
