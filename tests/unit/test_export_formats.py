"""Exports, read back by the readers of the formats where they install, else by their contract."""

import csv
import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import exported
import h5py
import numpy as np
import pyarrow as pa
import pytest
import shapely
import webdataset
from exported import SIDES, SIZE_PX
from grossing.cohort.collect import by_slide
from grossing.columns import splits as split_columns
from grossing.export import clam, geojson, hs2p, shards, trident
from grossing.export.selection import PLACE, ExportSlide, NotStatable, Selection, Tiling
from grossing.support import tables
from grossing.support.errors import CohortError
from running import REPOSITORY
from stages import CONFIG, TARGET

TILING = Tiling(SIZE_PX, **TARGET)
HS2P = REPOSITORY / "benchmarks/.hs2p/bin/python"
SLIDE = ExportSlide("a", "p", "tumor", "train", None, 20_000, 10_000, 0.25, "file")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, real_slide: Path, at_40x: Path) -> Path:
    return exported.make(tmp_path_factory.mktemp("cohort"), real_slide, at_40x)


def selection(results: Path, columns: Any = PLACE, splits: Path | None = None) -> Selection:
    cohort = results / "cohort"
    return Selection.read(
        cohort / "cohort_qc.parquet", cohort / "patch_cohort.parquet", splits, columns
    )


def passing(results: Path) -> dict[str, list[dict[str, Any]]]:
    """Tiles that pass by slide, read without the code under test."""
    rows = tables.read(results / "cohort/patch_cohort.parquet").to_pylist()
    used = [row for row in rows if row["qc_status_tile"] == "PASS"]
    used = [row for row in used if row["qc_status"] in ("PASS", "REVIEW")]
    return {i: [row for row in used if row["slide_id"] == i] for i in SIDES}


def corners(rows: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(row["x_level0_px"], row["y_level0_px"]) for row in rows]


def statuses(report: pa.Table) -> dict[str, str]:
    return {row["slide_id"]: row["status"] for row in report.to_pylist()}


def reasons(report: pa.Table) -> dict[str, str | None]:
    return {row["slide_id"]: row["reason"] for row in report.to_pylist()}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


# Selection


def test_passing_tiles_of_used_slides_are_selected_and_no_others(results: Path) -> None:
    wanted = passing(results)
    rows = tables.read(results / "cohort/patch_cohort.parquet")
    assert 0 < sum(map(len, wanted.values())) < rows.num_rows, "nothing is left out: no test"
    found = {slide.slide_id: tiles for slide, tiles in selection(results).by_slide()}
    assert list(found) == list(SIDES)
    for slide_id, tiles in found.items():
        places = list(zip(*(tiles[name].to_pylist() for name in PLACE[3:5]), strict=True))
        assert places == corners(wanted[slide_id]) != []


def test_a_slide_that_fails_is_not_selected(results: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(results / "cohort", tmp_path / "cohort"))
    for name in ("cohort_qc", "patch_cohort"):
        table = tables.read(copy / f"{name}.parquet")
        before = table.select(["slide_id", "qc_status"]).to_pylist()
        status = ["FAIL" if r["slide_id"] == "at_40x" else r["qc_status"] for r in before]
        index = table.column_names.index("qc_status")
        tables.write_parquet(
            table.set_column(index, "qc_status", pa.array(status)), copy / f"{name}.parquet"
        )
    chosen = selection(tmp_path)
    assert [slide.slide_id for slide in chosen.slides] == ["TCGA.1", "odd"]
    assert set(chosen.tiles["slide_id"].to_pylist()) == {"TCGA.1", "odd"}


def test_assigned_splits_replace_those_of_the_sheet(results: Path, tmp_path: Path) -> None:
    rows = [{"slide_id": i, "split": "val", "fold": None} for i in (*SIDES, "gone")]
    path = tmp_path / "splits.csv"
    tables.write_csv(tables.from_rows(rows, split_columns.SCHEMA), path)
    assert {slide.split for slide in selection(results, splits=path).slides} == {"val"}
    tables.write_csv(tables.from_rows(rows[1:], split_columns.SCHEMA), path)
    with pytest.raises(CohortError, match=r"no slide TCGA\.1"):
        selection(results, splits=path)


# TRIDENT


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


# CLAM


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


# WebDataset


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


# hs2p

