"""WebDataset: shards, read back with webdataset."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import exported
import numpy as np
import pytest
import webdataset
from exported import SIZE_PX, corners, digests, passing, selection, statuses
from grossing.export import shards
from grossing.support.errors import CohortError


def read_shards(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Samples of each shard as webdataset gives them, decoded."""
    return {
        path.name: list(webdataset.WebDataset(str(path), shardshuffle=False).decode("rgb8"))
        for path in sorted(folder.glob("*.tar"))
    }


def test_webdataset(results: Path, tmp_path: Path) -> None:
    report = shards.export(selection(results, None), results, tmp_path / "a")
    made, wanted = read_shards(tmp_path / "a"), passing(results)
    names = {"TCGA.1": "train", "at_40x": "test", "odd": "unassigned"}
    assert list(made) == sorted(f"{name}-000000.tar" for name in names.values())
    for slide_id, name in names.items():
        samples = made[f"{name}-000000.tar"]
        got = [(s["json"]["x_level0_px"], s["json"]["y_level0_px"]) for s in samples]
        assert sorted(got) == sorted(corners(wanted[slide_id]))
        assert got != sorted(got) and got != corners(wanted[slide_id]), "not shuffled"
        assert {sample["json"]["slide_id"] for sample in samples} == {slide_id}
        assert {sample["jpg"].shape for sample in samples} == {(SIZE_PX, SIZE_PX, 3)}
    keys = [sample["__key__"] for samples in made.values() for sample in samples]
    assert sorted(keys) == [f"{number:08d}" for number in range(len(keys))]
    assert set(statuses(report).values()) == {"exported", "unused"}
    shards.export(selection(results, None), results, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_bytes_are_those_of_the_container(results: Path, tmp_path: Path) -> None:
    shards.export(selection(results, None), results, tmp_path)
    (stored,) = (
        row for row in passing(results)["TCGA.1"] if (row["tile_col"], row["tile_row"]) == (4, 5)
    )
    data = (results / stored["tile_container"]).read_bytes()
    start = stored["tile_offset"]
    samples = webdataset.WebDataset(str(tmp_path / "train-000000.tar"), shardshuffle=False)
    found = {
        (facts["tile_col"], facts["tile_row"]): sample["jpg"]
        for sample in samples
        if (facts := json.loads(sample["json"]))
    }
    assert found[4, 5] == data[start : start + stored["tile_bytes"]]
    assert len(found) == len(passing(results)["TCGA.1"])


def test_shards_are_bounded_and_their_order_is_that_of_one(results: Path, tmp_path: Path) -> None:
    shards.export(selection(results, None), results, tmp_path / "one")
    shards.export(selection(results, None), results, tmp_path / "many", shard_bytes=100_000)
    paths = sorted((tmp_path / "many").glob("train-*.tar"))
    assert len(paths) > 3
    assert all(path.stat().st_size <= 100_000 for path in paths)
    whole, parts = read_shards(tmp_path / "one"), read_shards(tmp_path / "many")
    joined = [sample["__key__"] for path in paths for sample in parts[path.name]]
    assert joined == [sample["__key__"] for sample in whole["train-000000.tar"]]


def test_another_slide_does_not_change_the_order_of_the_others(results: Path) -> None:
    tiles = selection(results).tiles
    alone = shards.shuffled(tiles, ["TCGA.1"])
    both = shards.shuffled(tiles, ["TCGA.1", "odd"])
    assert [number for number in both if number in set(alone)] == alone


@pytest.mark.parametrize("container", ["directory"])
def test_tiles_of_a_folder(tmp_path: Path, real_slide: Path, at_40x: Path, container: str) -> None:
    made = exported.make(tmp_path, real_slide, at_40x, container, only="TCGA.1")
    shards.export(selection(made, None), made, tmp_path / "out")
    (samples,) = read_shards(tmp_path / "out").values()
    assert len(samples) > 5
    tile = samples[0]["json"]
    path = made / f"tiles/TCGA.1/TCGA.1_files/12/{tile['tile_col']}_{tile['tile_row']}.jpeg"
    stored = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert np.abs(stored.astype(int) - samples[0]["jpg"]).mean() < 1


@pytest.mark.parametrize("kind", ["other", "missing", "short"])
def test_a_container_of_another_run_is_noticed(results: Path, tmp_path: Path, kind: str) -> None:
    copy = Path(shutil.copytree(results, tmp_path / "results"))
    path = copy / "tiles/at_40x.zip"
    data = path.read_bytes()
    path.unlink()
    if kind != "missing":
        path.write_bytes(data[50:] if kind == "other" else data[:2000])
    with pytest.raises(CohortError, match=r"slide at_40x: .* run again"):
        shards.export(selection(copy, None), copy, tmp_path / "out")


def test_a_split_that_is_no_file_name_is_refused(results: Path, tmp_path: Path) -> None:
    chosen = selection(results, None)
    slides = [replace(slide, split="../up") for slide in chosen.slides]
    report = shards.export(replace(chosen, slides=slides), results, tmp_path / "a/b")
    assert set(statuses(report).values()) == {"refused", "unused"}
    assert not list(tmp_path.rglob("*.tar"))
