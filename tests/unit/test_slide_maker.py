"""The synthetic slides are what the other tests take them for."""

import csv
from pathlib import Path

import cv2
import damage
import make_cohort
import make_slide
import numpy as np
import openslide
import pytest
from scene import GLASS, OUT_OF_FOCUS, PEN, TISSUE
from scores import iou

REGION = Path(make_cohort.REGION)
WIDTH_PX, HEIGHT_PX = 1500, 1200
TILE_PX = 256


@pytest.fixture(scope="module")
def slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slide")
    path = folder / "slide.svs"
    make_slide.make_slide(REGION, path, WIDTH_PX, HEIGHT_PX, truth_path=folder / "truth.png")
    return path


def read(path: Path, level: int = 0) -> np.ndarray:
    with openslide.OpenSlide(path) as slide:
        size = slide.level_dimensions[level]
        return np.asarray(slide.read_region((0, 0), level, size).convert("RGB"))


def unreadable_tiles(path: Path) -> list[tuple[int, int]]:
    """(column, row) of each level-0 tile that OpenSlide cannot read; an error spoils its handle."""
    with openslide.OpenSlide(path) as slide:
        tile_px = int(slide.properties["openslide.level[0].tile-width"])
        width, height = slide.dimensions
    lost = []
    for y in range(0, height, tile_px):
        for x in range(0, width, tile_px):
            size = (min(tile_px, width - x), min(tile_px, height - y))
            with openslide.OpenSlide(path) as slide:
                try:
                    slide.read_region((x, y), 0, size)
                except openslide.OpenSlideError:
                    lost.append((x // tile_px, y // tile_px))
    return lost


def test_openslide_takes_it_for_an_aperio_scan(slide_path: Path) -> None:
    with openslide.OpenSlide(slide_path) as slide:
        properties = slide.properties
        assert properties[openslide.PROPERTY_NAME_VENDOR] == "aperio"
        assert float(properties[openslide.PROPERTY_NAME_MPP_X]) == 0.25
        assert float(properties[openslide.PROPERTY_NAME_MPP_Y]) == 0.25
        assert properties[openslide.PROPERTY_NAME_OBJECTIVE_POWER] == "40"
        assert slide.level_dimensions == ((WIDTH_PX, HEIGHT_PX), (375, 300))
        assert properties["openslide.level[0].tile-width"] == str(TILE_PX)
        assert set(slide.associated_images) == {"thumbnail", "label", "macro"}
        assert all(min(image.size) > 1 for image in slide.associated_images.values())


def test_it_carries_personal_data_that_must_not_leak(slide_path: Path) -> None:
    with openslide.OpenSlide(slide_path) as slide:
        for name, value in make_slide.PERSONAL.items():
            assert slide.properties[f"aperio.{name}"] == value


def test_every_level_shows_the_same_picture(tmp_path: Path) -> None:
    path = tmp_path / "fine.svs"
    make_slide.make_slide(REGION, path, 1501, 1203, quality=95, subsampling="444")
    lower = read(path, 1)
    shrunk = cv2.resize(read(path)[:1200, :1500], (375, 300), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - lower).mean() < 2


def test_truth_is_what_is_drawn(slide_path: Path) -> None:
    truth = cv2.imread(str(slide_path.with_name("truth.png")), cv2.IMREAD_UNCHANGED)
    assert truth.shape == (38, 47)  # cells of 8 um: 32 px
    rgb = read(slide_path).astype(np.int16)
    coloured = (rgb.max(axis=2) - rgb.min(axis=2) > 20).astype(np.float32)
    share = cv2.resize(coloured[:1184, :1472], (46, 37), interpolation=cv2.INTER_AREA)
    assert iou(share > 0.5, truth[:37, :46] != GLASS) > 0.9


def test_truth_has_the_shares_asked_for(tmp_path: Path) -> None:
    truth = make_slide.make_slide(
        REGION, tmp_path / "a.svs", 2400, 2000, tissue_fraction=0.5, blurred_fraction=0.3
    )
    tissue = np.isin(truth, (TISSUE, OUT_OF_FOCUS))
    assert tissue.mean() == pytest.approx(0.5, abs=0.03)
    assert (truth == OUT_OF_FOCUS).sum() / tissue.sum() == pytest.approx(0.3, abs=0.02)
    assert (truth == PEN).any()


def test_out_of_focus_tissue_is_soft(tmp_path: Path) -> None:
    sharpness = []
    for blurred_fraction in (0, 1):
        path = tmp_path / f"{blurred_fraction}.svs"
        make_slide.make_slide(
            REGION, path, 1500, 1200, blurred_fraction=blurred_fraction, pen=False
        )
        sharpness.append(cv2.Laplacian(read(path)[..., 1], cv2.CV_64F).var())
    assert sharpness[1] < sharpness[0] / 10


def test_a_blank_slide_is_only_glass(tmp_path: Path) -> None:
    path = tmp_path / "blank.svs"
    truth = make_slide.make_slide(REGION, path, 800, 600, tissue_fraction=0, pen=False)
    assert (truth == GLASS).all()
    assert read(path).min() > 200


def test_the_same_arguments_give_the_same_bytes(slide_path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.svs"
    make_slide.make_slide(REGION, again, WIDTH_PX, HEIGHT_PX)
    assert again.read_bytes() == slide_path.read_bytes()
    assert list(tmp_path.iterdir()) == [again]
    make_slide.make_slide(REGION, again, WIDTH_PX, HEIGHT_PX, seed=8)
    assert again.read_bytes() != slide_path.read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"tile_px": 240},
        {"tile_px": 512, "subsampling": "420"},
        {"subsampling": "444"},
        {"subsampling": "444", "photometric": "rgb"},
        {"pyramid_factor": 2},
        {"bigtiff": True},
    ],
    ids=str,
)
def test_every_encoding_shows_the_same_picture(
    options: dict[str, int | str | bool], slide_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "variant.svs"
    make_slide.make_slide(REGION, path, WIDTH_PX, HEIGHT_PX, noise=0, quality=95, **options)
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.level[0].tile-width"] == str(
            options.get("tile_px", TILE_PX)
        )
        factor = options.get("pyramid_factor", 4)
        assert slide.level_dimensions[1] == (WIDTH_PX // factor, HEIGHT_PX // factor)
    assert np.abs(read(path).astype(int) - read(slide_path)).mean() < 3


def test_levels_are_rounded_down_like_those_of_a_scanner() -> None:
    assert make_slide.level_sizes(46000, 32914, 4) == [(46000, 32914), (11500, 8228), (2875, 2057)]
    assert make_slide.level_sizes(9001, 5001, 2) == [
        (9001, 5001),
        (4500, 2500),
        (2250, 1250),
    ]


def test_another_resolution_gives_nuclei_of_the_same_size(tmp_path: Path) -> None:
    path = tmp_path / "coarse.svs"
    truth = make_slide.make_slide(REGION, path, 800, 640, mpp=0.4989)
    with openslide.OpenSlide(path) as slide:
        assert float(slide.properties[openslide.PROPERTY_NAME_MPP_X]) == 0.4989
        assert slide.properties[openslide.PROPERTY_NAME_OBJECTIVE_POWER] == "20"
    assert truth.shape == (40, 50)


def test_a_slide_without_resolution(tmp_path: Path) -> None:
    path = tmp_path / "no_mpp.svs"
    make_slide.make_slide(REGION, path, 800, 600, with_mpp=False)
    with openslide.OpenSlide(path) as slide:
        assert openslide.PROPERTY_NAME_MPP_X not in slide.properties


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pen": "pink"}, "unknown pen 'pink'"),
        ({"photometric": "rgb", "subsampling": "420"}, "needs subsampling 444"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        make_slide.make_slide(REGION, tmp_path / "a.svs", 800, 600, **options)


@pytest.mark.parametrize("source", ["synthetic", "real"])
def test_destroyed_tiles_fail_exactly_there(source: str, slide_path: Path, tmp_path: Path) -> None:
    whole = slide_path if source == "synthetic" else REGION
    broken = tmp_path / "broken.svs"
    assert damage.destroy_tiles(whole, broken, [(2, 3), (4, 1)]) == [(4, 1), (2, 3)]
    assert unreadable_tiles(broken) == [(4, 1), (2, 3)]
    assert unreadable_tiles(whole) == []


def test_a_number_of_tiles_destroys_the_ones_that_show_most(
    slide_path: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.svs"
    lost = damage.destroy_tiles(slide_path, broken, 3)
    assert len(lost) == 3
    assert unreadable_tiles(broken) == lost


def test_a_truncated_slide_does_not_open(slide_path: Path, tmp_path: Path) -> None:
    damage.truncate(slide_path, tmp_path / "t.svs", 0.6)
    assert (tmp_path / "t.svs").stat().st_size == int(slide_path.stat().st_size * 0.6)
    with pytest.raises(openslide.OpenSlideError):
        openslide.OpenSlide(tmp_path / "t.svs")


def test_lying_offsets_open_but_do_not_read(slide_path: Path, tmp_path: Path) -> None:
    damage.lie_offsets(slide_path, tmp_path / "l.svs")
    with openslide.OpenSlide(tmp_path / "l.svs") as slide:
        assert slide.dimensions == (WIDTH_PX, HEIGHT_PX)
    with pytest.raises(openslide.OpenSlideError):
        read(tmp_path / "l.svs")


@pytest.mark.parametrize("side_px", [2**31 - 1, 4_000_000_000])
def test_absurd_dimensions_are_claimed(side_px: int, tmp_path: Path) -> None:
    damage.absurd_dimensions(REGION, tmp_path / "x.svs", side_px)
    with pytest.raises(openslide.OpenSlideError, match="Invalid TIFF"):
        openslide.OpenSlide(tmp_path / "x.svs")


def test_cohort_is_complete_and_not_made_twice(tmp_path: Path) -> None:
    sheet = make_cohort.make_cohort(tmp_path)
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == make_cohort.COLUMNS
    absent = [row["slide_id"] for row in rows if not (tmp_path / row["path"]).exists()]
    assert absent == ["missing"]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "slides").iterdir()}
    assert sum(path.stat().st_size for path in before) < 30e6
    make_cohort.make_cohort(tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "slides").iterdir()}
