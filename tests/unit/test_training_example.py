"""The example of docs/training.md runs; its batches are the same with any number of workers."""

import importlib.util
import re
import sys
from itertools import cycle, islice
from types import ModuleType

import numpy as np
import pytest
import training_cohort
from grossing import Tiles, TileSampler, balanced_weights
from grossing.support import tables
from running import REPOSITORY
from stages import CONFIG

JPEG = CONFIG["tiles"] | {"size_px": 256}


def stand_in(monkeypatch):
    """Modules with the protocol of PyTorch's DataLoader alone."""
    names = ("torch", "torch.utils", "torch.utils.data")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["torch.utils.data"].DataLoader = training_cohort.DataLoader


@pytest.fixture(params=["protocol", "torch"])
def loader(request, monkeypatch):
    """The class DataLoader: PyTorch's, and one that asks the same of a dataset and a sampler."""
    if request.param == "protocol":
        stand_in(monkeypatch)
    elif importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed: pip install torch")
    return importlib.import_module("torch.utils.data").DataLoader


@pytest.fixture(scope="module")
def cohort(tmp_path_factory, real_slide):
    """A folder with `results`, tiles of which two of five are tumor."""
    folder = tmp_path_factory.mktemp("cohort")
    made = training_cohort.run(folder / "results", real_slide, "zip", JPEG)
    labels = cycle(["tumor", "normal", "normal", "tumor", "normal"])
    number = tables.read(made / "p.parquet").num_rows
    values = {"label": list(islice(labels, number)), "split": ["train"] * number}
    training_cohort.altered(made / "p.parquet", made / "patch_cohort.parquet", **values)
    return folder


def example():
    """The code of the page, with as many epochs and tiles as a test needs."""
    page = (REPOSITORY / "docs/training.md").read_text(encoding="utf-8")
    code = re.search(r"<!-- example -->\n\n```python\n(.*?)```", page, re.DOTALL)[1]
    assert len(code.strip().splitlines()) <= 10
    small = code.replace("range(20)", "range(2)").replace("batch_size=64", "batch_size=4")
    assert small.count("range(2)") == small.count("batch_size=4") == 1
    return small


def test_the_example_of_the_docs_trains(cohort, loader, monkeypatch):
    monkeypatch.chdir(cohort)
    steps = []
    exec(example(), {"train_step": lambda pixels, labels: steps.append((pixels, labels))})
    tiles = Tiles("results/cohort/patch_cohort.parquet")
    sampler = TileSampler(tiles, seed=1, weights=balanced_weights(tiles, "label", "slide_id"))
    expected = [tiles[number] for _ in range(2) for number in sampler]
    served = [np.asarray(picture) for pixels, _ in steps for picture in pixels]
    assert len(served) == len(expected) == 2 * len(tiles) > 40
    for picture, (pixels, _) in zip(served, expected, strict=True):
        assert picture.dtype == np.uint8 and np.array_equal(picture, pixels)
    assert [name for _, labels in steps for name in labels] == [row["label"] for _, row in expected]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_batches_do_not_depend_on_the_workers(cohort, loader, start):
    tiles = Tiles(cohort / "results/cohort/patch_cohort.parquet")
    tiles[0]  # a file is open here before the workers start
    expected = list(TileSampler(tiles, seed=7, per_slide=13))
    places = [(row["tile_col"], row["tile_row"]) for row in tiles.rows.to_pylist()]
    for workers in (1, 3):
        batches = loader(
            tiles,
            batch_size=5,
            sampler=TileSampler(tiles, seed=7, per_slide=13),
            num_workers=workers,
            multiprocessing_context=start,
        )
        rows = [rows for _, rows in batches]
        found = [
            (int(column), int(row))
            for batch in rows
            for column, row in zip(batch["tile_col"], batch["tile_row"], strict=True)
        ]
        assert found == [places[number] for number in expected]
