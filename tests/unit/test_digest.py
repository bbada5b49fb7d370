"""The digest of a script: what it and its modules do, without comments, docstrings and layout."""

import shutil
from pathlib import Path

import pytest
from grossing.support import code_digest
from workflow_rules import rules

SCRIPTS = Path(code_digest.__file__).parents[1]

FILES = {
    "job.py": '"""A job."""\nfrom grossing import near\n\nprint(near.value(1))\n',
    "grossing/__init__.py": '"""A package."""\n\n__version__ = "1.0"\n',
    "grossing/near.py": (
        'from grossing import far\n\n\ndef value(x):\n    """A."""\n    return far.K\n'
    ),
    "grossing/far.py": "from grossing.furthest import BASE\n\nK = BASE + 1\n",
    "grossing/furthest.py": "from grossing import near\n\nBASE = 1\n",
    "grossing/other.py": "UNUSED = 1\n",
}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def of(scripts: Path) -> str:
    return code_digest.of_script("job.py", lambda name: str(scripts / name))


def edit(scripts: Path, name: str, old: str, new: str) -> None:
    path = scripts / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("grossing/near.py", '"""A."""', '"""Another docstring."""'),
        ("grossing/near.py", '    """A."""\n', ""),
        ("grossing/far.py", "K = BASE", "# a remark\nK = BASE"),
        ("grossing/far.py", "K = BASE", '"""A docstring of K."""\nK = BASE'),
        ("grossing/far.py", "BASE + 1", "(BASE  +  1)"),
        ("grossing/__init__.py", "1.0", "2.0"),
        ("grossing/other.py", "1", "2"),
        ("job.py", "A job.", "Another."),
    ],
)
def test_what_does_not_count(scripts: Path, name: str, old: str, new: str) -> None:
    before = of(scripts)
    edit(scripts, name, old, new)
    assert of(scripts) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("job.py", "value(1)", "value(2)"),
        ("grossing/near.py", "far.K", "-far.K"),
        ("grossing/far.py", "+ 1", "+ 2"),
        ("grossing/furthest.py", "BASE = 1", "BASE = 2"),
        ("grossing/__init__.py", "__version__", "import os\n__version__"),
        ("job.py", "near.value(1)", '"a string that is printed"'),
    ],
)
def test_what_counts(scripts: Path, name: str, old: str, new: str) -> None:
    before = of(scripts)
    edit(scripts, name, old, new)
    assert of(scripts) != before


@pytest.mark.parametrize(
    "line",
    [
        "from grossing import other",
        "from grossing import far, other",
        "from grossing.other import UNUSED",
        "import grossing.other",
        "import grossing.other as short",
        "from . import other",
        "from .other import UNUSED",
        "def late():\n    from grossing import other",
    ],
)
def test_every_way_to_import_is_followed(scripts: Path, line: str) -> None:
    edit(scripts, "grossing/furthest.py", "BASE = 1", f"BASE = 1\n{line}")
    before = of(scripts)
    edit(scripts, "grossing/other.py", "1", "2")
    assert of(scripts) != before


def test_modules_of_a_script_are_all_that_it_reaches(scripts: Path) -> None:
    found = code_digest.modules_of("job.py", lambda name: str(scripts / name))
    assert found == {f"grossing/{name}.py" for name in ("__init__", "near", "far", "furthest")}


def test_place_and_date_do_not_count(
    scripts: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "scripts"
    shutil.copytree(scripts, elsewhere, copy_function=shutil.copyfile)
    assert of(elsewhere) == of(scripts)


def test_every_rule_is_run_again_by_the_code_of_its_script() -> None:
    for rule in rules().values():
        assert rule.code == code_digest.of_script(rule.script, lambda name: str(SCRIPTS / name))
        modules = code_digest.modules_of(rule.script, lambda name: str(SCRIPTS / name))
        assert {"grossing/__init__.py", "grossing/logs.py"} <= modules, rule.name