#: what hs2p 6.1.0 accepts, from its docs/artifacts.md; any other key is refused
HS2P_KEYS = {
    "provenance": "sample_id image_path mask_path backend requested_backend spacing_at_level_0 "
    "mask_backend requested_mask_backend",
    "slide": "dimensions base_spacing_um level_downsamples",
    "tiling": "requested_tile_size_px requested_spacing_um read_level read_tile_size_px "
    "read_spacing_um tile_size_lv0 tolerance step_px_lv0 overlap min_tissue_fraction "
    "is_within_tolerance n_tiles",
    "segmentation": "tissue_method requested_seg_downsample seg_downsample seg_level "
    "seg_spacing_um sthresh sthresh_up mthresh close sam2_checkpoint_path sam2_config_path "
    "mask_path ref_tile_size_px tissue_mask_tissue_value mask_level mask_spacing_um",
    "filtering": "a_t a_h filter_white filter_black white_threshold black_threshold "
    "fraction_threshold filter_grayspace grayspace_saturation_threshold "
    "grayspace_fraction_threshold filter_blur blur_threshold qc_spacing_um",
    "artifact": "coordinate_space tile_order annotation selection_strategy output_mode",
}
READ_BY_HS2P = """
import json, sys
from pathlib import Path
from hs2p import load_tiling_result
folder, found = Path(sys.argv[1]), {}
for meta in folder.glob("*.meta.json"):
    npz = Path(str(meta).replace("meta.json", "npz"))
    result = load_tiling_result(npz if npz.exists() else None, meta)
    found[result.sample_id] = [result.x.tolist(), result.y.tolist(), result.tile_size_lv0]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def for_hs2p(results: Path, tmp_path_factory: pytest.TempPathFactory, at_40x: Path) -> Path:
    folder = tmp_path_factory.mktemp("hs2p")
    report = hs2p.export(
        selection(results, (*PLACE, "tissue_fraction")),
        by_slide((results / "slides").glob("*.json")),
        dict.fromkeys(SIDES, at_40x),
        folder,
        TILING,
        tissue_fraction_min=0.5,
    )
    assert set(statuses(report).values()) == {"exported", "unused"}
    return folder


def test_hs2p_by_its_contract(results: Path, for_hs2p: Path, at_40x: Path) -> None:
    for slide_id, rows in passing(results).items():
        meta = json.loads((for_hs2p / f"{slide_id}.coordinates.meta.json").read_text())
        assert {name: set(section) for name, section in meta.items()} == {
            name: set(keys.split()) for name, keys in HS2P_KEYS.items()
        }
        tiling = meta["tiling"]
        assert (tiling["requested_spacing_um"], tiling["requested_tile_size_px"]) == (0.5, 256)
        assert tiling["read_tile_size_px"] == tiling["tile_size_lv0"] == SIDES[slide_id]
        assert meta["provenance"]["image_path"] == str(at_40x)
        given = meta["provenance"]["spacing_at_level_0"]
        assert given == (0.2277 if slide_id == "odd" else None)
        arrays = np.load(for_hs2p / f"{slide_id}.coordinates.npz", allow_pickle=False)
        kinds = {name: array.dtype.name for name, array in arrays.items()}
        assert kinds == {
            "tile_index": "int32",
            "x": "int64",
            "y": "int64",
            "tissue_fractions": "float32",
        }
        places = list(zip(arrays["x"].tolist(), arrays["y"].tolist(), strict=True))
        assert places == sorted(corners(rows))
        shares = {(r["x_level0_px"], r["y_level0_px"]): r["tissue_fraction"] for r in rows}
        assert arrays["tissue_fractions"].tolist() == [shares[place] for place in places]


@pytest.mark.skipif(not HS2P.exists(), reason="needs benchmarks/.hs2p (make hs2p)")
def test_hs2p_reads_it(results: Path, for_hs2p: Path) -> None:
    done = subprocess.run(
        [str(HS2P), "-c", READ_BY_HS2P, str(for_hs2p)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == set(SIDES)
    for slide_id, (x, y, side) in found.items():
        assert side == SIDES[slide_id]
        assert list(zip(x, y, strict=True)) == sorted(corners(passing(results)[slide_id]))


def test_hs2p_has_no_arrays_of_a_slide_without_tiles(results: Path, tmp_path: Path) -> None:
    chosen = selection(results, (*PLACE, "tissue_fraction"))
    hs2p.export(
        replace(chosen, tiles=chosen.tiles.slice(0, 0)),
        by_slide((results / "slides").glob("*.json")),
        dict.fromkeys(SIDES, "a.svs"),
        tmp_path,
        TILING,
        tissue_fraction_min=0.5,
    )
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{i}.coordinates.meta.json" for i in SIDES} | {"process_list.csv"}
    with (tmp_path / "process_list.csv").open(newline="") as file:
        assert {
            (row["num_tiles"], row["coordinates_npz_path"]) for row in csv.DictReader(file)
        } == {("0", "")}


# QuPath


def test_geojson(results: Path, tmp_path: Path) -> None:
    geojson.export(selection(results, (*PLACE, *geojson.MEASUREMENTS)), tmp_path)
    for slide_id, rows in passing(results).items():
        made = json.loads((tmp_path / f"{slide_id}.geojson").read_text())
        squares = [shapely.geometry.shape(each["geometry"]) for each in made["features"]]
        side = SIDES[slide_id]
        assert [square.bounds for square in squares] == [
            (x, y, x + side, y + side) for x, y in corners(rows)
        ]
        properties = made["features"][0]["properties"]
        assert properties["objectType"] == "tile"
        assert properties["measurements"]["focus"] == rows[0]["focus"]
        assert set(properties["classification"]) == {"name", "color"}


def test_the_shipped_configuration_exports_nothing() -> None:
    assert CONFIG["exports"]["enabled"] is False
