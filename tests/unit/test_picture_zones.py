"""High-cellularity zones of one picture: drawn truth, glass, ink, real tissue."""

import cv2
import numpy as np
import pytest
from grossing.mask import labels, tissue
from grossing.zones import dense_blocks, local_contrast, nuclear_pixels, picture_zones
from grossing.zones.block_sums import BlockSums
from running import SHARED, needs_shared
from scores import SAMPLES, iou, read
from stages import CONFIG
from zone_scene import GLASS, scene

EMPTY = sorted((SAMPLES / "glass").iterdir())


def zones_of(picture, mpp, mask=None, **options):
    """Zones of one picture, in the tissue that is segmented unless it is given."""
    if mask is None:
        mask = tissue.segment(picture, mpp) == labels.TISSUE
    return picture_zones.find(picture, mpp, mask, tissue.glass_colour(picture), **options)


@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0, 2.0])
def test_a_dense_disc_is_the_zone_at_any_resolution(mpp):
    picture, body, disc = scene(mpp)
    zones = zones_of(picture, mpp, body)
    assert iou(zones, disc) > 0.85
    assert zones.sum() == pytest.approx(disc.sum(), rel=0.15)


def test_a_zone_does_not_fade_at_the_edge_of_the_tissue():
    picture, body, disc = scene(0.5)
    half = body.copy()
    half[:, : round(0.6 * picture.shape[1])] = False
    picture[~half] = GLASS
    edge = disc & half & ~np.roll(half, 30, axis=1)
    assert edge.sum() > 5000
    assert zones_of(picture, 0.5, half)[edge].mean() > 0.85


def test_the_textbook_chain_finds_the_disc_too():
    picture, body, disc = scene(0.5)
    zones = zones_of(picture, 0.5, body, method="clahe_local")
    assert iou(zones, disc) > 0.75


@pytest.mark.parametrize("method", dense_blocks.METHODS)
def test_ordinary_tissue_has_no_zone(method):
    picture, body, _ = scene(0.5, radius_um=0)
    assert not zones_of(picture, 0.5, body, method=method).any()


def test_evenly_crowded_tissue_is_no_zone():
    """The relative limit: nuclei everywhere are this tissue's way, not a zone in it."""
    picture, body, _ = scene(0.5, radius_um=2000)
    share = _nuclear_share(picture, body)
    assert share > CONFIG["zones"]["fraction_min"]
    assert zones_of(picture, 0.5, body).mean() < 0.02
    absolute = zones_of(picture, 0.5, body, mad_factor=0)
    assert absolute.mean() > 0.2


def _nuclear_share(picture, body):
    return (picture[body].astype(int) @ [1, 1, 1] < 400).mean()


@pytest.mark.parametrize("method", dense_blocks.METHODS)
@pytest.mark.parametrize("sd", [0, 1.5, 6])
def test_glass_has_no_zone_even_where_it_is_called_tissue(method, sd):
    noise = np.random.default_rng(3).normal(0, sd, (512, 512, 3))
    glass = np.clip(np.rint(GLASS + cv2.GaussianBlur(noise, (0, 0), 0.7)), 0, 255).astype(np.uint8)
    everywhere = np.ones((512, 512), np.bool_)
    assert not zones_of(glass, 0.5, everywhere, method=method).any()
    assert not zones_of(glass, 0.5, method=method).any()


def test_noise_stretched_to_the_full_range_would_have_zones():
    """Why the local chain's range starts at glass: as lectured, it marks an empty tile."""
    noise = np.random.default_rng(3).normal(0, 1, (64, 64)).astype(np.float32)
    faint = 0.01 * cv2.GaussianBlur(noise, (0, 0), 4)
    faint = (faint - faint.min()).astype(np.float32)
    everywhere = np.ones(faint.shape, np.bool_)
    stretched = faint * np.float32(2 * local_contrast.FAINTEST_OD) / faint.max()
    assert local_contrast.zones(stretched, everywhere, 8).mean() > 0.1
    assert not local_contrast.zones(faint, everywhere, 8).any()


