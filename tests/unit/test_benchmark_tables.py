"""The benchmark's tables: ratios, targets, comparisons of bytes, and the block of the page."""

import sys

import pytest
from running import REPOSITORY

sys.path.append(str(REPOSITORY / "benchmarks"))

import meter
import rows
import slides
import tables
import targets


def summary(cpu_s=1.0, peak_mb=100.0, digests=("a",), **figures):
    costs = {"cpu_s": cpu_s, "cpu_s_each": [cpu_s], "wall_s": 1.0, "peak_mb": peak_mb}
    return costs | {"bytes": 0, "files": 1, "digests": list(digests), "figures": figures}


def reached(text, results):
    """Last columns of a target's line."""
    lines = [line for line in tables.target_table(results) if line.startswith(f"| {text} |")]
    assert len(lines) == 1
    return [cell.strip() for cell in lines[0].split("|")[3:5]]


def test_a_target_is_reached_up_to_its_limit_and_missed_above_it():
    text = "tiles, raw / dzsave, 24000 px"
    for job, word in ((3.0, "yes"), (3.01, "**no**")):
        results = {"24000": {"tiles, raw": summary(job), "dzsave": summary(10.0)}}
        assert reached(text, results) == [f"{job / 10:.2f}", word]
    assert reached(text, {"24000": {"tiles, raw": summary()}}) == ["", "not measured"]


def test_a_slide_of_odd_size_is_held_against_the_even_one():
    name = "tiles 512, 1 um/px"
    results = {"12000": {name: summary(0.5)}, "12001": {name: summary(0.6)}}
    assert reached(f"{name}, 12001 px / 12000 px", results) == ["1.20", "**no**"]
    assert f"| {name} | 0.50 | 0.60 | 1.20 |" in tables.odd_table(results)


def test_memory_of_a_tile_job_is_that_of_the_larger_one():
    found = {"tiles, raw": summary(peak_mb=90), "tiles 512, raw": summary(peak_mb=111)}
    assert reached("tile job, 24000 px, MB", {"24000": found}) == ["111", "**no**"]


def test_a_further_slide_leaves_out_what_a_start_costs():
    several = rows.SEVERAL
    found = {"snakemake": {"1": summary(3.0), str(several): summary(3.0 + 2.0 * (several - 1))}}
    assert targets.further_slide(found) == pytest.approx(2.0)
    assert targets.per_slide(found) == pytest.approx(2.0 + 1.0 / several)


def test_tiles_that_cost_more_than_files_miss_their_target():
    figures = {"in order: files, OpenCV to RGB": {"ms": 1.0, "times": 0.8}}
    results = {"training": {"all": summary(**figures)}}
    assert reached("`Tiles` / files, OpenCV to RGB", results) == ["1.25", "**no**"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(["a"], ["a"], True), (["a"], ["b"], False), (["a", "b"], ["a"], False), ([""], [""], False)],
)
def test_containers_are_the_same_only_if_those_of_all_rounds_are(one, other, same):
    found = {"tiles, raw": summary(digests=one), "tiles, openslide": summary(digests=other)}
    assert [equal for _, equal in targets.same_containers({"24000": found}, ())] == [same]


def test_every_target_names_rows_that_the_complete_run_has(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "PEERS", dict.fromkeys(rows.PEERS, REPOSITORY / "Makefile"))
    plan = rows.complete(slides.Places(tmp_path, tmp_path, 8192), large=True)
    assert not plan.skipped
    figures = {"ms_per_tile": 1.0}
    for way in ("files, OpenCV to RGB", "WebDataset, decoded by OpenCV"):
        figures[f"in order: {way}"] = {"ms": 1.0, "times": 1.0}
    found = {}
    for row in plan.rows:
        assert row.name not in found.setdefault(row.table, {}), "a row would replace another"
        found[row.table][row.name] = summary(**figures)
    for target in targets.TARGETS:
        assert target.measured(found) is not None, target.text
    assert len(targets.same_containers(found, rows.JOB_FORMATS)) == len(targets.SAME) + 4


def test_a_peer_that_is_not_installed_is_left_out_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "PEERS", dict.fromkeys(rows.PEERS, tmp_path / "python"))
    plan = rows.complete(slides.Places(tmp_path, tmp_path, 8192), large=False)
    assert sorted(plan.skipped) == ["fastslide", "hs2p"]
    assert not any("fastslide" in row.name or "hs2p" in row.name for row in plan.rows)
    assert "make benchmarks/.hs2p/ready" in plan.skipped["hs2p"]


def test_a_cost_is_measured_with_the_commands_children_and_their_figures(tmp_path):
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    last = "import json; print('words'); print(json.dumps({'stored': 7}))"
    commands = tuple((sys.executable, "-c", each) for each in (code, last))
    cost = meter.run(commands, tmp_path / "out", tmp_path)
    assert cost.cpu_s > 0.3
    assert cost.figures == {"stored": 7}
    assert meter.printed("888\n") == {"tiles": 888}
    assert meter.printed("nothing of interest") == {}
    with pytest.raises(RuntimeError, match="the reason"):
        meter.run(((sys.executable, "-c", "exit('the reason')"),), tmp_path / "out", tmp_path)


def test_the_block_of_a_page_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{tables.START}\n\nold\n{tables.END}\n\nafter\n")
    tables.fill(page, "| \\1 new |\n")
    first = page.read_text()
    assert "old" not in first
    assert first.startswith("before\n") and first.endswith("after\n") and "| \\1 new |" in first
    tables.fill(page, "| \\1 new |\n")
    assert page.read_text() == first
    page.write_text("no block")
    with pytest.raises(ValueError, match="not one block"):
        tables.fill(page, "new")


def test_the_page_of_the_docs_holds_the_tables_of_one_run():
    text = (REPOSITORY / "docs/benchmarks.md").read_text(encoding="utf-8")
    block = text.partition(tables.START)[2].partition(tables.END)[0]
    for target in targets.TARGETS:
        assert f"| {target.text} | {target.at_most:g} |" in block
    assert block.count("commit ") == 1
