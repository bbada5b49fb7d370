"""`--sdm conda` on the real workflow, with a stand-in for conda that has this Python's packages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from library_modules import SCRIPTS, modules_of
from make_cohort import REGION
from running import (
    REPORT_JOBS,
    REPOSITORY,
    Run,
    by_slide,
    copy_repository,
    plan,
    run,
    snakemake,
    write_sheet,
)
from workflow_rules import rules

STAND_IN = Path(__file__).parent / "conda"
RULES = (
    "measure_slide",
    "find_duplicates",
    "decide_slides",
    "tile_slide",
    "collect_tiles",
    "draw_overlays",
    "check_leakage",
    *REPORT_JOBS,
)

#: notes what an environment's Python is started with
SPY = """import sys
with open(f"{sys.prefix}/started.txt", "a") as file:
    file.write(" ".join(sys.orig_argv) + "\\n")
"""


@pytest.fixture
def conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in is installed, first on PATH."""
    folder = tmp_path / "conda"
    (folder / "bin").mkdir(parents=True)
    shutil.copyfile(STAND_IN, folder / "bin/conda")
    (folder / "bin/conda").chmod(0o755)
    (folder / "bin/activate").write_text('export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n')
    path = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    return folder


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A cohort of one slide."""
    folder = tmp_path / "work"
    folder.mkdir()
    write_sheet(folder, [{"slide_id": "real", "path": str(REGION)}])
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the workflow, to change at will."""
    return copy_repository(tmp_path / "checkout")


def env_file(rule: str, repository: Path = REPOSITORY) -> Path:
    return repository / "envs" / rules()[rule].environment


def together(rule: str) -> set[str]:
    """The rules of a run that use the environment of a rule, itself included."""
    return {other for other in RULES if env_file(other) == env_file(rule)}


def use(conda: Path) -> tuple[str, ...]:
    """The options for Snakemake, environments at a place of their own."""
    return ("--sdm", "conda", "--conda-prefix", str(conda / "envs"))


def created(conda: Path) -> int:
    """How many environments the stand-in was asked for."""
    return len(re.findall(r"^(?:env )?create ", (conda / "calls.txt").read_text(), re.M))


def environments(conda: Path) -> dict[str, Path]:
    """What environments were made from -> where they are."""
    histories = (conda / "envs").glob("*/conda-meta/history")
    return {path.read_text(): path.parents[1] for path in histories}


def watch(environment: Path) -> None:
    [site] = environment.glob("lib/python*/site-packages")
    (site / "sitecustomize.py").write_text(SPY)


def ran_in(environment: Path) -> set[str]:
    """Scripts that an environment's own Python ran."""
    return set(re.findall(r"\.(\w+)\.py$", (environment / "started.txt").read_text(), re.M))


def rerun_for_environment(planned: Run) -> set[str]:
    """Rules that are planned because their environment is another one."""
    reason = r"^ +software environment definition has changed since last execution:\n +(.*)$"
    return {rule for rules in re.findall(reason, planned.text, re.M) for rule in rules.split(", ")}


