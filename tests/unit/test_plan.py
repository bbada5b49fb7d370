"""The cost model, what headers tell, and the text of a plan."""

from dataclasses import replace
from pathlib import Path

import damage
import numpy as np
import pytest
from grossing.cohort import config, cost_model, earlier_jobs, plan, plan_text, slide_header
from grossing.cohort.cost_model import Observation, RuleCosts
from grossing.cohort.slide_header import Size, Target
from grossing.slide.record import FileFacts
from grossing.support.errors import UserError
from make_slide import make_slide
from stages import measured

TARGET = Target(0.5, 0.02, mpp_from_objective=False)
HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def read(path: Path, **given: object) -> slide_header.SlideHeader:
    return slide_header.read(path, TARGET, **({"given_mpp": None, "given_stain": ""} | given))


def jobs(count: int) -> list[Observation]:
    """Jobs whose costs are known combinations of the size, and one that had nothing to do."""
    chance = np.random.default_rng(3)
    sizes = [Size(*chance.uniform(0.01, 1, 3)) for _ in range(count)]
    made = [
        Observation(s, 0.5 + 0.2 + 8 * s.tissue + 3 * s.read, 9, round(1e6 + 2e8 * s.tissue), 7)
        for s in sizes
    ]
    return [*made, Observation(None, 0.5, 9, 1000, 7)]


# What a file states


