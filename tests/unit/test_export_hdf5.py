"""TRIDENT and CLAM: files of coordinates, read back with h5py."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from exported import SIDES, SLIDE, TILING, corners, digests, passing, reasons, selection, statuses
from grossing.cohort.collect import by_slide
from grossing.export import clam, trident
from grossing.export.selection import NotStatable, Selection, Tiling


def trident_reads(attributes: Any) -> int:
    """Side in level-0 px that TRIDENT's WSIPatcher reads with the attributes of a file."""
    source, target = (10 / attributes[f"{name}_magnification"] for name in ("level0", "target"))
    return round(attributes["patch_size"] * target / source)


def test_trident(results: Path, tmp_path: Path) -> None:
    facts = by_slide((results / "slides").glob("*.json"))
    report = trident.export(selection(results), facts, tmp_path / "a", TILING)
    folder = tmp_path / "a/20x_256px_0px_overlap/patches"
    wanted = passing(results)
    for slide_id, magnification in (("TCGA.1", 20), ("at_40x", 40)):
        with h5py.File(folder / f"{slide_id}_patches.h5") as file:
            coords, attributes = file["coords"], dict(file["coords"].attrs)
            assert (coords.dtype, coords.shape[1]) == (np.int64, 2)
            assert list(map(tuple, coords[:])) == corners(wanted[slide_id])
        width, height = attributes.pop("level0_width"), attributes.pop("level0_height")
        assert (width, height) == ((2220, 2967) if slide_id == "TCGA.1" else (3000, 2400))
        assert trident_reads(attributes) == SIDES[slide_id]
        assert attributes == {
            "patch_size": 256,
            "patch_size_level0": SIDES[slide_id],
            "level0_magnification": magnification,
            "target_magnification": 20,
            "overlap": 0,
            "name": slide_id,
            "savetodir": "20x_256px_0px_overlap",
        }
    assert not (folder / "odd_patches.h5").exists()
    assert statuses(report) == {
        "TCGA.1": "exported",
        "at_40x": "exported",
        "odd": "refused",
        "gone": "unused",
    }
    assert "562 level-0 px at 0.2277 um/px" in str(reasons(report)["odd"])
    trident.export(selection(results), facts, tmp_path / "b", TILING)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


@pytest.mark.parametrize(
    ("mpp", "size", "side", "magnification"),
    [(0.25, 512, 1024, 40), (0.2527, 512, 1024, 40), (0.5, 224, 224, 20), (0.4, 512, 640, 25)],
)
def test_whole_magnifications_give_the_side(
    mpp: float, size: int, side: int, magnification: int
) -> None:
    tiling = Tiling(size, 0.5, 0.02)
    found = trident.level0_magnification(replace(SLIDE, mpp=mpp), side, tiling)
    assert found == magnification
    assert round(size * found / 20) == side


@pytest.mark.parametrize(
    ("mpp", "size", "side", "target", "said"),
    [
        (0.2277, 224, 492, 0.5, "TRIDENT would read 448"),
        (0.2277, 512, 1124, 0.5, "TRIDENT would read 1024"),
        (0.35, 512, 1024, 0.7, "target_mpp 0.7 is 14.29x"),
        (0.25, 512, 40960, 20.0, "target_mpp 20 is 0.50x"),
    ],
)
def test_what_whole_magnifications_cannot_state_is_refused(
    mpp: float, size: int, side: int, target: float, said: str
) -> None:
    with pytest.raises(NotStatable, match=said):
        trident.level0_magnification(replace(SLIDE, mpp=mpp), side, Tiling(size, target, 0.02))


@pytest.mark.parametrize(
    ("downsample", "levels", "said"),
    [
        (4.0, (1.0, 3.9996, 16.0), "would read 1364 instead of 1024"),
        (2.0, (1.0, 4.0, float("inf")), "shows another picture"),
        (2.0, (1.0, 4.0, 16.0), None),
        (4.0, (1.0, 4.0003, 16.0), None),
        (1.0, (1.0,), None),
    ],
)
def test_the_level_that_trident_reads_shows_the_tile(
    downsample: float, levels: tuple[float, ...], said: str | None
) -> None:
    if said is None:
        trident.check_level(1024, downsample, levels)
        return
    with pytest.raises(NotStatable, match=said):
        trident.check_level(1024, downsample, levels)


