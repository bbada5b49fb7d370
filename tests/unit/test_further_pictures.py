"""TIFFs of several pictures, and OME-XML: what is read, and what is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import odd_tiff
import openslide
import pytest
import tifffile
from grossing.cohort import decide
from grossing.slide import further_pictures, ome_xml
from grossing.zstack import planes
from stages import CRITERIA, measured

OPTIONS: dict[str, Any] = {"tile": (256, 256), "photometric": "rgb", "compression": "zlib"}
HALF_UM: dict[str, Any] = {"resolution": (2e4, 2e4), "resolutionunit": "CENTIMETER"}


def ome(name: str, mpp: float = 0.5, unit: str = "\u00b5m", axes: str = "YXS") -> dict[str, Any]:
    """OME metadata of one picture; without a resolution where `mpp` is 0."""
    sizes = {f"PhysicalSize{axis}": mpp for axis in "XY"}
    units = {f"PhysicalSize{axis}Unit": unit for axis in "XY"}
    return {"axes": axes, "Name": name} | (sizes | units if mpp else {})


def write_ome(path: Path, *pages: tuple[np.ndarray, dict[str, Any]], **options: Any) -> Path:
    with tifffile.TiffWriter(path, ome=True) as writer:
        for picture, metadata in pages:
            writer.write(picture, metadata=metadata, **OPTIONS, **options)
    return path


@pytest.fixture(scope="module")
def picture(real_slide: Path) -> np.ndarray:
    """(1536, 1280, 3) of the real slide."""
    with openslide.OpenSlide(real_slide) as slide:
        return np.asarray(slide.read_region((0, 0), 0, (1280, 1536)).convert("RGB"))


def verdict(path: Path) -> decide.Verdict:
    return decide.slide(measured(path).record, CRITERIA)


# pictures that are left out


def test_a_second_scene_and_further_planes_are_reviewed(
    picture: np.ndarray, tmp_path: Path
) -> None:
    scenes = ((picture, ome("Scene 1")), (picture[:600, :512], ome("Scene 2")))
    assert verdict(write_ome(tmp_path / "scenes.ome.tif", *scenes)) == decide.Verdict(
        "REVIEW", ("pictures_left_out=1>0",)
    )
    stack = (np.stack([picture] * 3), ome("Image 1", axes="ZYXS"))
    assert verdict(write_ome(tmp_path / "planes.ome.tif", stack)).reasons == (
        "pictures_left_out=2>0",
    )


def test_labels_and_macro_pictures_and_levels_are_no_scenes(
    picture: np.ndarray, tmp_path: Path, real_slide: Path
) -> None:
    beside = [("label image", picture[:400, :500]), ("macro image", picture[:500])]
    pages = [(picture, ome("a.svs")), *((part, ome(name, 0)) for name, part in beside)]
    assert verdict(write_ome(tmp_path / "a.ome.tif", *pages)) == decide.Verdict("PASS")
    pyramid = odd_tiff.write(tmp_path / "pyramid.tif", [picture, picture[::2, ::2]])
    unmarked = odd_tiff.write(
        tmp_path / "unmarked.tif", [picture, picture[::2, ::2], picture[::4, ::4]], subfiletype=0
    )
    for path in (pyramid, unmarked, real_slide):
        assert further_pictures.of_file(path) == 0


def test_in_a_plain_tiff_small_pages_and_masks_are_no_scenes(
    picture: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for page in (picture, picture[:256, :256], picture[:900]):
            writer.write(page, metadata=None, **OPTIONS, **HALF_UM)
        writer.write(picture[..., 0], tile=(256, 256), photometric="minisblack", metadata=None)
    assert further_pictures.of_file(path) == 1


def test_mixed_levels_of_several_pictures_are_refused_with_their_number(
    picture: np.ndarray, tmp_path: Path
) -> None:
    path, other = tmp_path / "a.tif", np.hstack([picture, picture[:, :200]])[:1000]
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate((picture, picture[::2, ::2], other, other[::2, ::2])):
            writer.write(page, subfiletype=number % 2, metadata=None, **OPTIONS, **HALF_UM)
    found = measured(path).record.refusal
    assert found is not None
    assert found.code == "unsupported"
    assert "2 pictures" in found.message
    assert "page=N" in found.remedy


# resolution of OME-XML


@pytest.mark.parametrize(
    ("value", "unit"), [(0.5, "\u00b5m"), (0.5, "\u03bcm"), (500, "nm"), (5e-4, "mm")]
)
def test_the_resolution_of_ome_xml_is_read_in_its_unit(
    picture: np.ndarray, tmp_path: Path, value: float, unit: str
) -> None:
    path = write_ome(tmp_path / "a.ome.tif", (picture, ome("a", value, unit)))
    found = measured(path).record.resolution
    assert found is not None
    assert (found.mpp, found.mpp_source) == (pytest.approx(0.5), "ome")


def test_ome_xml_wins_over_tags_and_the_sheet_over_both(
    picture: np.ndarray, tmp_path: Path
) -> None:
    dpi = {"resolution": (72, 72), "resolutionunit": "INCH"}
    path = write_ome(tmp_path / "a.ome.tif", (picture, ome("a")), **dpi)
    for given, expected in ((None, (0.5, "ome")), (0.4, (0.4, "sheet"))):
        found = measured(path, mpp=given).record.resolution
        assert found is not None
        assert (found.mpp, found.mpp_source) == expected


def test_pages_of_an_ome_stack_have_its_resolution(stack_pictures: Any, tmp_path: Path) -> None:
    stack = (np.stack(stack_pictures), ome("a", axes="ZYXS"))
    path = write_ome(tmp_path / "a.ome.tif", stack)
    with planes.opened([path], (), given_mpp=None) as opened:
        assert [(p.resolution.mpp, p.resolution.mpp_source) for p in opened] == [
            (0.5, "ome")
        ] * len(stack_pictures)


@pytest.mark.parametrize(
    "pixels",
    [
        'SizeX="9" SizeY="9"',
        'SizeX="9" SizeY="9" PhysicalSizeX="0.5"',
        'SizeX="9" SizeY="9" PhysicalSizeX="1" PhysicalSizeY="1" PhysicalSizeXUnit="pixel"',
        'SizeX="9" SizeY="9" PhysicalSizeX="0" PhysicalSizeY="nan"',
        'SizeX="8" SizeY="9" PhysicalSizeX="1" PhysicalSizeY="1"',
        'SizeX="9" PhysicalSizeX="1" PhysicalSizeY="1"',
        'SizeX="9" SizeY="9" PhysicalSizeX="one" PhysicalSizeY="1"',
    ],
)
def test_what_ome_xml_does_not_state_is_unknown(pixels: str) -> None:
    text = f'<?xml version="1.0"?><OME xmlns="x"><Image><Pixels {pixels}/></Image></OME>'
    assert ome_xml.mpp_of(text, (9, 9)) is None
    assert ome_xml.mpp_of(text[:-3], (9, 9)) is None
    assert ome_xml.images("<!DOCTYPE a>" + text) == []
