"""What all tests share: the real slide, and synthetic ones made once per session."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import one_thread  # noqa: F401, before NumPy
import pytest
from hypothesis import settings
from running import Once

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")

HERE = Path(__file__).parent
DATA = HERE / "data"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each of a thousand jobs would compile the library
#: folders whose files take longest, first; all others, mostly short, come last, so that the
#: processes of `make test` end together
FIRST = ("slurm", "browser", "fuzz", "integration", "workflow", "envs", "clusters")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders in the order of `FIRST`; what is in them stays in its own."""
    place = {folder: i for i, folder in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.relative_to(HERE).parts[0], len(FIRST)))


@pytest.fixture(scope="session")
def real_slide():
    """Aperio, JPEG, 240 px tiles, 2220 x 2967 px, 0.499 um/px, one level."""
    return DATA / "CMU-1-Small-Region.svs"


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Fills a folder once, also where several processes share the tests."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, unfinished = root / name, root / f".{name}"
        with (root / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return make
