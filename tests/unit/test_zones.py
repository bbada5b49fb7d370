"""High-cellularity zones: drawn truth, tiles against one picture, empty and inked tiles."""

import json
from dataclasses import fields
from pathlib import Path

import cv2
import jsonschema
import make_slide
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from grossing.mask import labels, tissue
from grossing.slide.identity import Identity
from grossing.slide.record import (
    Areas,
    Bounds,
    FileFacts,
    FocusMeasures,
    FocusPlaces,
    Level,
    Light,
    Measures,
    Refusal,
    Resolution,
    SlideRecord,
    StainMeasures,
)
from grossing.support import images
from grossing.tiles import stored_tiles
from grossing.tiles.stored_tiles import StoredTile
from grossing.zones import dense_blocks, local_contrast, nuclear_pixels, picture_zones, slide_zones
from grossing.zones.block_sums import BlockSums
from grossing.zones.options import ZoneOptions
from running import REPOSITORY, SHARED, needs_shared
from scores import SAMPLES, iou, read
from stages import CONFIG, cut, measured, section, write_rows

OPTIONS = section("zones")
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/zones.schema.yaml").read_text())
GLASS, STROMA, NUCLEUS = (243, 242, 244), (226, 150, 190), (80, 50, 130)
EMPTY = sorted((SAMPLES / "glass").iterdir())


def scene(mpp, side_um=640, radius_um=150, seed=0):
    """Stroma with sparse nuclei of 7 um on glass, and a disc where they stand dense.

    Returns the picture, the tissue, and the disc (both (H, W) bool).
    """
    rng = np.random.default_rng(seed)
    side = round(side_um / mpp)
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = GLASS
    y, x = (np.mgrid[:side, :side] + 0.5) * mpp
    body = (x > 40) & (x < side_um - 40)
    disc = np.hypot(x - 0.6 * side_um, y - 0.5 * side_um) < radius_um
    picture[body] = STROMA
    for inside, spacing in ((False, 40), (True, 9)):
        for at in np.mgrid[0:side_um:spacing, 0:side_um:spacing].reshape(2, -1).T:
            row, column = ((at + rng.uniform(0, spacing / 3, 2)) / mpp).astype(int)
            if row < side and column < side and body[row, column] and disc[row, column] == inside:
                cv2.circle(picture, (int(column), int(row)), round(3.5 / mpp), NUCLEUS, -1)
    noisy = picture + rng.normal(0, 3, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), body, disc


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


# Slides


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A slide's tiles with a dense disc, cut from one picture of 0.5 um/px, origin (1000, 400)."""
    return cut_into(tmp_path_factory.mktemp("drawn"), *scene(0.5, side_um=1024))


def recorded(overview_downsample):
    """What `measure_slide` would state of the drawn slide, as far as zones need it."""
    bounds = Bounds(1000, 400, 4096, 4096)
    return SlideRecord(
        "drawn",
        Identity(None, None),
        file=FileFacts("aperio", 6000, 5000, (Level(6000, 5000, 1.0),), bounds, 40.0, None, 0),
        resolution=Resolution(0.25, 0.25, 0.25, "file", False),
        measures=Measures(
            Areas(overview_downsample, 0.0, 1.0, 0.9, 0.0, 0.0, 0.0, 0.0),
            FocusMeasures(FocusPlaces(), 0, None, None),
            Light(*GLASS, None, None),
            StainMeasures(is_he=True),
        ),
    )


def write_stored(rows, path):
    columns = {f.name: [getattr(row, f.name) for row in rows] for f in fields(StoredTile)}
    pq.write_table(pa.table(columns), path)


def cut_into(folder, picture, body, disc):
    small = body.reshape(128, 16, 128, 16).mean((1, 3)) > 0.5
    mask = np.where(small, labels.TISSUE, labels.GLASS).astype(np.uint8)
    record = recorded(32.0)
    rows = []
    for row, column in np.ndindex(8, 8):
        data = images.png(
            np.ascontiguousarray(
                picture[row * 256 : row * 256 + 256, column * 256 : column * 256 + 256]
            )
        )
        name = f"{column}_{row}.png"
        (folder / name).write_bytes(data)
        rows.append(
            StoredTile(
                slide_id="drawn",
                tile_path=name,
                tile_offset=None,
                tile_bytes=len(data),
                tile_col=column,
                tile_row=row,
                x_level0_px=1000 + 512 * column,
                y_level0_px=400 + 512 * row,
                size_level0_px=512,
                mpp=0.5,
                tissue_fraction=1.0,
            )
        )
    write_stored(rows, folder / "rows.parquet")
    return folder, record, mask, picture, body, disc


