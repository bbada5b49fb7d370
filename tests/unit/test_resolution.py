"""Resolution that contradicts the objective, pixels that are not square, tiles between pixels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import odd_tiff
import openslide
import pytest
from grossing.cohort import decide
from grossing.cohort.decide import TilingResult, Verdict
from grossing.slide import grid as grids
from grossing.slide import readers
from grossing.slide.record import SlideRecord
from grossing.tiles import rescaled_slide
from grossing.tiles.extraction import TileExtractor
from records import good
from stages import CONFIG, CRITERIA, TARGET, measured
from svs import JpegCodec, TiffWriter, padded_tiles

LIMITS = CONFIG["thresholds"]["slide"]
ALL_PASS = TilingResult(9, 9, 0.0, 0.0, 0.0)
NONE_PASS, NO_TILE = replace(ALL_PASS, passed=0), replace(ALL_PASS, candidates=0, passed=0)


# um/px times objective


def stated(mpp: float, objective: float | None, source: str = "file", **more: Any) -> SlideRecord:
    return good(mpp=mpp, objective=objective, mpp_source=source, **more)


@pytest.mark.parametrize(
    ("mpp", "objective", "reason"),
    [
        (0.25, 40.0, None),
        (0.25, 20.0, None),
        (0.5, 40.0, None),
        (0.16, 63.0, None),
        (0.25, None, None),
        (0.05, 20.0, "mpp_doubtful=0.05*20<3.333"),
        (0.0625, 40.0, "mpp_doubtful=0.0625*40<3.333"),
        (0.5, 80.0, "mpp_doubtful=0.5*80>30"),
    ],
)
def test_a_resolution_far_from_the_objective_is_doubtful(
    mpp: float, objective: float | None, reason: str | None
) -> None:
    verdict = decide.slide(stated(mpp, objective), CRITERIA)
    assert verdict == (Verdict("REVIEW", (reason,)) if reason else Verdict("PASS"))


@pytest.mark.parametrize("source", ["sheet", "objective"])
def test_a_resolution_that_a_person_gave_is_not_doubted(source: str) -> None:
    assert decide.slide(stated(0.05, 20.0, source), CRITERIA).status == "PASS"


def test_what_fails_at_a_doubtful_resolution_is_an_error_and_no_judgement() -> None:
    reason = "mpp_doubtful=0.05*20<3.333"
    small = decide.slide(stated(0.05, 20.0, tissue_area_mm2=0.01), CRITERIA)
    assert small == Verdict("ERROR", (reason, "tissue_area_mm2=0.01<0.1"))
    coarse = decide.slide(stated(5.0, 20.0), CRITERIA)
    assert coarse == Verdict("ERROR", ("mpp_doubtful=5*20>30", "coarser_than_target=5>0.5"))
    review = Verdict("REVIEW", (reason,))
    assert decide.after_tiling(review, ALL_PASS, LIMITS) == review
    final = decide.after_tiling(review, NONE_PASS, LIMITS)
    assert final == Verdict("ERROR", (reason, "no_passing_tile"))


def test_a_slide_without_candidates_says_so() -> None:
    final = decide.after_tiling(Verdict("PASS"), NO_TILE, LIMITS)
    assert final == Verdict("FAIL", ("no_candidate_tile",))
    assert decide.after_tiling(Verdict("PASS"), NONE_PASS, LIMITS).reasons == ("no_passing_tile",)


# Pixels that are not square


def test_a_rescaled_slide_keeps_its_size_in_um_on_both_axes(
    real_slide: Path, tmp_path: Path
) -> None:
    with openslide.OpenSlide(real_slide) as slide:
        rgb = np.asarray(slide.read_region((300, 900), 0, (1200, 900)).convert("RGB"))
    resolution = (1e4 / 0.3, 1e4 / 0.2)
    source = odd_tiff.write(tmp_path / "a.tif", [np.ascontiguousarray(rgb)], resolution=resolution)
    record = measured(source).record
    rescaled_slide.rescale(source, record, tmp_path / "b.tif", passed=True, quality=90, **TARGET)
    with openslide.OpenSlide(tmp_path / "b.tif") as slide:
        mpp = [float(slide.properties[f"openslide.mpp-{axis}"]) for axis in "xy"]
        size = np.array(slide.dimensions) * mpp
    assert size == pytest.approx([1200 * 0.3, 900 * 0.2], rel=0.005)
    assert mpp[0] / mpp[1] == pytest.approx(1.5, rel=1e-3)


# Scanned bounds between two pixels of a level


AREA, CORNER = (600, 800), (701, 603)  # height and width of the area, its place on the slide


@pytest.fixture(scope="module")
def leica(real_slide: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Leica SCN with one area at an odd place, so that level 1 lies on half pixels of level 0."""
    with openslide.OpenSlide(real_slide) as slide:
        rgb = np.asarray(slide.read_region((300, 900), 0, AREA[::-1]).convert("RGB"))
    path = tmp_path_factory.mktemp("leica") / "a.scn"
    codec = JpegCodec(95, "444", "ycbcr")
    macro = np.full((256, 256, 3), 200, np.uint8)
    pages = [macro, rgb, cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)]
    with TiffWriter(path, bigtiff=True) as writer:
        for number, page in enumerate(pages):
            page = np.ascontiguousarray(page)
            size = (page.shape[1], page.shape[0])
            text = _scn_description() if number == 0 else ""
            bands = [page[top : top + 256] for top in range(0, page.shape[0], 256)]
            tiles = (tile for band in bands for tile in padded_tiles([band], 256, codec))
            writer.tiled(tiles, size, 256, text, codec)
    return path