@pytest.mark.parametrize("method", dense_blocks.METHODS)
def test_ink_has_no_zone(method):
    picture, _, _ = scene(0.5, radius_um=0)
    picture[300:900, 300:900] = (20, 120, 70)
    labelled = tissue.segment(picture, 0.5)
    assert (labelled == labels.PEN).mean() > 0.1
    assert not (zones_of(picture, 0.5, method=method) & (labelled == labels.PEN)).any()


@pytest.mark.parametrize("method", dense_blocks.METHODS)
@pytest.mark.parametrize("path", EMPTY, ids=lambda path: path.stem)
def test_real_empty_and_inked_tiles_have_no_zone(path, method):
    for mpp in (0.25, 0.5, 1.0):
        assert not zones_of(read(path), mpp, method=method).any()


@needs_shared
@pytest.mark.parametrize("method", dense_blocks.METHODS)
@pytest.mark.parametrize("name", ["wtc_28.jpeg", "wtc_103.jpeg"])
def test_glass_and_ink_of_another_scanner_have_no_zone(name, method):
    for mpp in (0.25, 0.5, 1.0):
        assert not zones_of(read(SHARED / "tiles" / name), mpp, method=method).any()


@needs_shared
def test_portal_inflammation_of_real_liver():
    zones = zones_of(read(SHARED / "tiles/liverquant_tile02_HE.jpg"), 0.5)
    assert zones[400:700, 150:300].mean() > 0.4
    assert zones.mean() < 0.05
    assert not zones_of(read(SHARED / "tiles/liverquant_tile01_HE.jpg"), 0.5).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rgb": np.zeros((9, 9), np.uint8)},
        {"rgb": np.zeros((9, 9, 3), np.float32)},
        {"mpp": 0},
        {"mpp": 2.1},
        {"mpp": float("nan")},
        {"mask": np.ones((8, 9), np.bool_)},
        {"mask": np.ones((9, 9), np.uint8)},
        {"method": "otsu"},
    ],
)
def test_wrong_input_is_refused(wrong):
    given = {"rgb": np.zeros((9, 9, 3), np.uint8), "mpp": 0.5, "glass": GLASS}
    given |= {"mask": np.ones((9, 9), np.bool_)} | wrong
    with pytest.raises(ValueError, match=r"rgb|mpp|mask|method"):
        picture_zones.find(**given)


def test_noise_of_tissue_without_nuclei_is_not_split():
    eosin = np.random.default_rng(0).normal(0.02, 0.03, 100_000).astype(np.float32)
    counts = nuclear_pixels.histogram(eosin)
    assert nuclear_pixels.threshold(counts, 0.0) < 0.05
    assert nuclear_pixels.threshold(counts, 0.12) == 0.12


# Blocks


def test_tiles_that_share_blocks_sum_to_the_whole_picture():
    values = np.random.default_rng(1).random((90, 70)).astype(np.float32)
    whole = BlockSums((6, 5), 16)
    whole.add(values, 0, 0, 1)
    parts = BlockSums((6, 5), 16)
    for y in range(0, 90, 25):
        for x in range(0, 70, 25):
            parts.add(values[y : y + 25, x : x + 25], x, y, 1)
    assert np.array_equal(whole.pixels, parts.pixels)
    assert parts.total == pytest.approx(whole.total, rel=1e-5)
    assert whole.total[1, 2] == pytest.approx(values[16:32, 32:48].sum())
    assert whole.pixels.sum() == values.size


def test_what_lies_beyond_the_blocks_is_left_out():
    blocks = BlockSums((2, 2), 10)
    blocks.add(np.ones((8, 8), np.bool_), 16, 4, 1)
    assert blocks.pixels.tolist() == [[0, 4 * 6], [0, 4 * 2]]
    blocks.add(np.ones((8, 8), np.bool_), 20, 0, 1)
    assert blocks.total.sum() == 32
