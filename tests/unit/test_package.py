"""`pip install .`: the reader of tiles needs NumPy, PyArrow, OpenCV and simplejpeg alone."""

import shutil
import subprocess
import sys
import zipfile

import pytest
from running import REPOSITORY

ALLOWED = ("numpy", "pyarrow", "cv2", "simplejpeg", "grossing")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The files of the wheel, as pip puts them into site-packages."""
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    shutil.copytree(REPOSITORY / "scripts", source / "scripts")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out)]
    done = subprocess.run([*pip, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("grossing-*.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(out / "site")
    return out / "site"


def test_the_wheel_holds_the_library_and_states_few_dependencies(installed):
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*.py")}
    assert "grossing/dataset.py" in names
    assert all(name.startswith("grossing/") for name in names)
    (metadata,) = installed.glob("*.dist-info/METADATA")
    lines = metadata.read_text().splitlines()
    needed = [
        line.split()[1]
        for line in lines
        if line.startswith("Requires-Dist") and "extra" not in line
    ]
    assert needed == ["numpy", "opencv-python-headless", "pyarrow", "simplejpeg"]


def test_the_reader_imports_nothing_else(installed, tmp_path):
    (tmp_path / "empty.csv").write_text("slide_id\n")
    code = (
        "import sys, importlib.metadata as m\n"
        "import grossing\n"
        "try:\n    grossing.Tiles('empty.csv')\n"
        "except ValueError as error:\n    print(error, file=sys.stderr)\n"
        "packages = m.packages_distributions()\n"
        "print(*{n.split('.')[0] for n in sys.modules} & (set(packages) | {'grossing'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "empty.csv has no column case_id" in done.stderr
    assert {name for name in done.stdout.split() if name[0] != "_"} <= set(ALLOWED)
