"""Stain normalisation and separation as stages: what is written, rerun, refused."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from grossing import dataset
from running import (
    Once,
    by_slide,
    configure,
    plan,
    read_csv,
    run,
    snakemake,
    write_sheet,
)

STAIN = {"enabled": True, "reference": "training"}
PRODUCTS = ("normalized", "stains/hematoxylin", "stains/eosin")
#: slide -> file, stain, split
SLIDES = {
    "real": ("real.svs", "H&E", "train"),
    "medium": ("medium.svs", "", "test"),
    "ki67": ("real.svs", "Ki67", "train"),
    "absent": ("absent.svs", "", "train"),
}


def fill(workdir: Path, slides: Path) -> None:
    for name in ("real", "medium"):
        shutil.copyfile(slides / f"{name}.svs", workdir / f"{name}.svs")
    columns = ("slide_id", "path", "stain", "split")
    rows = [dict(zip(columns, (i, *cells), strict=True)) for i, cells in SLIDES.items()]
    write_sheet(workdir, rows)
    set_up(workdir)


def set_up(workdir: Path, **stain: object) -> None:
    configure(workdir, stain=STAIN | stain, stains={"enabled": True}, tiles={"size_px": 256})


@pytest.fixture(scope="session")
def stained(once: Once, slides: Path) -> Path:
    """A first run, references pooled over the training slides; not to be changed."""

    def make(workdir: Path) -> None:
        fill(workdir, slides)
        run(workdir)

    return once("stained", make)


@pytest.fixture
def workdir(stained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stained, tmp_path / "work"))


def members(workdir: Path, product: str, slide_id: str) -> dict[str, bytes]:
    with zipfile.ZipFile(workdir / f"results/{product}/{slide_id}.zip") as container:
        return {name: container.read(name) for name in container.namelist()}


def reference(workdir: Path) -> dict:
    return json.loads((workdir / "results/stain/reference.json").read_text())


@pytest.mark.parametrize("product", PRODUCTS)
def test_products_have_the_members_of_the_tiles(stained: Path, product: str) -> None:
    for slide_id in SLIDES:
        made, tiles = members(stained, product, slide_id), members(stained, "tiles", slide_id)
        if slide_id == "ki67" and product != "normalized":
            tiles = {name: data for name, data in tiles.items() if name.endswith(".dzi")}
        assert list(made) == list(tiles)
        assert made[f"{slide_id}.dzi"] == tiles[f"{slide_id}.dzi"]
    assert len(members(stained, product, "absent")) == 1


def test_the_tile_table_says_what_was_done(stained: Path) -> None:
    rows = read_csv(stained, "patch_cohort.csv")
    raw = {i: members(stained, "tiles", i) for i in SLIDES}
    made = {i: members(stained, "normalized", i) for i in SLIDES}
    found = {row["slide_id"]: row["stain_status"] for row in rows}
    assert found == {"real": "normalized", "medium": "normalized", "ki67": "not_he"}
    for row in rows:
        of, path = row["slide_id"], row["tile_path"]
        assert (made[of][path] == raw[of][path]) == (row["stain_status"] != "normalized")
        assert bool(row["hematoxylin_od"]) == bool(row["eosin_od"]) == (of != "ki67")


def test_training_reads_every_product(stained: Path) -> None:
    table = stained / "results/cohort/patch_cohort.parquet"
    plain = dataset.Tiles(table)
    for product in PRODUCTS:
        tiles = dataset.Tiles(table, product=product)
        assert len(tiles) == len(plain) > 0
        pixels, row = tiles[0]
        assert pixels.shape == (256, 256, 3)
        assert row["tile_path"] == plain[0][1]["tile_path"]
        assert (pixels != plain[0][0]).any()


def test_a_test_slide_cannot_move_the_reference(workdir: Path, slides: Path) -> None:
    before = reference(workdir)
    assert before["slides"] == ["real"]
    normalized = members(workdir, "normalized", "real")
    shutil.copyfile(slides / "small.svs", workdir / "medium.svs")
    done = run(workdir)
    assert done.measured == {"medium"}
    assert "pool_stain" not in done.jobs
    assert done.jobs["normalize_tiles"] == 1
    assert reference(workdir) == before
    assert members(workdir, "normalized", "real") == normalized
    assert by_slide(workdir, "cohort_qc.csv")["medium"]["qc_status"] == "FAIL"
    assert list(members(workdir, "normalized", "medium")) == ["medium.dzi"]
    assert plan(workdir).jobs == {}


def test_parts_want_the_reference_that_they_share(workdir: Path) -> None:
    shared, part = "results/stain/reference.json", ("part=1/2",)
    assert plan(workdir, "batch", config=part).jobs == {}
    (workdir / shared).unlink()
    refused = snakemake(workdir, "batch", "-n", config=part)
    assert refused.code != 0 and f"{shared} does not exist" in refused.text
    run(workdir, shared)
    assert "measure_slide" not in plan(workdir, "batch", config=part).jobs


def test_another_method_or_reference_measures_and_tiles_nothing(workdir: Path) -> None:
    assert plan(workdir).jobs == {}
    for change in ({"method": "reinhard"}, {"reference": "real"}):
        set_up(workdir, **change)
        jobs = plan(workdir).jobs
        assert jobs["pool_stain"] == 1 and jobs["normalize_tiles"] == 4
        assert not {"measure_slide", "tile_slide", "separate_stains"} & jobs.keys()
    set_up(workdir, scope="tile", reference="shipped")
    assert "pool_stain" not in plan(workdir).jobs
    set_up(workdir, enabled=False)
    assert set(plan(workdir).jobs) == {"collect_tiles", "draw_overlays", "check_leakage"}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"stain": {"enabled": True}, "tiles": {"container": "none"}}, "stain.enabled: tiles"),
        ({"stains": {"enabled": True}, "tiles": {"container": "none"}}, "stains.enabled: tiles"),
        ({"stain": {"enabled": True, "reference": "typo"}}, "no slide 'typo' in cohort.csv"),
        ({"stain": {"enabled": True, "reference": "training"}}, "has the split train: fill"),
    ],
)
def test_what_cannot_work_stops_at_start(
    tmp_path: Path, config: dict[str, dict[str, object]], said: str
) -> None:
    write_sheet(tmp_path, [{"slide_id": "a", "path": "a.svs", "split": "test"}])
    configure(tmp_path, **config)
    refused = snakemake(tmp_path, "-n")
    assert refused.code != 0
    assert said in refused.text
    assert "Traceback" not in refused.text
