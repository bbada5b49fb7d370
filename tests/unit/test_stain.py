"""Normalised tiles, and those that are passed through unchanged with the reason."""

import itertools

import cv2
import numpy as np
import pytest
from drawn_tiles import INK, drawn, plain
from grossing.slide.stain_record import MacenkoFit
from grossing.stain import colours, normalisation, recolouring, residual
from grossing.stain import fit as stain_fit
from grossing.stain.light import LIGHT
from grossing.stain.reference import SHIPPED
from running import SHARED, needs_shared
from scores import read
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer, NumpyReinhardNormalizer

TILES = SHARED / "tiles"


def worst(one, other):
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def test_macenko_equals_torchstain_for_the_same_fit(pink):
    normalizer = NumpyMacenkoNormalizer()
    target = SHIPPED.macenko
    normalizer.HERef, normalizer.maxCRef = stain_fit.matrix(target), np.array(target.max_c)
    made, reason = normalisation.apply(stain_fit.fit(pink), pink, None)
    assert reason is None
    dimmer = (pink < LIGHT).any(axis=2)
    assert worst(made[dimmer], normalizer.normalize(pink, stains=False)[0][dimmer]) <= 1


def test_reinhard_equals_torchstain_where_a_stain_shows(pink):
    """But for the darkest pixels."""
    normalizer, target = NumpyReinhardNormalizer(), drawn()
    normalizer.fit(target)
    made, reason = normalisation.apply(
        stain_fit.fit(pink, method="reinhard"),
        pink,
        stain_fit.fit(target, method="reinhard"),
    )
    assert reason is None
    stained = pink.min(axis=2) <= 205
    apart = np.abs(made.astype(int) - normalizer.normalize(pink))[stained] > 1
    assert stained.mean() > 0.2
    assert apart.mean() < 1e-3


@pytest.mark.parametrize("method", stain_fit.METHODS)
def test_glass_comes_out_neutral_and_at_one_level(pink, method):
    """Pure white included; also glass of noise, and whatever the cast of the light."""
    for glass in ((240, 240, 240), (228, 236, 245), (250, 232, 240)):
        tile = (pink * (np.array(glass) / 240)).clip(0, 255).astype(np.uint8)
        found = stain_fit.fit(tile, glass, method=method)
        tile[:40], tile[40:80] = glass, 255
        tile[80:120] = np.random.default_rng(0).normal(glass, 2, (40, *tile.shape[1:])).clip(0, 255)
        made, reason = normalisation.apply(found, tile, glass=glass)
        assert reason is None
        for rows in (made[:40], made[40:80]):
            assert np.abs(rows.astype(int) - LIGHT).max() <= 2
        assert np.abs(made[80:120].mean(axis=(0, 1)) - LIGHT).max() <= 4


def test_a_correction_that_is_made_up_is_no_fit():
    """Hematoxylin in a few pixels, the rest of other colours: the slide is passed through."""
    found = []

    def fit_again(pixels):
        found.append(len(pixels))
        return MacenkoFit((0.9, 0.43, 0.07), (0.07, 0.43, 0.9), (1.0, 1.0))

    first = MacenkoFit((0.65, 0.72, 0.23), (0.26, 0.62, 0.74), (0.7, 0.5))
    pixels = np.random.default_rng(0).integers(60, 230, (5000, 3), np.uint8)
    best, left = residual.settled(pixels, pixels, first, fit_again)
    assert best is first
    assert left > 3
    assert len(found) == 1