def test_a_slide_without_tiles_has_an_empty_file(results: Path, tmp_path: Path) -> None:
    chosen = selection(results)
    empty = replace(chosen, tiles=chosen.tiles.slice(0, 0))
    facts = by_slide((results / "slides").glob("*.json"))
    trident.export(empty, facts, tmp_path, TILING)
    with h5py.File(tmp_path / "20x_256px_0px_overlap/patches/at_40x_patches.h5") as file:
        assert file["coords"].shape == (0, 2)
        assert file["coords"].attrs["patch_size_level0"] == 512


def test_clam(results: Path, tmp_path: Path) -> None:
    report = clam.export(selection(results), tmp_path, TILING)
    for slide_id, rows in passing(results).items():
        with h5py.File(tmp_path / f"patches/{slide_id}.h5") as file:
            coords, attributes = file["coords"], dict(file["coords"].attrs)
            assert list(map(tuple, coords[:])) == corners(rows)
        size = [2220, 2967] if slide_id == "TCGA.1" else [3000, 2400]
        assert attributes.pop("downsample").tolist() == [1.0, 1.0]
        assert attributes.pop("level_dim").tolist() == size
        assert attributes.pop("downsampled_level_dim").tolist() == size
        assert attributes == {
            "patch_size": SIDES[slide_id],
            "patch_level": 0,
            "name": slide_id,
            "save_path": "patches",
        }
    assert (tmp_path / "dataset.csv").read_text() == (
        "case_id,slide_id,label\nTCGA,TCGA.1,tumor\nat_40x,at_40x,normal\n"
    )
    assert (tmp_path / "splits/splits_0.csv").read_text() == ",train,val,test\n0,TCGA.1,,at_40x\n"
    assert statuses(report) == {
        "TCGA.1": "exported",
        "at_40x": "exported",
        "odd": "partial",
        "gone": "unused",
    }
    assert "no label" in str(reasons(report)["odd"])
    for row in report.to_pylist()[:3]:
        rows = passing(results)[row["slide_id"]]
        width, height = (2220, 2967) if row["slide_id"] == "TCGA.1" else (3000, 2400)
        side = SIDES[row["slide_id"]]
        over = [(x, y) for x, y in corners(rows) if x + side > width or y + side > height]
        assert (row["tiles"], row["edge_tiles"]) == (len(rows), len(over))
    assert sum(row["edge_tiles"] for row in report.to_pylist()) > 0


def test_clam_has_a_round_per_fold() -> None:
    slides = [replace(SLIDE, slide_id=f"s{i}", fold=1 + i % 2) for i in range(4)]
    slides += [replace(SLIDE, slide_id="t", split="test")]
    slides += [replace(SLIDE, slide_id="v", split="val")]
    first, second = clam.rounds(slides)
    assert first == {"train": ["s1", "s3"], "val": ["s0", "s2"], "test": ["t"]}
    assert second == {"train": ["s0", "s2"], "val": ["s1", "s3"], "test": ["t"]}


@pytest.mark.parametrize(
    ("ids", "refused"),
    [(["001", "2"], ["001"]), (["001", "a"], []), (["1", "2"], []), (["1.50", "2"], ["1.50"])],
)
def test_clam_refuses_ids_that_pandas_changes(
    results: Path, tmp_path: Path, ids: list[str], refused: list[str]
) -> None:
    slides = [replace(SLIDE, slide_id=slide_id) for slide_id in ids]
    verdicts = [{"slide_id": i, "qc_status": "PASS"} for i in ids]
    chosen = Selection(verdicts, slides, selection(results).tiles.slice(0, 0))
    report = clam.export(chosen, tmp_path, TILING)
    assert [i for i, status in statuses(report).items() if status == "refused"] == refused
    with (tmp_path / "dataset.csv").open(newline="") as file:
        assert [row["slide_id"] for row in csv.DictReader(file)] == [
            i for i in ids if i not in refused
        ]
