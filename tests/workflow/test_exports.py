"""Exports in a run: made when asked for, again when what they hold changes, never by default."""

import json
from pathlib import Path

import h5py
import webdataset
from running import configure, plan, read_csv, run, snakemake, write_sheet

FORMATS = ("trident", "clam", "hs2p", "webdataset", "geojson")
ON = {"enabled": True}
TRAIN = {"enabled": True, "fractions": {"train": 1, "val": 0, "test": 0}}


def jobs(*formats: str) -> dict[str, int]:
    return {f"export_{name}": 1 for name in formats}


def test_exports_are_made_from_a_finished_run(workdir: Path) -> None:
    assert plan(workdir).jobs == {}
    configure(workdir, exports=ON)
    assert plan(workdir).jobs == jobs(*FORMATS)
    run(workdir)
    made = workdir / "results/exports"
    assert plan(workdir).jobs == {}
    tiles = {row["slide_id"] for row in read_csv(workdir, "patch_cohort.csv")}
    assert tiles == {"real", "medium"}
    for name in FORMATS:
        report = (made / f"{name}.csv").read_text().splitlines()
        assert [line.split(",")[3].strip('"') for line in report[1:]] == [
            *("exported" if name != "clam" else "partial",) * 2,
            "unused",
            "unused",
        ], name
    with h5py.File(made / "trident/20x_512px_0px_overlap/patches/real_patches.h5") as file:
        assert len(file["coords"])
    meta = json.loads((made / "hs2p/real.coordinates.meta.json").read_text())
    assert meta["provenance"]["image_path"] == str(workdir / "slides/real.svs")
    assert [path.name for path in (made / "webdataset").glob("*.tar")] == ["unassigned-000000.tar"]
    assert {path.name for path in (made / "geojson").glob("*.geojson")} == {
        "real.geojson",
        "medium.geojson",
    }


def test_assigned_splits_go_into_the_exports_that_have_splits(workdir: Path) -> None:
    ids = ("real", "medium", "small", "absent")
    rows = [{"slide_id": i, "path": f"slides/{i}.svs", "label": "a"} for i in ids]
    rows = [row | {"split": "test" if row["slide_id"] == "real" else ""} for row in rows]
    write_sheet(workdir, rows)
    configure(workdir, exports=ON | {"hs2p": False, "geojson": False}, splits=TRAIN)
    run(workdir)
    split_of = {row["slide_id"]: row["split"] for row in read_csv(workdir, "splits.csv")}
    assert (split_of["real"], split_of["medium"]) == ("test", "train")
    made = workdir / "results/exports"
    assert not (made / "hs2p").exists()
    text = (made / "clam/splits/splits_0.csv").read_text()
    assert text == ",train,val,test\n0,medium,,real\n"
    for slide_id in ("real", "medium"):
        shard = made / f"webdataset/{split_of[slide_id]}-000000.tar"
        samples = list(webdataset.WebDataset(str(shard), shardshuffle=False).decode())
        assert {sample["json"]["slide_id"] for sample in samples} == {slide_id}
        assert {sample["json"]["split"] for sample in samples} == {split_of[slide_id]}

    configure(workdir, exports=ON, splits=TRAIN | {"tolerance": 0.3})
    wanted = {"assign_splits": 1, "check_leakage": 1}
    assert plan(workdir).jobs == wanted | jobs("clam", "webdataset", "hs2p", "geojson")


def test_shards_need_pixels(workdir: Path) -> None:
    configure(workdir, exports=ON, tiles={"container": "none"})
    done = snakemake(workdir, "-n")
    assert done.code != 0
    assert "exports.webdataset: false" in done.text
    configure(workdir, exports=ON | {"webdataset": False}, tiles={"container": "none"})
    assert set(jobs("trident", "clam", "hs2p", "geojson")) <= set(plan(workdir).jobs)
