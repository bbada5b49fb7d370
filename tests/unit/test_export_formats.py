"""What is exported at all; hs2p, read back by hs2p where it is installed, and QuPath."""

import csv
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from exported import SIDES, TILING, corners, passing, selection, statuses
from grossing.cohort.collect import by_slide
from grossing.columns import splits as split_columns
from grossing.export import geojson, hs2p
from grossing.export.selection import PLACE
from grossing.support import tables
from grossing.support.errors import CohortError
from running import REPOSITORY
from stages import CONFIG

HS2P = REPOSITORY / "benchmarks/.hs2p/bin/python"


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