def test_a_header_is_that_of_the_measured_slide_and_costs_no_pixels(
    real_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = measured(real_slide).record
    monkeypatch.setattr("openslide.lowlevel._read_region", None)
    header = read(real_slide)
    assert header == slide_header.of_record(record, TARGET)
    assert header.size
    assert header.size.target == pytest.approx(2220 * 2967 / 1e9, rel=0.01)
    assert 0 < header.size.tissue <= header.size.target


def test_every_problem_that_a_header_shows_is_that_of_measuring(
    real_slide: Path, tmp_path: Path
) -> None:
    make_slide(real_slide, tmp_path / "no_mpp.svs", 600, 500, with_mpp=False)
    (tmp_path / "text.svs").write_text("no slide")
    (tmp_path / "empty.svs").touch()
    (tmp_path / "folder.svs").mkdir()
    damage.absurd_dimensions(real_slide, tmp_path / "absurd.svs")
    names = ("no_mpp", "text", "empty", "folder", "gone", "absurd")
    codes = {}
    for name in names:
        refusal = measured(tmp_path / f"{name}.svs").record.refusal
        problem = read(tmp_path / f"{name}.svs").problem
        assert refusal
        assert problem
        assert (problem.code, problem.remedy) == (refusal.code, refusal.remedy)
        codes[name] = problem.code
    assert codes["no_mpp"] == "mpp_missing"
    assert codes["gone"] == "file_missing"
    assert read(tmp_path / "no_mpp.svs", given_mpp=0.25).problem is None


def test_a_slide_that_is_coarser_than_the_target_is_measured_and_not_tiled(
    real_slide: Path,
) -> None:
    header = read(real_slide, given_mpp=1.0)
    assert header.problem
    assert header.problem.code == "coarser_than_target"
    assert header.size
    slide = plan.Slide("a", header, None, False, False)
    assert slide.size_for("measure_slide")
    assert slide.size_for("tile_slide") is None


def test_more_bytes_of_equal_pixels_are_more_tissue_and_at_most_all() -> None:
    file = measured_file()
    shares = [Size.of(file, 0.25, size, TARGET).tissue for size in (10**6, 2 * 10**6, 10**12)]
    assert shares[1] == pytest.approx(2 * shares[0])
    assert shares[2] == Size.of(file, 0.25, 1, TARGET).target


def measured_file() -> FileFacts:
    from records import good

    file = good().file
    assert file
    return file


# Costs


def test_known_costs_are_found_and_stated_as_sure() -> None:
    costs = RuleCosts.fitted(jobs(12))
    assert costs
    assert costs.slides == 12
    size = Size(2.0, 1.5, 1.0)
    assert costs.cpu_s.of(size) == pytest.approx(0.7 + 12 + 3, rel=0.01)
    assert costs.written_bytes.of(size) == pytest.approx(301e6, rel=0.01)
    assert costs.cpu_s.of(None) == pytest.approx(0.5, rel=0.05)
    assert costs.cpu_s.error < 0.01


def test_noise_is_stated_as_an_error() -> None:
    chance = np.random.default_rng(5)
    noisy = [replace(one, cpu_s=one.cpu_s * chance.uniform(0.5, 1.5)) for one in jobs(30)]
    costs = RuleCosts.fitted(noisy)
    assert costs
    assert 0.1 < costs.cpu_s.error < 0.5
    assert min(costs.cpu_s.values) >= 0


def test_few_jobs_are_not_enough() -> None:
    assert RuleCosts.fitted(jobs(cost_model.SLIDES_MIN - 1)) is None
    assert RuleCosts.fitted(jobs(cost_model.SLIDES_MIN))


def test_no_coefficient_is_negative_though_least_squares_would_have_it_so() -> None:
    table = np.array([[1.0, 1], [1, 2], [1, 3]])
    costs = np.array([3.0, 2, 1])
    assert np.linalg.lstsq(table, costs, rcond=None)[0][1] < 0
    assert cost_model.non_negative(table, costs).tolist() == pytest.approx([2, 0])


@pytest.mark.parametrize(
    ("wall", "cpu", "expected"),
    [(2.25, 1.0, 1.125), (31.0, 10.0, 20.0), (60.0, 40.0, 40 * 60 / 45.5), (0.75, 0.5, 0.75)],
)
def test_cpu_time_is_extended_from_the_last_look_to_the_end(
    tmp_path: Path, wall: float, cpu: float, expected: float
) -> None:
    row = f"{wall}\t0:00:01\t1\t1\t1\t1\t0\t0\t9\t{cpu}\n"
    (tmp_path / "a.tsv").write_text(HEADER + row)
    time = earlier_jobs.read(tmp_path / "a.tsv")
    assert time
    assert time.cpu_s == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", HEADER, HEADER + "0.3\t0\t" + "NA\t" * 7 + "NA\n"])
def test_a_benchmark_without_a_measurement_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.tsv").write_text(text)
    assert earlier_jobs.read(tmp_path / "a.tsv") is None
    assert earlier_jobs.read(tmp_path / "gone.tsv") is None


# Parts


def test_parts_are_the_batches_of_the_plan_and_hold_every_slide_once(tmp_path: Path) -> None:
    table = tmp_path / "plan.csv"
    table.write_text("slide_id,batch\na,2\nb,1\nc,2\n")
    ids = ["a", "b", "c", "new"]
    parts = [config.part(ids, f"{i}/2", table) for i in (1, 2)]
    assert parts[0][0] == "b"
    assert sorted(parts[0] + parts[1]) == sorted(ids)
    assert parts[1][:2] == ["a", "c"]
    assert config.part(ids, "1/1", tmp_path / "none.csv") == ids
    with pytest.raises(UserError, match="has 2 batches: use part=1/2 to part=2/2"):
        config.part(ids, "1/3", table)
    with pytest.raises(UserError, match="run `snakemake plan` first"):
        config.part(ids, "1/2", tmp_path / "none.csv")


# Text


@pytest.mark.parametrize(
    ("seconds", "text"), [(9.4, "9 s"), (600, "10.0 min"), (7200, "2.0 h"), (0, "0 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert plan_text.duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(999, "999 bytes"), (1500, "1.5 kB"), (123e9, "123 GB"), (5e15, "5.0 PB")]
)
def test_amounts(size: float, text: str) -> None:
    assert plan_text.amount(size) == text