def test_colour_that_jpeg_blurred_moves_no_stain_between_two_casts(whole):
    """Vectors from single pixels follow the cast, by JPEG's halved colour."""
    tissue = whole[600:1400, 300:1100].astype(np.float64) / 243
    apart = {}
    for smooth in (False, True):
        colours_of = []
        for glass in ((243, 194, 228), (194, 242, 243)):
            rgb = np.clip(np.rint(tissue * glass), 0, 255).astype(np.uint8)
            code = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
            rgb = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1].copy()
            means = cv2.blur(rgb, (2, 2), anchor=(0, 0))[::2, ::2].reshape(-1, 3)
            fits, _ = stain_fit.fit_all(rgb[::2, ::2], glass, means if smooth else None)
            made, reason = normalisation.apply(fits.macenko, rgb, glass=glass)
            assert reason is None
            lab = cv2.cvtColor(made.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
            colours_of.append(lab.mean(axis=(0, 1)))
        apart[smooth] = np.linalg.norm(colours_of[0] - colours_of[1])
    assert apart[True] < min(2, apart[False] / 2), apart


def test_two_labs_come_to_one_colour(pink):
    """The residual is not 0: pixels too pale for the estimate are others after the change."""
    other = MacenkoFit((0.53, 0.75, 0.39), (0.18, 0.83, 0.52), (2.5, 1.2))
    labs = [pink, normalisation.apply(stain_fit.fit(pink), pink, other)[0]]
    target = SHIPPED.macenko
    for tile in labs:
        made, reason = normalisation.apply(stain_fit.fit(tile), tile, target)
        assert reason is None
        before, after = stain_fit.fit(tile), stain_fit.fit(made)
        for one, turned, goal in ((before.h, after.h, target.h), (before.e, after.e, target.e)):
            assert stain_fit.angle(turned, goal) < min(3, stain_fit.angle(one, goal))
    colours = [normalisation.apply(stain_fit.fit(tile), tile)[0].mean(axis=(0, 1)) for tile in labs]
    assert np.abs(colours[0] - colours[1]).max() < 0.2 * np.abs(labs[0].mean() - labs[1].mean())


def test_neighbours_still_match_after_one_fit_per_slide(whole):
    found = stain_fit.fit(whole)
    tiles = [whole[1024:1280, x : x + 256].copy() for x in range(256, 1536, 256)]
    by_slide = [normalisation.apply(found, tile, None)[0] for tile in tiles]
    by_tile = [normalisation.apply(stain_fit.fit(tile), tile, None)[0] for tile in tiles]
    raw, slide, tile = (seam(kind) for kind in (tiles, by_slide, by_tile))
    assert slide <= raw + 0.5
    assert tile > slide + 0.5


def seam(tiles):
    """Mean Lab distance of neighbouring columns across the borders of a row of tiles."""
    labs = [cv2.cvtColor(t.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) for t in tiles]
    pairs = itertools.pairwise(labs)
    return np.mean([np.linalg.norm(a[:, -1].mean(0) - b[:, 0].mean(0)) for a, b in pairs])


@pytest.mark.parametrize("side", [64, 255, 256, 512])
def test_glass_is_passed_through(pink, side):
    for tile in (plain(243, side=side), plain(200, 2, side), plain((255, 255, 255), 0, side)):
        made, reason = normalisation.apply(stain_fit.fit(pink), tile, None)
        assert made is tile and reason == "too_little_tissue"


def test_a_few_specks_are_too_little_and_a_piece_of_tissue_is_enough(pink):
    tile = plain(243)
    tile[:20, :20] = pink[:20, :20]
    assert normalisation.apply(stain_fit.fit(pink), tile, None)[1] == "too_little_tissue"
    tile[:64, :64] = drawn()[:64, :64]
    assert normalisation.apply(stain_fit.fit(pink), tile, None)[1] is None


@pytest.mark.parametrize("colour", INK)
def test_ink_is_passed_through(pink, colour):
    tile = plain(INK[colour], noise=3)
    for found in (stain_fit.fit(pink), stain_fit.fit(tile), None):
        made, reason = normalisation.apply(found, tile, None)
        assert made is tile and reason == "foreign_colour"


def test_ink_over_less_than_half_of_the_tissue_does_not_keep_the_tile_back(pink):
    tile = drawn()
    tile[:, :100] = INK["green"]
    assert normalisation.apply(stain_fit.fit(pink), tile, None)[1] is None
    tile[:, :200] = INK["green"]
    assert normalisation.apply(stain_fit.fit(pink), tile, None)[1] == "foreign_colour"


def test_tissue_without_a_fit_and_fits_far_from_the_reference_are_passed_through(pink):
    assert normalisation.apply(None, pink, None) == (pink, "fit_failed")
    green = MacenkoFit((0.9, 0.22, 0.38), (0.24, 0.86, 0.45), (1.5, 1.0))
    made, reason = normalisation.apply(green, pink, None)
    assert made is pink and reason == "stain_angle"


def test_a_change_that_turns_dark_into_light_is_not_made():
    tile = drawn()
    found = stain_fit.fit(tile)
    absurd = MacenkoFit(found.h, found.e, (0.02, 5.0))
    made, reason = normalisation.apply(found, tile, absurd)
    assert made is tile and reason == "luminance"


def test_fits_of_different_methods_and_unknown_names_are_refused(pink):
    with pytest.raises(ValueError, match="different methods"):
        normalisation.apply(stain_fit.fit(pink), pink, SHIPPED.reinhard)
    with pytest.raises(ValueError, match="'training'"):
        normalisation.apply(stain_fit.fit(pink), pink, "training")


@needs_shared
def test_every_real_tile_is_changed_or_kept_for_the_right_reason():
    foreign = ("pen", "no-tissue-line", "ihc", "wtc_3", "wtc_103", "wtc_107", "wtc_27", "wtc_96")
    empty = ("almost-white", "no-tissue.png", "wtc_20_15", "wtc_28")
    # fat with hardly a nucleus; eosin too pale for a fit
    unfit = ("histolab_low-nuclei", "torchstain_target")
    other = stain_fit.fit(read(TILES / "torchstain_source.png"))
    for path in sorted(TILES.iterdir()):
        tile = read(path)
        for found in (stain_fit.fit(tile), other):
            made, reason = normalisation.apply(found, tile, None)
            if any(name in path.name for name in empty):
                assert made is tile and reason == "too_little_tissue", path
            elif any(name in path.name for name in (*foreign, "wtc_15")):
                assert made is tile and reason == "foreign_colour", path
            elif path.name.startswith(unfit) and found is not other:
                assert made is tile and reason == "fit_failed", path
            else:
                assert reason is None, path


def test_sampled_content_is_that_of_the_whole_tile(pink):
    seen, weight = recolouring.sample(pink)
    assert weight * np.count_nonzero(colours.stained_and_foreign(seen)[0]) == pytest.approx(
        np.count_nonzero(colours.stained_and_foreign(pink)[0]), rel=0.05
    )


@pytest.mark.parametrize("cast", [(1, 0.9, 0.92), (0.85, 1, 0.98), (1, 0.98, 0.8), (0.7, 0.7, 0.7)])
def test_two_casts_of_a_tile_end_alike_and_glass_is_neutral(cast):
    tile = drawn()
    tile[:40, :40], tile[40:60, :40] = 240, 255
    made = []
    for factors in ((1, 1, 1), cast):
        scanned = np.clip(np.rint(tile * np.array(factors)), 0, 255).astype(np.uint8)
        scanned[40:60, :40] = 255
        glass = 240 * np.array(factors)
        out, reason = normalisation.apply(stain_fit.fit(scanned, glass), scanned, glass=glass)
        assert reason is None
        for patch in (out[:40, :40], out[40:60, :40]):
            assert worst(patch, np.full_like(patch, LIGHT)) <= 1
        made.append(cv2.cvtColor(out.astype(np.float32) / 255, cv2.COLOR_RGB2Lab))
    tissue = tile[..., 1] < 200
    assert np.linalg.norm(made[0][tissue].mean(0) - made[1][tissue].mean(0)) < 1