def sought(drawn, *, mask=None, given_stain="", **options):
    folder, record = drawn[:2]
    return slide_zones.find(
        folder,
        folder / "rows.parquet",
        record=record,
        mask=drawn[2] if mask is None else mask,
        given_stain=given_stain,
        options=ZoneOptions(**OPTIONS | options),
    )


def as_picture(zones, side=2048):
    return cv2.resize(zones.mask, (side, side), interpolation=cv2.INTER_NEAREST) > 0


@pytest.mark.parametrize("method", dense_blocks.METHODS)
def test_tiles_give_what_the_whole_picture_gives(drawn, method):
    """No seam: tile borders run through the disc."""
    _, _, mask, picture, body, disc = drawn
    zones = sought(drawn, method=method)
    assert zones.mask.shape == mask.shape
    whole = picture_zones.find(picture, 0.5, body, GLASS, method=method)
    assert iou(as_picture(zones), whole) > 0.97
    assert iou(as_picture(zones), disc) > (0.85 if method == "density" else 0.6)


def written(zones, folder):
    """JSON, mask and outlines as they are read back."""
    paths = {name: str(folder / f"z.{name}") for name in ("facts", "mask", "outlines")}
    zones.write(type("To", (), paths))
    facts, outlines = (json.loads(Path(paths[name]).read_text()) for name in ("facts", "outlines"))
    return facts, cv2.imread(paths["mask"], cv2.IMREAD_UNCHANGED), outlines


def test_area_fraction_and_outline_of_the_known_disc(drawn, tmp_path):
    zones = sought(drawn)
    facts, mask, outlines = written(zones, tmp_path)
    jsonschema.Draft202012Validator(SCHEMA).validate(facts)
    assert list(facts) == list(SCHEMA["properties"])
    truth_mm2 = np.pi * 0.15**2
    assert facts["zones"] == 1
    assert facts["area_mm2"] == pytest.approx(truth_mm2, rel=0.15)
    assert facts["tissue_area_mm2"] == pytest.approx(1.024 * 0.944, rel=0.02)
    assert facts["fraction"] == pytest.approx(facts["area_mm2"] / facts["tissue_area_mm2"], 1e-4)
    assert (facts["downsample"], facts["mpp"]) == (32, 8)
    assert 0.2 < facts["nuclear_od"] < 0.6
    assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
    assert np.array_equal(mask, zones.mask)
    (feature,) = outlines["features"]
    ring = np.array(feature["geometry"]["coordinates"][0])
    centre = (ring.min(axis=0) + ring.max(axis=0)) / 2
    assert centre == pytest.approx([1000 + 0.6 * 4096, 400 + 0.5 * 4096], abs=100)
    assert feature["properties"]["classification"]["name"] == "High cellularity"
    assert feature["properties"]["zone_id"] == 0
    assert feature["properties"]["measurements"]["area_mm2"] == pytest.approx(
        facts["area_mm2"], rel=0.05
    )


def test_a_coarse_mask_is_divided(drawn):
    record = recorded(64.0)
    coarse = drawn[2][::2, ::2]
    zones = sought((drawn[0], record, coarse, *drawn[3:]))
    assert zones.mask.shape == (128, 128)
    assert zones.record.measures.downsample == 32
    assert iou(as_picture(zones), as_picture(sought(drawn))) > 0.97


@pytest.mark.parametrize("method", dense_blocks.METHODS)
def test_only_tissue_counts(drawn, method):
    """The disc lies under a pen: nothing is left, nor does it raise the share beside it."""
    disc = cv2.resize(drawn[5].view(np.uint8), (128, 128), interpolation=cv2.INTER_AREA) > 0
    mask = np.where(disc, np.uint8(labels.PEN), drawn[2])
    assert not sought(drawn, mask=mask, method=method, fraction_min=0.2).mask.any()


