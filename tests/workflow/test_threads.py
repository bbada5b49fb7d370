"""How many threads a tile job gets: a second one where a core would idle, never one not given."""

import re
from pathlib import Path
from typing import Any

import pytest
from running import GATE_COHORT, REPOSITORY, plan, run

SLIDES = len(GATE_COHORT)


@pytest.fixture
def told(tmp_path: Path) -> tuple[str, str]:
    """The workflow, which then prints the threads of the rule."""
    path = tmp_path / "Snakefile"
    threads = 'workflow.get_rule("tile_slide").resources["_cores"].value'
    included = f'include: "{REPOSITORY}/workflow/Snakefile"\n'
    path.write_text(f'{included}print("tile jobs:", {threads})\n')
    return "--snakefile", str(path)


def threads(workdir: Path, *words: str, **options: Any) -> int:
    text = run(workdir, *words, **options).text
    given = re.search(r"^tile jobs: (\d+)$", text, re.M)
    assert given, text
    return int(given[1])


@pytest.mark.parametrize(
    ("cores", "expected"), [(1, 1), (2 * SLIDES - 1, 1), (2 * SLIDES, 2), (9 * SLIDES, 2)]
)
def test_a_tile_job_gets_a_second_thread_where_a_core_would_idle(
    finished: Path, told: tuple[str, str], cores: int, expected: int
) -> None:
    assert threads(finished, *told, "-n", "--cores", str(cores)) == expected


def test_a_part_of_the_cohort_counts_its_own_slides(finished: Path, told: tuple[str, str]) -> None:
    part = (f"part=1/{SLIDES}",)
    assert threads(finished, *told, "-n", "--cores", "2", config=part) == 2


def test_jobs_of_a_cluster_have_one_thread_whatever_the_head_has(
    finished: Path, told: tuple[str, str]
) -> None:
    assert (
        threads(finished, *told, "-n", "--executor", "slurm", "--jobs", "50", "--cores", "64") == 1
    )


@pytest.mark.parametrize("cores", [1, 9 * SLIDES])
def test_other_cores_run_nothing_again(finished: Path, cores: int) -> None:
    assert plan(finished, "--cores", str(cores)).jobs == {}