def _scn_description() -> str:
    nm, (height, width), (x, y) = 250, AREA, CORNER
    whole = f'sizeX="{2000 * nm}" sizeY="{2000 * nm}"'

    def image(name: str, pixels: str, view: str, objective: int, aperture: float) -> str:
        return (
            f'<image uuid="{name}" name="{name}"><creationDate>2012-01-01T00:00:00Z</creationDate>'
            f'<device model="Leica SCN400" version="1.4"/>{pixels}{view}<scanSettings>'
            f"<objectiveSettings><objective>{objective}</objective></objectiveSettings>"
            f"<illuminationSettings><numericalAperture>{aperture}</numericalAperture>"
            "<illuminationSource>brightfield</illuminationSource></illuminationSettings>"
            "</scanSettings></image>"
        )

    macro = image(
        "m",
        '<pixels sizeX="256" sizeY="256"><dimension sizeX="256" sizeY="256" r="0" ifd="0"/>'
        "</pixels>",
        f'<view {whole} offsetX="0" offsetY="0" spacingZ="0"/>',
        1,
        0.05,
    )
    area = image(
        "a",
        f'<pixels sizeX="{width}" sizeY="{height}">'
        f'<dimension sizeX="{width}" sizeY="{height}" r="0" ifd="1"/>'
        f'<dimension sizeX="{width // 2}" sizeY="{height // 2}" r="1" ifd="2"/></pixels>',
        f'<view sizeX="{width * nm}" sizeY="{height * nm}" offsetX="{x * nm}" '
        f'offsetY="{y * nm}" spacingZ="0"/>',
        40,
        0.65,
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection name="c" uuid="c" {whole}><barcode>eA==</barcode>{macro}{area}'
        "</collection></scn>"
    )


def test_a_tile_lies_where_the_table_puts_it_to_the_pixel(leica: Path) -> None:
    slide = measured(leica, mpp=0.25).record.usable()
    assert (slide.file.bounds.x, slide.file.bounds.y) == CORNER
    grid = grids.make(slide.file.bounds, 0.25, size_px=128, **TARGET)
    extractor = TileExtractor(leica, slide, grid)
    rgb = extractor.extract(1, 1)
    extractor.close()
    with openslide.OpenSlide(leica) as source:
        level0 = np.asarray(source.read_region(grid.corner(1, 1), 0, (256, 256)).convert("RGB"))
    assert np.array_equal(rgb, cv2.resize(level0, (128, 128), interpolation=cv2.INTER_AREA))


def test_a_level_is_read_from_the_exact_corner_of_the_bounds(leica: Path) -> None:
    glass = np.full(3, 255, np.uint8)
    reader = readers.OpenSlideReader(leica, 1, 2.0, glass, origin=CORNER)
    x, y = (readers.nearest(at, 2.0) for at in CORNER)
    ours = reader.read(x + 37, y + 21, 64, 64).rgb
    reader.close()
    with openslide.OpenSlide(leica) as source:
        place = (CORNER[0] + 74, CORNER[1] + 42)
        theirs = np.asarray(source.read_region(place, 1, (64, 64)).convert("RGB"))
    assert np.array_equal(ours, theirs)
