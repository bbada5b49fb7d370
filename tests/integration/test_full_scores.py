"""Scores on all annotated pictures beside the checkout; those of tests/data run everywhere."""

import xml.etree.ElementTree as ET

import cv2
import grossing
import make_stack
import numpy as np
import pytest
import scores
from grossing.mask import labels
from running import SHARED, needs_shared

pytestmark = needs_shared
ANNOTATED_MPP = 0.25  # of the MoNuSeg pictures
#: glass and ink of another scanner, under a licence that keeps them out of tests/data
NOT_TISSUE = [*(f"wtc_{number}.jpeg" for number in (3, 28, 96, 103, 107)), "wtc_20_15.png"]


def test_tissue():
    """Today a mean of 0.949, 0.924 at worst, 1.1 % of ink called tissue."""
    found = []
    for path in sorted((SHARED / "tissue_gt").glob("*_img.png")):
        name = path.name.removesuffix("_img.png")
        truth = np.full(cv2.imread(str(path), 0).shape, labels.GLASS)
        for part, label in (("", labels.TISSUE), ("_pen", labels.PEN)):
            truth[cv2.imread(str(SHARED / f"tissue_gt/{name}{part}.png"), 0) > 0] = label
        found.append(scores.tissue_score(grossing.segment_tissue(scores.read(path), 8), truth))
        assert found[-1].iou >= 0.91, name
        assert found[-1].tissue_as_ink <= 0.03, name
        assert found[-1].tissue_as_artefact <= 0.01, name
    assert np.mean([score.iou for score in found]) >= 0.94
    assert np.nanmean([score.ink_as_tissue for score in found]) <= 0.03


def test_real_red_ink_is_found():
    picture = scores.read(SHARED / "thumbs/histolab_diagnostic-slide-thumb-rgb.png")
    r, g, b = (picture[..., i].astype(int) for i in range(3))
    vivid = (r - g >= 110) & (b - g < 0.25 * (r - g))
    assert (grossing.segment_tissue(picture, 8)[vivid] == labels.TISSUE).mean() <= 0.05


def outlined(path, shape):
    """Labels of an Aperio XML of outlines."""
    truth = np.zeros(shape, np.int32)
    for number, region in enumerate(ET.parse(path).getroot().iter("Region"), 1):
        corners = [(float(v.get("X")), float(v.get("Y"))) for v in region.iter("Vertex")]
        if len(corners) > 2:
            cv2.fillPoly(truth, [np.rint(corners).astype(np.int32)], number)
    return truth


@pytest.mark.parametrize(("mpp", "f1", "aji"), [(0.25, 0.85, 0.55), (0.5, 0.84, 0.53)])
def test_nuclei_of_h_and_e(mpp, f1, aji):
    pairs = []
    for path in sorted((SHARED / "nuclei-monuseg").glob("*.tif")):
        rgb = scores.read(path)
        size = [round(side * ANNOTATED_MPP / mpp) for side in rgb.shape[1::-1]]
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        predicted = grossing.segment_nuclei(small, mpp).astype(float)
        predicted = cv2.resize(predicted, rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        pairs.append((predicted.astype(int), outlined(path.with_suffix(".xml"), rgb.shape[:2])))
    found = scores.nuclei_score(pairs, radius_px=12)
    assert found.f1 >= f1
    assert found.aji >= aji
    assert found.predicted == pytest.approx(found.true, rel=0.05)


@pytest.mark.parametrize(
    ("folder", "modality", "mpp", "f1", "aji"),
    [
        ("he", "brightfield", 0.35, 0.63, 0.41),
        ("he", "brightfield", 0.5, 0.59, 0.39),
        ("fluo", "fluorescence", 0.35, 0.84, 0.64),
        ("fluo", "fluorescence", 0.5, 0.86, 0.67),
        ("fluo", "fluorescence", 0.65, 0.82, 0.67),
    ],
)
def test_nuclei_of_the_data_science_bowl(folder, modality, mpp, f1, aji):
    pairs = []
    for path in sorted((SHARED / f"nuclei-dsb2018-{folder}").glob("*_label.png")):
        picture = scores.read(path.with_name(path.name.replace("_label", "")))
        # the resolution is assumed, so that areas in um2 are not known
        predicted = grossing.segment_nuclei(picture, mpp, modality=modality, area_um2_max=1e9)
        pairs.append((predicted, scores.read_labels(path)))
    found = scores.nuclei_score(pairs, radius_px=8)
    assert found.f1 >= f1
    assert found.aji >= aji


@pytest.mark.parametrize("name", NOT_TISSUE)
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
def test_glass_and_ink_have_no_nuclei(name, mpp):
    assert grossing.segment_nuclei(scores.read(SHARED / "tiles" / name), mpp).max() == 0


def halved(path):
    return cv2.resize(scores.read(path), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def sharp_tiles(real_slide):
    """Tissue of seven pictures in focus, at 0.5 um per pixel."""
    pictures = [halved(path) for path in sorted((SHARED / "nuclei-monuseg").glob("*.tif"))]
    pictures.append(halved(SHARED / "focus/fqpath_in_focus.png"))
    pictures += [scores.read(path) for path in sorted((SHARED / "tiles").glob("liverquant*.jpg"))]
    pictures.append(make_stack.region(real_slide))
    return [tile for picture in pictures for tile in scores.tissue_tiles(picture)[:16]]


@pytest.mark.parametrize("name", ["gauss 1", "gauss 1.5", "gauss 2", "gauss 3"])
def test_focus(sharp_tiles, name):
    sharp = scores.focus_values(sharp_tiles, 0.5, None)
    blurred = scores.focus_values(sharp_tiles, 0.5, scores.kernels()[name])
    assert scores.auc(sharp, blurred) >= 0.99
    assert (sharp >= scores.FOCUS_LIMIT).all()
    if name in scores.CLEARLY_BLURRED:
        assert (blurred < scores.FOCUS_LIMIT).all()


def test_a_field_in_focus_and_out_of_it():
    def values(name):
        picture = scores.read(SHARED / f"focus/fqpath_{name}.png")
        quarters = [part for half in np.split(picture, 2) for part in np.split(half, 2, axis=1)]
        return [scores.focus_of(np.ascontiguousarray(part), 0.25) for part in quarters]

    assert min(values("in_focus")) > scores.FOCUS_LIMIT > max(values("out_of_focus"))
