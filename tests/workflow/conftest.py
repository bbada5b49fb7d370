"""Slides and finished runs that the tests share; each is made once per session."""

import shutil
from pathlib import Path

import damage
import pytest
from make_cohort import REGION
from make_slide import make_slide
from running import (
    GATE_COHORT,
    SHORTER,
    STRICTER,
    Once,
    configure,
    copy_repository,
    run,
    write_sheet,
)


@pytest.fixture(scope="session")
def slides(once: Once) -> Path:
    """Folder of small slides, good and bad."""
    return once("slides", _make_slides)


def _make_slides(folder: Path) -> None:
    def synthetic(name: str, **options: object) -> None:
        common = {"mpp": 0.5, "tissue_fraction": 0.5, "blurred_fraction": 0, "pen": False}
        make_slide(REGION, folder / name, 1500, 1200, **(common | {"seed": 5} | options))

    shutil.copyfile(REGION, folder / "real.svs")
    synthetic("medium.svs")
    synthetic("small.svs", mpp=0.25, seed=1)
    synthetic("blank.svs", tissue_fraction=0)
    synthetic("no_mpp.svs", with_mpp=False)
    (folder / "empty.svs").touch()
    (folder / "text.svs").write_text("This is not a slide.\n")
    damage.truncate(folder / "medium.svs", folder / "truncated.svs", 0.6)
    damage.lie_offsets(folder / "medium.svs", folder / "lying.svs")
    damage.absurd_dimensions(folder / "medium.svs", folder / "absurd.svs")


@pytest.fixture(scope="session")
def finished(once: Once, slides: Path) -> Path:
    """A working directory after a first run over `GATE_COHORT`; not to be changed."""

    def fill(workdir: Path) -> None:
        (workdir / "slides").mkdir()
        for slide_id in GATE_COHORT:
            if slide_id != "absent":
                shutil.copyfile(slides / f"{slide_id}.svs", workdir / f"slides/{slide_id}.svs")
        write_sheet(workdir, [{"slide_id": i, "path": f"slides/{i}.svs"} for i in GATE_COHORT])
        first = run(workdir, report=True)
        (workdir / "first_run.txt").write_text(first.text)
        (workdir / "first_run.log").write_text(first.log)

    return once("finished", fill)


@pytest.fixture(scope="session")
def stricter(once: Once, finished: Path) -> Path:
    """That run once more, with another limit of tiles and its report; not to be changed."""

    def fill(workdir: Path) -> None:
        shutil.copytree(finished, workdir, dirs_exist_ok=True)
        configure(workdir, thresholds={"tile": {"tissue_fraction_min": STRICTER}})
        (workdir / "second_run.txt").write_text(run(workdir, report=True).text)

    return once("stricter", fill)


@pytest.fixture(scope="session")
def shorter(once: Once, finished: Path) -> Path:
    """That run once more, with two slides left in the sheet; not to be changed."""

    def fill(workdir: Path) -> None:
        shutil.copytree(finished, workdir, dirs_exist_ok=True)
        write_sheet(workdir, [{"slide_id": i, "path": f"slides/{i}.svs"} for i in SHORTER])
        said = run(workdir).text.replace(str(workdir), "{workdir}")
        (workdir / "second_run.txt").write_text(said)

    return once("shorter", fill)


@pytest.fixture
def workdir(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, with all dates, to change at will."""
    return Path(shutil.copytree(finished, tmp_path / "work"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout at another place, every file newer than the results."""
    return copy_repository(tmp_path / "checkout")
