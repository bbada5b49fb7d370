"""What a change of the code runs again: what it does counts, not its age, place or comments."""

import ast
from pathlib import Path

import pytest
from running import GATE_COHORT, plan

EVERY_SLIDE = set(GATE_COHORT)


def modules(checkout: Path) -> list[Path]:
    return sorted(checkout.glob("scripts/**/*.py"))


def add_line(checkout: Path, module: str) -> None:
    path = checkout / "scripts" / module
    path.write_text(path.read_text() + "\nCHANGED = True\n")


def reword_docstrings(path: Path) -> None:
    """Another text in every docstring of a module."""
    lines = path.read_text().splitlines()
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Module)
    nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, kinds)]
    texts = [node.body[0] for node in nodes if ast.get_docstring(node)]
    for text in sorted(texts, key=lambda text: -text.lineno):
        indent = " " * text.col_offset
        lines[text.lineno - 1 : text.end_lineno] = [f'{indent}"""Other words."""']
    path.write_text("\n".join(lines) + "\n")


def test_fresh_checkout_elsewhere_runs_nothing(finished: Path, checkout: Path) -> None:
    assert plan(finished, repository=checkout).jobs == {}


def test_comments_and_docstrings_run_nothing(finished: Path, checkout: Path) -> None:
    for path in modules(checkout):
        reword_docstrings(path)
        path.write_text(path.read_text() + "\n\n# a remark\n")
        assert "Other words." in path.read_text()
    assert plan(finished, repository=checkout).jobs == {}


def test_module_two_imports_away_measures_every_slide(finished: Path, checkout: Path) -> None:
    """`measure/slide` imports `mask/tissue`, which imports `mask/artefacts`."""
    add_line(checkout, "grossing/mask/artefacts.py")
    planned = plan(finished, repository=checkout)
    assert planned.measured == EVERY_SLIDE
    assert planned.jobs["measure_slide"] == len(EVERY_SLIDE)


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("grossing/cohort/collect.py", {"collect_tiles", "draw_overlays", "check_leakage"}),
        ("collect_tiles.py", {"collect_tiles", "draw_overlays", "check_leakage"}),
        (
            "grossing/cohort/measured_qc.py",
            {"decide_slides", "collect_tiles", "draw_overlays", "check_leakage"},
        ),
        (
            "grossing/tiles/deepzoom.py",
            {"tile_slide", "collect_tiles", "draw_overlays", "check_leakage"},
        ),
        (
            "grossing/tiles/tissue_engine.py",
            {"tile_slide", "collect_tiles", "draw_overlays", "check_leakage"},
        ),
    ],
)
def test_changed_module_runs_only_what_uses_it(
    finished: Path, checkout: Path, module: str, rules: set[str]
) -> None:
    add_line(checkout, module)
    planned = plan(finished, repository=checkout)
    assert set(planned.jobs) == rules
    assert set(planned.tiled) == (EVERY_SLIDE if "tile_slide" in rules else set())


def test_modules_that_no_planned_rule_uses_run_nothing(finished: Path, checkout: Path) -> None:
    for module in (
        "grossing/stain/recolouring.py",
        "grossing/stain/normalisation.py",
        "grossing/tiles/libvips_engine.py",
        "grossing/tiles/whole_slide.py",
        "grossing/zones/dense_blocks.py",
        "grossing/cohort/summary.py",
        "grossing/dataset.py",
        "grossing/__init__.py",
    ):
        add_line(checkout, module)
    planned = plan(finished, repository=checkout)
    assert planned.jobs == {}, planned.text