def import_all(rule: str, environment: Path) -> subprocess.CompletedProcess[str]:
    """Import a rule's library modules where nothing but its environment is to be seen."""
    modules = sorted(modules_of(f"{rule}.py"))
    names = [name.removesuffix(".py").replace("/", ".") for name in modules]
    code = f"import sys; sys.path.append({str(SCRIPTS)!r}); import {', '.join(names)}"
    command = [environment / "bin/python", "-I", "-c", code.replace(".__init__", "")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def create(conda: Path, file: Path, prefix: Path) -> None:
    command = [conda / "bin/conda", "env", "create", "--file", file, "--prefix", prefix]
    subprocess.run(command, check=True)


@pytest.mark.parametrize("rule", [*RULES, "rescale_slide"])
def test_modules_can_be_imported_with_what_the_environment_holds(
    rule: str, conda: Path, tmp_path: Path
) -> None:
    create(conda, env_file(rule), tmp_path / "env")
    done = import_all(rule, tmp_path / "env")
    assert done.returncode == 0, done.stderr


def test_modules_cannot_be_imported_where_a_package_is_missing(conda: Path, tmp_path: Path) -> None:
    less = re.sub(r"  - simplejpeg .*\n", "", env_file("tile_slide").read_text())
    (tmp_path / "less.yaml").write_text(less)
    create(conda, tmp_path / "less.yaml", tmp_path / "env")
    assert "No module named 'simplejpeg'" in import_all("tile_slide", tmp_path / "env").stderr


def test_made_beforehand_and_used_by_the_run(conda: Path, workdir: Path, checkout: Path) -> None:
    run(workdir, *use(conda), "--conda-create-envs-only", report=True)
    found = environments(conda)
    made = {rule: found[env_file(rule).read_text()] for rule in RULES}
    assert created(conda) == len(found) == len({env_file(rule) for rule in RULES}) < len(RULES)
    assert not (workdir / "results").exists()

    for environment in set(made.values()):
        watch(environment)
    run(workdir, *use(conda), report=True)
    assert by_slide(workdir, "cohort_qc.csv")["real"]["qc_status"] == "PASS"
    ran = {rule: ran_in(environment) for rule, environment in made.items()}
    assert ran == {rule: together(rule) for rule in RULES}
    assert created(conda) == len(found)

    moved = workdir.rename(workdir.with_name("moved"))
    assert plan(moved, *use(conda), report=True).jobs == {}
    for rule in ("tile_slide", "collect_tiles"):
        original = env_file(rule, checkout).read_text()
        env_file(rule, checkout).write_text(original.replace("numpy =2.4.6", "numpy =2.4.5"))
        assert rerun_for_environment(
            plan(moved, *use(conda), repository=checkout, report=True)
        ) == {rule}
        env_file(rule, checkout).write_text(original)
    for other in ((), ("--sdm", "conda")):
        assert set(plan(moved, *other, report=True).jobs) == set(RULES) - set(REPORT_JOBS)


def test_pin_file_is_used(conda: Path, workdir: Path, checkout: Path) -> None:
    names = ["python-3.12.13-h1_0", "numpy-2.4.6-py312h1_0", "pyarrow-25.0.0-py312h1_0"]
    pinned = "@EXPLICIT\n" + "".join(f"https://x/linux-64/{name}.conda\n" for name in names)
    env_file("collect_tiles", checkout).with_suffix(".linux-64.pin.txt").write_text(pinned)
    said = run(
        workdir, *use(conda), "--conda-create-envs-only", repository=checkout, report=True
    ).text
    assert re.findall(r"Using pinnings from \S+/envs/(\w+)\.", said) == [
        env_file("collect_tiles").stem
    ]
    others = {env_file(rule).read_text() for rule in set(RULES) - together("collect_tiles")}
    assert set(environments(conda)) == {pinned, *others}


def test_package_that_does_not_exist_stops_before_any_job(
    conda: Path, workdir: Path, checkout: Path
) -> None:
    with env_file("measure_slide", checkout).open("a") as file:
        file.write("  - no-such-package =1.0.0\n")
    done = snakemake(workdir, *use(conda), repository=checkout)
    assert done.code != 0
    assert re.search(
        r"envs/measure_slide.yaml:\n(.*\n)+PackagesNotFoundError: .*no-such-", done.text
    )
    assert not (workdir / "results").exists()


def test_containerize_prints_a_dockerfile_with_every_environment(
    conda: Path, checkout: Path
) -> None:
    command = [sys.executable, "-m", "snakemake", "--containerize"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    joined = done.stdout.replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in joined if line and not line.startswith("#")]
    assert {name for name, _ in steps} == {"FROM", "LABEL", "RUN", "COPY"}
    assert steps[0][0] == "FROM"

    copied = dict(reversed(text.split()) for name, text in steps if name == "COPY")
    assert sorted(copied.values()) == sorted(f"envs/{p.name}" for p in checkout.glob("envs/*"))
    last = re.split(r" +&& +", steps[-1][1])
    prefixes = [str(Path(target).parent) for target in copied]
    assert sorted(last[:-1]) == sorted(
        f"conda env create --prefix {prefix} --file {prefix}/environment.yaml"
        for prefix in prefixes
    )
    assert {f"mkdir -p {prefix}" for prefix in prefixes} < {text for _, text in steps}
