"""Masks of the user's own in a cohort: what each slide becomes, and what an edited mask reruns."""

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from grossing.mask import labels, outlines
from grossing.measure.measured import CLASSES
from running import Once, by_slide, metrics, plan, run, write_sheet
from stages import measured

#: slide_id -> its slide, its mask
MASKS = {
    "ours": ("medium", ""),
    "png": ("medium", "masks/tissue.png"),
    "json": ("medium", "masks/tissue.geojson"),
    "mirrored": ("medium", "masks/mirrored.png"),
    "other": ("medium", "masks/other.png"),
    "shape": ("real", "masks/tissue.png"),
    "garbage": ("real", "masks/garbage.png"),
    "gone": ("real", "masks/gone.png"),
}
HEIGHT, WIDTH = 240, 300  # of the pictures: not the overview's


def rows(**paths: str) -> list[dict[str, str]]:
    """The sheet, with other masks for some slides."""
    return [
        {"slide_id": i, "path": f"slides/{slide}.svs", "mask": paths.get(i, mask)}
        for i, (slide, mask) in MASKS.items()
    ]


def write_mask(path: Path, tissue: np.ndarray) -> None:
    whole = cv2.resize(tissue.astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(path), 255 * whole)


@pytest.fixture(scope="module")
def finished(once: Once, slides: Path) -> Path:
    def fill(workdir: Path) -> None:
        for folder in ("slides", "masks"):
            (workdir / folder).mkdir()
        for name in ("medium", "real"):
            shutil.copyfile(slides / f"{name}.svs", workdir / f"slides/{name}.svs")
        medium, real = (measured(slides / f"{name}.svs") for name in ("medium", "real"))
        tissue = medium.mask == labels.TISSUE
        write_mask(workdir / "masks/tissue.png", tissue)
        write_mask(workdir / "masks/mirrored.png", tissue[:, ::-1])
        write_mask(workdir / "masks/other.png", real.mask == labels.TISSUE)
        collection = outlines.feature_collection(
            medium.mask,
            CLASSES,
            origin=(0, 0),
            downsample=medium.record.measures.areas.overview_downsample,
            mpp=0.5,
        )
        (workdir / "masks/tissue.geojson").write_text(json.dumps(collection))
        (workdir / "masks/garbage.png").write_text("no mask")
        write_sheet(workdir, rows())
        (workdir / "first_run.txt").write_text(run(workdir).text)

    return once("users_masks", fill)


@pytest.fixture
def workdir(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "work"))


def test_each_slide_becomes_what_its_mask_deserves(finished: Path) -> None:
    found = by_slide(finished, "cohort_qc.csv")
    codes = {
        slide_id: {reason.split("=")[0] for reason in row["qc_reasons"].split(";")}
        for slide_id, row in found.items()
    }
    assert codes["ours"] == codes["png"] == codes["json"]
    assert {found[i]["qc_status"] for i in ("shape", "garbage", "gone")} == {"ERROR"}
    assert codes["shape"] == {"mask_mismatch"}
    assert codes["garbage"] == {"mask_unreadable"}
    assert codes["gone"] == {"mask_missing"}
    assert {found[i]["qc_status"] for i in ("mirrored", "other")} <= {"REVIEW", "FAIL"}
    assert "mask_misplaced" in codes["mirrored"] and "mask_disagrees" in codes["other"]
    sources = {slide_id: row["mask_source"] for slide_id, row in found.items()}
    assert sources["ours"] == "ours"
    assert {sources[i] for i in ("png", "json", "mirrored", "other")} == {"user"}
    assert found["ours"]["mask_hash"] == "" != found["png"]["mask_hash"]
    warned = (finished / "first_run.txt").read_text()
    assert "column mask: 1 of 8 slides have no mask at its path and become ERROR" in warned
    assert "gone (line 9: 'gone.png')" in warned


def test_tiles_and_files_show_the_users_tissue(finished: Path) -> None:
    masks = {
        i: labels.read(finished / f"results/tissue/masks/{i}.png") == labels.TISSUE
        for i in ("ours", "png", "json", "mirrored")
    }
    for name in ("png", "json"):
        assert (masks[name] == masks["ours"]).mean() > 0.97, name
    assert (masks["mirrored"] == masks["ours"][:, ::-1]).mean() > 0.97
    shares = {
        i: {(t["tile_col"], t["tile_row"]): t["tissue_fraction"] for t in metrics(finished, i)}
        for i in masks
    }
    assert shares["png"] == pytest.approx(shares["ours"], abs=0.05)
    assert shares["json"] == pytest.approx(shares["ours"], abs=0.05)
    assert shares["mirrored"] != pytest.approx(shares["ours"], abs=0.2)
    outline = json.loads((finished / "results/tissue/outlines/mirrored.geojson").read_text())
    assert outline["features"]


def test_an_edited_mask_measures_its_slide_alone(workdir: Path) -> None:
    assert plan(workdir).jobs == {}
    for name in ("tissue.png", "tissue.geojson"):
        os.utime(workdir / "masks" / name, (1, 1))
    (workdir / "masks/mirrored.png").rename(workdir / "moved.png")
    (workdir / "masks/other.png").unlink()  # archived, as a slide may be
    write_sheet(workdir, rows(mirrored="moved.png"))
    moved = plan(workdir)
    assert not moved.measured and not moved.tiled
    assert "gone (line 9: 'gone.png')" in moved.text and "other (line " not in moved.text

    half = cv2.imread(str(workdir / "moved.png"), 0)
    half[:, : WIDTH // 2] = 0
    cv2.imwrite(str(workdir / "moved.png"), half)
    assert plan(workdir).measured == {"mirrored"}
    run(workdir)
    found = by_slide(workdir, "cohort_qc.csv")["mirrored"]
    assert "mask_misses_tissue" in found["qc_reasons"] and found["qc_status"] != "PASS"
    mask = labels.read(workdir / "results/tissue/masks/mirrored.png")
    assert not (mask[:, : mask.shape[1] // 2 - 1] == labels.TISSUE).any()

    write_sheet(workdir, rows(png="", mirrored="moved.png"))
    assert plan(workdir).measured == {"png"}
    write_mask(workdir / "masks/gone.png", half > 0)
    assert plan(workdir).measured == {"png", "gone"}