def test_ink_beside_the_tissue_shifts_no_threshold(drawn, tmp_path):
    _, _, _, picture, body, disc = drawn
    inked = np.where(body[..., None], picture, np.uint8(10))
    zones = sought(cut_into(tmp_path, inked, body, disc))
    assert zones.record.measures.nuclear_od == sought(drawn).record.measures.nuclear_od
    assert zones.record.measures.zones == 1


def test_noise_of_tissue_without_nuclei_is_not_split():
    eosin = np.random.default_rng(0).normal(0.02, 0.03, 100_000).astype(np.float32)
    counts = nuclear_pixels.histogram(eosin)
    assert nuclear_pixels.threshold(counts, 0.0) < 0.05
    assert nuclear_pixels.threshold(counts, 0.12) == 0.12


def test_a_sampled_threshold_serves_a_slide_of_many_tiles(drawn, monkeypatch):
    whole = sought(drawn)
    monkeypatch.setattr(stored_tiles, "SAMPLE_TILES", 16)
    sampled = sought(drawn)
    assert sampled.record.measures.nuclear_od == pytest.approx(
        whole.record.measures.nuclear_od, abs=0.03
    )
    assert iou(sampled.mask, whole.mask) > 0.95


def test_no_tile_stays_in_memory(drawn, monkeypatch):
    """Each is looked at once, or twice far apart."""

    def keeping(*_):
        raise AssertionError("a decoded tile is kept")

    monkeypatch.setattr(stored_tiles.StoredTiles, "pixels", keeping)
    assert sought(drawn).mask.any()


def test_rerun_is_equal(drawn):
    first, second = sought(drawn), sought(drawn)
    assert first.record == second.record
    assert np.array_equal(first.mask, second.mask)


@pytest.mark.parametrize("stain", ["IHC", "fluorescence", "PAS"])
def test_other_stains_have_empty_valid_files_and_a_word_in_the_log(drawn, tmp_path, caplog, stain):
    with caplog.at_level("INFO"):
        zones = sought(drawn, given_stain=stain)
    assert "drawn" in caplog.text and "not_he" in caplog.text
    check_empty(zones, tmp_path, "not_he")


def test_a_slide_that_was_not_tiled_has_empty_valid_files(tmp_path):
    write_stored([], tmp_path / "rows.parquet")
    record = SlideRecord("broken", Identity(None, None), Refusal("file_missing", "", ""))
    zones = sought((tmp_path, record, np.zeros((1, 1), np.uint8)))
    check_empty(zones, tmp_path, "no_tiles")


def check_empty(zones, folder, reason):
    facts, mask, outlines = written(zones, folder)
    jsonschema.Draft202012Validator(SCHEMA).validate(facts)
    assert facts["reason"] == reason
    assert {
        value for key, value in facts.items() if key not in ("slide_id", "method", "reason")
    } == {None}
    assert mask.tolist() == [[0]]
    assert outlines == {"type": "FeatureCollection", "features": []}


def test_a_synthetic_slide_through_the_real_stages(real_slide, tmp_path):
    """Zones lie within the tissue mask of a slide at 40x, whatever the reader's grid."""
    make_slide.make_slide(real_slide, tmp_path / "a.svs", 2000, 1600, seed=3)
    found = measured(tmp_path / "a.svs")
    rows = cut(tmp_path / "a.svs", found, tmp_path / "a.zip", CONFIG["tiles"])
    write_rows(rows, tmp_path / "a.parquet")
    zones = slide_zones.find(
        tmp_path / "a.zip",
        tmp_path / "a.parquet",
        record=found.record,
        mask=found.mask,
        given_stain="H&E",
        options=ZoneOptions(**OPTIONS),
    )
    assert zones.mask.shape == found.mask.shape
    assert not ((zones.mask > 0) & (found.mask != labels.TISSUE)).any()
    whole = found.record.measures.areas.tissue_area_mm2
    assert 0.9 < zones.record.measures.tissue_area_mm2 / whole <= 1
