"""Figures and methods text: the numbers of the tables, always the same bytes."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grossing.columns import cohort_qc, meanings, patch_cohort
from grossing.report import (
    distributions,
    figures,
    gallery,
    limits_in_use,
    methods,
    references,
    versions,
)
from grossing.report.distributions import BEYOND, IN_USE, OTHER
from grossing.report.figures import Figures
from grossing.report.limit import Limit, reason_text
from grossing.support import tables
from grossing.tiles import tile_loop
from PIL import Image
from running import REPOSITORY
from stages import CONFIG

LIMITS = limits_in_use.of(CONFIG["thresholds"])
HOSTILE = 'a $\\frac{1}{0}$ & <script>"x"</script> --> \x07'
VERSIONS = {"Grossing": "1.2.3", "OpenSlide": "4.0.0", "torchstain": "1.4.1"}

Row = dict[str, Any]


def slide(slide_id: str, status: str = "PASS", reasons: str | None = None, **more: Any) -> Row:
    return {
        **{"slide_id": slide_id, "site": HOSTILE, "qc_status": status, "qc_reasons": reasons},
        **{"tissue_area_mm2": 12.0, "blurred_fraction": 0.05, "pen_fraction": 0.0, "mpp": 0.25},
        **{"sharpness_score": 900.0, "hematoxylin_od": 0.1, "eosin_od": 0.2},
        **{"candidate_tiles": 0, "passed_tiles": 0},
        **more,
    }


SLIDES = [
    slide("good", candidate_tiles=6, passed_tiles=2, split="train"),
    slide("near", "REVIEW", "near_threshold;blurred_fraction=0.19<0.2", blurred_fraction=0.19),
    slide("soft", "FAIL", "blurred_fraction=0.5>0.2", blurred_fraction=0.5),
    slide("inked", "FAIL", "pen_fraction=0.4>0.3", pen_fraction=0.4),
    {"slide_id": "gone", "qc_status": "ERROR", "qc_reasons": "file_missing"},
]
SCHEMA = pa.schema(
    [("slide_id", pa.string()), ("site", pa.string()), ("split", pa.string()), *cohort_qc.SCHEMA]
)


def table(rows: list[Row]) -> pa.Table:
    return tables.from_rows(rows, SCHEMA)


def tile(tissue: float | None, status: str, slide_status: str = "PASS") -> Row:
    return {
        **{"slide_id": "good", "qc_status": slide_status, "qc_status_tile": status},
        **{"tissue_fraction": tissue, "pen_fraction": 0.0},
    }


TILES = [
    tile(0.5, "PASS"),  # at the limit: within it
    tile(1.0, "PASS"),
    tile(1.0, "PASS", "FAIL"),
    tile(0.9, "FAIL"),
    tile(float(np.nextafter(np.float32(0.5), np.float32(0))), "FAIL"),
    tile(None, "FAIL"),
]


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """The tables of a cohort, and pictures of two of its slides."""
    write(tmp_path, SLIDES, TILES)
    Image.new("RGB", (60, 40), "pink").save(tmp_path / "soft.jpg")
    Image.new("RGB", (1, 1)).save(tmp_path / "inked.jpg")
    return tmp_path


def write(folder: Path, slides: list[Row], tiles: list[Row]) -> None:
    tables.write_parquet(table(slides), folder / "cohort_qc.parquet")
    tables.write_parquet(
        tables.from_rows(tiles, patch_cohort.SCHEMA), folder / "patch_cohort.parquet"
    )


def drawn(folder: Path) -> Figures:
    names = [folder / f"{name}.parquet" for name in ("cohort_qc", "patch_cohort")]
    return figures.draw(*names, LIMITS, pictures=[folder])


def of_tiles(folder: Path, column: str) -> distributions.Distribution:
    found = distributions.of_tiles(folder / "patch_cohort.parquet", LIMITS.tile)
    return next(each for each in found if each.limit.column == column)


# Distributions


def test_tiles_are_counted_on_the_side_on_which_they_were_judged(cohort: Path) -> None:
    found = of_tiles(cohort, "tissue_fraction")
    assert found.measured == 5
    assert found.counts.sum(axis=1).tolist() == [2, 2, 1]
    assert (IN_USE, OTHER, BEYOND) == (0, 1, 2)


def test_parts_of_a_table_add_up_to_the_whole(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = of_tiles(cohort, "tissue_fraction")
    rows = tables.from_rows(TILES, patch_cohort.SCHEMA)
    pq.write_table(rows, cohort / "patch_cohort.parquet", row_group_size=2)
    monkeypatch.setattr(distributions, "BATCH_ROWS", 1)
    parts = of_tiles(cohort, "tissue_fraction")
    assert np.array_equal(parts.counts, whole.counts)
    assert np.array_equal(parts.edges, whole.edges)


@pytest.mark.parametrize("direction", ["min", "max"])
@pytest.mark.parametrize("value", [0.0, 0.05, 0.42, 1.0])
def test_the_limit_is_an_edge_and_no_value_is_lost(direction: Any, value: float) -> None:
    numbers = [*np.random.default_rng(0).random(500).round(2).tolist(), 0.0, 1.0, value]
    rows = [slide(f"s{i}", blurred_fraction=number) for i, number in enumerate(numbers)]
    limit = Limit("slide.blurred_fraction_max", "blurred_fraction", direction, value)
    (found,) = distributions.of_slides(table(rows), [limit])
    assert np.abs(found.edges - value).min() < 1e-9
    assert found.edges[0] >= 0 and found.edges[-1] <= 1
    assert found.measured == len(numbers)
    wrong = [n for n in numbers if (n > value if direction == "max" else n < value)]
    assert found.beyond == len(wrong)


def test_far_values_do_not_squeeze_the_rest() -> None:
    rows = [slide(f"s{i}", blurred_fraction=0.05 * (i % 4)) for i in range(5000)]
    rows[7]["blurred_fraction"] = 1e9
    (found,) = distributions.of_slides(table(rows), [limit_of("blurred_fraction")])
    assert found.edges[-1] <= 1
    assert found.counts[:, -1].sum() >= 1
    assert np.count_nonzero(found.counts.sum(axis=0)) >= 4


def test_areas_far_above_their_limit_have_a_logarithmic_axis() -> None:
    rows = [slide("a", tissue_area_mm2=0.0), slide("b", tissue_area_mm2=0.05)]
    rows += [slide(f"s{i}", tissue_area_mm2=10.0 + i) for i in range(50)]
    (found,) = distributions.of_slides(table(rows), [limit_of("tissue_area_mm2")])
    assert found.log
    assert found.beyond == 2
    assert np.abs(found.edges / found.limit.value - 1).min() < 1e-9


def limit_of(column: str) -> Limit:
    return next(limit for limit in LIMITS.slide if limit.column == column)


# Figures


def test_every_figure_is_there_and_its_bytes_are_always_the_same(cohort: Path) -> None:
    for name in ("first", "second"):
        drawn(cohort).write(cohort / name)
    made = {path.name: path.read_bytes() for path in (cohort / "first").iterdir()}
    names = {"verdicts", "reasons", "slide_distributions", "tile_distributions"}
    names |= {"focus", "stain", "failures"}
    pictures = {f"{name}.{suffix}" for name in names for suffix in ("svg", "png")}
    assert made.keys() == {*pictures, "captions.md"}
    assert made == {path.name: path.read_bytes() for path in (cohort / "second").iterdir()}


def test_svg_is_valid_with_whatever_the_sheet_holds(cohort: Path) -> None:
    drawn(cohort).write(cohort / "figures")
    for path in (cohort / "figures").glob("*.svg"):
        root = ElementTree.parse(path).getroot()
        width = float(root.attrib["width"].removesuffix("pt")) / 72 * 25.4
        assert width == pytest.approx(89, abs=0.5) or width == pytest.approx(183, abs=0.5)
        assert b"<script" not in path.read_bytes()


def test_captions_have_the_limits_and_the_numbers(cohort: Path) -> None:
    captions = {each.name: each.caption for each in drawn(cohort).drawings}
    assert "blurred fraction at most 0.2" in captions["slide_distributions"]
    assert "1 of 4 beyond it" in captions["slide_distributions"]
    assert "tissue fraction at least 0.5" in captions["tile_distributions"]
    assert "1 of 5 beyond it" in captions["tile_distributions"]
    assert "1 PASS, 1 REVIEW, 2 FAIL, 1 ERROR" in captions["verdicts"]


def test_what_has_no_numbers_is_not_drawn(tmp_path: Path) -> None:
    write(tmp_path, [{"slide_id": "a", "qc_status": "ERROR", "qc_reasons": "file_missing"}], [])
    assert [each.name for each in drawn(tmp_path).drawings] == ["verdicts", "reasons"]


def test_gallery_shows_one_of_each_reason_first() -> None:
    rows = [slide(f"soft{i}", "FAIL", f"blurred_fraction=0.{i + 3}>0.2") for i in range(3)]
    rows += [slide("inked", "FAIL", "pen_fraction=0.4>0.3"), slide("near", "REVIEW", "salvaged")]
    rows += [slide("good")]
    order = [rows[i]["slide_id"] for i in gallery._order(table(rows))]
    assert order == ["soft0", "inked", "near", "soft1", "soft2"]


def test_gallery_leaves_out_slides_without_a_picture(cohort: Path) -> None:
    captions = {each.name: each.caption for each in drawn(cohort).drawings}
    assert captions["failures"].startswith("1 of the 4 slides")


def test_reasons_in_words() -> None:
    assert reason_text("blurred_fraction=0.8095>0.2") == "blurred fraction 0.809 > 0.2"
    assert reason_text("mpp_doubtful=0.05*20<3.333") == "mpp doubtful 0.05*20 < 3.333"
    assert reason_text("no_tissue") == "no tissue"


# Limits


def test_every_threshold_of_the_configuration_is_drawn() -> None:
    drawn_keys = {limit.key for limit in (*LIMITS.slide, *LIMITS.review, *LIMITS.tile)}
    assert meanings.LIMITS.keys() - drawn_keys == {
        "slide.near_margin",
        "cohort.duplicate_distance_max",
    }
    assert {limit.column for limit in LIMITS.slide} <= meanings.COLUMNS["cohort_qc"].keys()
    assert {limit.column for limit in LIMITS.tile} <= meanings.COLUMNS["patch_cohort"].keys()


# Methods text


def text(**settings: Any) -> str:
    config = CONFIG | {key: CONFIG[key] | value for key, value in settings.items()}
    return methods.describe(table(SLIDES), config, LIMITS, VERSIONS).text


def test_methods_have_the_numbers_of_the_cohort() -> None:
    found = text()
    assert "5 whole-slide images of 1 site were processed with Grossing 1.2.3 [1]" in found
    assert "Of 5 slides, 2 were used (1 passed, 1 were marked for review), 2 failed, and 1" in found
    assert "Of 6 candidate tiles, 2 were used, from 1 slide." in found
    assert "at least 5 % tissue" in found and tile_loop.CANDIDATE_TISSUE_FRACTION == 0.05
    for limit in (*LIMITS.slide, *LIMITS.tile):
        assert limit.text in found


OPTIONAL = {
    "stain": ("were normalized", references.MACENKO),
    "stains": ("were separated", references.RUIFROK),
    "nuclei": ("Nuclei were segmented", references.WATERSHED),
    "zones": ("Zones of high cellularity", references.RUIFROK),
    "focus_stack": ("Focal planes", references.KUGLIN),
    "rescale": ("pyramidal TIFF", references.LIBVIPS),
}


@pytest.mark.parametrize("section", OPTIONAL)
def test_methods_name_what_is_on_and_nothing_that_is_off(section: str) -> None:
    _, key = OPTIONAL[section]
    assert not any(other in text() for other, _ in OPTIONAL.values())
    found = text(**{section: {"enabled": True}})
    assert [name for name, (other, _) in OPTIONAL.items() if other in found] == [section]
    assert references.TEXTS[key] in found


def test_references_are_numbered_as_they_are_cited() -> None:
    body, _, listed = text(rescale={"enabled": True}).partition("## References")
    cited = [int(part) for part in body.replace("[", "]").split("]") if part.isdecimal()]
    assert sorted(set(cited)) == list(range(1, listed.count("\n") - 1))
    first = list(dict.fromkeys(cited))
    assert first == sorted(first)


def test_every_option_of_a_stage_has_its_words() -> None:
    for method in ("macenko", "reinhard"):
        assert method in text(stain={"enabled": True, "method": method}).lower()
    assert "normalized" not in text(stain={"enabled": True, "method": "none"})
    assert "adaptive histogram" in text(zones={"enabled": True, "method": "clahe_local"})
    assert "local mean" in text(focus_stack={"enabled": True, "method": "absdiff"})
    assert "saturation" in text(tissue={"method": "otsu_saturation"})
    assert "libvips" in text(tiles={"engine": "dzsave"})
    assert "not their pixels" in text(tiles={"container": "none"})
    assert "PNG (lossless)" in text(tiles={"format": "png"})
    assert "non-local means" in text(tiles={"denoise": 3})


def test_versions_are_those_that_the_jobs_used(tmp_path: Path) -> None:
    stated = {"grossing": "2.0", "snakemake": "9.0", "libraries": {"NumPy": ["2.4.5", "2.4.6"]}}
    (tmp_path / "provenance.json").write_text(json.dumps(stated))
    found = versions.of_run(tmp_path / "provenance.json")
    assert found == {"Grossing": "2.0", "Snakemake": "9.0", "NumPy": "2.4.5 and 2.4.6"}


def test_a_version_is_that_of_the_environment_of_a_rule() -> None:
    pyvips = versions.pinned("pyvips", REPOSITORY / "envs/rescale_slide.yaml")
    assert pyvips.split(".")[0] == versions.installed("pyvips").split(".")[0]
    with pytest.raises(ValueError, match="no version of torchstain"):
        versions.pinned("torchstain", REPOSITORY / "envs/rescale_slide.yaml")
