"""Damaged slides through the whole workflow: what is left of them is what the slide shows.

A bounded part of `make fuzz`; docs/benchmarks.md has the figures of the long run.
"""

from pathlib import Path

import numpy as np
import pytest
from fuzz import bases, cohort, compare, damages
from fuzz.tiff_edit import Tiff
from fuzz.variants import Variant, choose
from svs import IMAGE_WIDTH

VARIANTS = 38


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The undamaged slides."""
    return bases.write_bases(tmp_path_factory.mktemp("fuzz") / "bases")


def test_no_crash_no_hang_no_lost_row_no_wrong_tile_passes(sources: dict[str, Path]) -> None:
    folder = next(iter(sources.values())).parents[1]
    variants = choose(sources, VARIANTS)
    outcome = cohort.judge(folder, variants)
    assert not outcome.faults(), cohort.report(outcome)
    assert len(outcome.slides) == VARIANTS + len(sources)


def test_broken_deflate_never_passes_with_wrong_tiles(sources: dict[str, Path]) -> None:
    """libtiff decodes it to noise, without a word, wherever a tile, overview or probe is read."""
    folder = next(iter(sources.values())).parents[1]
    kinds = ("blocks_zeroed", "data_zeroed", "data_random")
    variants = [Variant("tiff_deflate_single", kind, 0) for kind in kinds]
    outcome = cohort.judge(folder, variants, undamaged=False)
    assert len(outcome.damaged) == len(variants), cohort.report(outcome)
    assert sum(slide.wrong_passing for slide in outcome.damaged) == 0


def test_every_kind_changes_the_file_and_the_same_seed_the_same_bytes(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    for kind, name in [
        *((kind.__name__, "tiff_lzw") for kind in damages.LOSSLESS),
        *((kind, "aperio20") for kind in damages.possible(damages.read(sources["aperio20"]))),
        *((kind, "dicom") for kind in damages.possible(damages.read(sources["dicom"]))),
    ]:
        copies = [tmp_path / f"{kind}-{name}-{i}" / sources[name].name for i in range(2)]
        for copy in copies:
            Variant(name, kind, 3).write(sources[name], copy)
        first, second = (copy.read_bytes() for copy in copies)
        assert first == second != sources[name].read_bytes(), kind


def test_a_small_number_of_variants_holds_all_slides_and_many_kinds(
    sources: dict[str, Path],
) -> None:
    variants = choose(sources, VARIANTS)
    assert {variant.base for variant in variants} == set(sources)
    assert len({variant.kind for variant in variants}) == min(VARIANTS, len(damages.KINDS))
    assert len({variant.slide_id for variant in variants}) == VARIANTS


def test_a_rewritten_directory_is_read_by_others(sources: dict[str, Path], tmp_path: Path) -> None:
    for name in ("aperio_single", "aperio40", "tiff_jpeg"):
        path = sources[name]
        tiff = Tiff(path.read_bytes())
        (width,) = tiff.tag(0, IMAGE_WIDTH)
        tiff.index_tiles(0, tiff.tiles(0))
        copy = tmp_path / path.name
        copy.write_bytes(tiff.data)
        pixels = bases.level0(copy)
        assert pixels.shape[1] == width
        assert np.array_equal(pixels, bases.level0(path)), name


def test_wrong_tiles_are_told_from_the_noise_of_their_encoding(sources: dict[str, Path]) -> None:
    truth = bases.level0(sources["aperio20"])
    row = {"size_level0_px": 512, "x_level0_px": 512, "y_level0_px": 512}
    tile = truth[512:1024, 512:1024]
    noise = np.random.default_rng(0).normal(0, 6, tile.shape)
    noisy = np.clip(tile + noise, 0, 255).astype(np.uint8)
    holed = tile.copy()
    holed[100:140, 200:240] = 255
    assert compare.wrong_fraction(tile, row, truth) == 0
    assert compare.wrong_fraction(noisy, row, truth) == 0
    assert compare.wrong_fraction(holed, row, truth) > compare.WRONG_BLOCKS_MAX
    assert compare.wrong_fraction(tile[::-1], row, truth) > 0.1
