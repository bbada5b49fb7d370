"""The house: rooms with one sentence each, imports that only go down, entry points at the door."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import grossing
import pytest
from grossing.support.code_digest import INNER_ROOMS

PACKAGE = Path(grossing.__file__).parent

#: from the top down; a room imports of its own and of those below it
ROOMS = (
    "report",
    "export",
    "radiology",
    "cohort",
    "zstack",
    "zones",
    "nuclei",
    "tiles",
    "measure",
    "stain",
    "mask",
    "slide",
    "support",
    "dataset",
    "training",
    "columns",
)


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Modules of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("grossing"))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: the code digest follows absolute imports only"
            if str(node.module).split(".")[0] == "grossing":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_on_the_list():
    found = {room(path) for path in modules()} | {"dataset"}
    assert found == set(ROOMS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down(path):
    for name in imported(path):
        _, *parts = name.split(".")
        assert ROOMS.index(parts[0]) >= ROOMS.index(room(path)), name
        assert (PACKAGE / parts[0]).is_dir() or parts[0] == "dataset", name


def inner(room, *names):
    """Height within a room that has rooms: its own modules are above them."""
    below = INNER_ROOMS.get(room, ())
    return below.index(names[0]) + 1 if names and names[0] in below else 0


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_within_a_room_only_go_down(path):
    height = inner(*path.relative_to(PACKAGE).parts)
    for name in imported(path):
        if name.split(".")[1] == room(path):
            assert inner(*name.split(".")[1:]) >= height, name


def test_rooms_within_rooms_are_on_the_list_of_the_digest():
    found = {}
    for path in PACKAGE.glob("*/*/__init__.py"):
        found.setdefault(room(path), set()).add(path.parent.name)
    assert found == {name: set(below) for name, below in INNER_ROOMS.items()}


def test_the_reader_for_training_needs_no_room_of_the_workflow():
    assert {name.split(".")[1] for name in imported(PACKAGE / "dataset.py")} == {"training"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*/__init__.py")), ids=lambda p: p.parent.name
)
def test_a_room_says_in_one_sentence_what_it_is_for_and_nothing_else(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    text = ast.get_docstring(tree)
    if path.parent.name == "radiology":  # has public names too
        text, _, about_names = text.partition("\n\n")
        assert "names below" in about_names
    else:
        assert len(tree.body) == 1
    assert text.endswith(".") and "\n" not in text


def test_entry_points_are_there_and_loaded_when_used():
    code = (
        "import sys, grossing\n"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('numpy', 'cv2', 'grossing')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    assert done.stdout.split() == ["grossing"]
    for name in grossing.ENTRY_POINTS:
        assert inspect.getdoc(getattr(grossing, name))
    with pytest.raises(AttributeError, match="nothing"):
        grossing.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("segment_tissue", ["rgb", "mpp"]),
        ("measure_focus", ["rgb", "mpp"]),
        ("segment_nuclei", ["rgb", "mpp", "mask", "modality"]),
        ("find_duplicates", ["thumbnails"]),
        ("fit_stain", ["pixels", "glass"]),
        ("apply_stain", ["fit", "rgb", "reference", "glass"]),
        ("fuse_planes", ["planes", "cell_px"]),
        ("Tiles", ["table"]),
        ("augment", ["volume", "label", "seed"]),
        ("compare_studies", ["before", "after", "roi"]),
    ],
)
def test_entry_points_take_what_is_documented(name, parameters):
    found = list(inspect.signature(getattr(grossing, name)).parameters)
    assert found[: len(parameters)] == parameters
    assert {"split", "label", "status"} <= set(inspect.signature(grossing.Tiles).parameters)
