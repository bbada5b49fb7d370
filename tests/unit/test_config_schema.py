"""The shipped configuration, its schema, and the defaults and options of the library are one."""

import dataclasses
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import generate
import pytest
from grossing.cohort import config
from grossing.mask import tissue
from grossing.measure import sampling
from grossing.nuclei import segmentation
from grossing.nuclei.options import NucleiOptions
from grossing.slide import facts
from grossing.stain import fit, normalisation, reference
from grossing.tiles import engines
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.options import Encoding, TileOptions
from grossing.zones import picture_zones
from grossing.zones.options import ZoneOptions
from grossing.zstack import fusion, plane_choice
from grossing.zstack.options import FocusStackOptions
from running import REPOSITORY
from stages import CONFIG, section

SCHEMA = generate.load("config")


def test_numbers_within_a_section_of_the_command_line_are_numbers() -> None:
    """Snakemake gives them as texts; of a file a quoted number is a mistake."""
    given: dict[str, Any] = {
        "tiles": {"size_px": "256", "format": "1"},
        "thresholds": {"slide": {"near": "1"}},
    }
    given["thresholds"]["slide"]["blurred_fraction_max"] = "0.5"
    merged = {
        "tiles": {"size_px": "256", "format": "1", "quality": "85"},
        "thresholds": {"slide": dict(given["thresholds"]["slide"])},
        "target_mpp": "x: [",
    }
    path = REPOSITORY / "workflow/schemas/config.schema.yaml"
    config.read_numbers(merged, path, {**given, "target_mpp": "x: ["})
    assert merged == {
        "tiles": {"size_px": 256, "format": "1", "quality": "85"},
        "thresholds": {"slide": {"near": "1", "blurred_fraction_max": 0.5}},
        "target_mpp": "x: [",
    }


def config_leaves(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from config_leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_config_and_its_schema_have_the_same_keys() -> None:
    assert list(config_leaves(CONFIG)) == [key for key, _ in generate.leaves(SCHEMA)]


def test_every_section_requires_all_of_its_keys() -> None:
    waiting = [SCHEMA]
    while waiting:
        rules = waiting.pop()
        assert rules["required"] == list(rules["properties"])
        assert rules["additionalProperties"] is False
        waiting += [rule for rule in rules["properties"].values() if "properties" in rule]


def test_every_config_key_has_a_comment() -> None:
    """A comment stands above each key; `x_max` may share that of `x_min` directly above it."""
    lines = (REPOSITORY / "config/config.yaml").read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        key, _, value = line.strip().partition(":")
        if value and not key.startswith("#"):
            twin = key.endswith("_max") and above.strip().startswith(f"{key[:-4]}_min:")
            assert twin or above.strip().startswith("#"), key


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("focus_stack.method", plane_choice.METHODS),
        ("tissue.method", tissue.METHODS),
        ("stain.method", (*fit.METHODS, "none")),
        ("tiles.engine", tuple(engines.ENGINES)),
    ],
)
def test_choices_of_the_schema_are_those_of_the_library(key: str, values: tuple[str, ...]) -> None:
    assert tuple(dict(generate.leaves(SCHEMA))[key]["enum"]) == values


#: function -> section whose keys its keywords are, and keys that are not
WHOLE: dict[Callable[..., Any], tuple[str, tuple[str, ...]]] = {
    tissue.find: ("tissue", ()),
    sampling.read: ("focus", ()),
    segmentation.segment_nuclei: (
        "nuclei",
        ("geojson", "median_area_um2_min", "median_area_um2_max"),
    ),
    picture_zones.find: ("zones", ()),
}


@pytest.mark.parametrize("function", WHOLE, ids=lambda function: function.__name__)
def test_a_section_holds_the_keywords_of_its_function(function: Callable[..., Any]) -> None:
    name, others = WHOLE[function]
    keywords = {
        key: option
        for key, option in inspect.signature(function).parameters.items()
        if option.kind is option.KEYWORD_ONLY
    }
    assert set(section(name, *others)) <= set(keywords)


#: function -> section of the keys that its defaults are
DEFAULTS: dict[Callable[..., Any], dict[str, Any]] = {
    tissue.find: CONFIG["tissue"],
    segmentation.segment_nuclei: CONFIG["nuclei"],
    segmentation.sample: CONFIG["nuclei"],
    picture_zones.find: CONFIG["zones"],
    fusion.fuse_planes: CONFIG["focus_stack"],
    plane_choice.sharpness: CONFIG["focus_stack"],
    fit.fit: CONFIG["stain"],
    normalisation.apply: CONFIG["stain"],
    reference.pool: CONFIG["stain"],
    TileExtractor: CONFIG["tiles"] | {"prefer": CONFIG["tiles"]["reader"]},
    facts.resolution: CONFIG,
}


@pytest.mark.parametrize("function", DEFAULTS, ids=lambda function: function.__qualname__)
def test_called_bare_a_function_uses_the_shipped_values(function: Callable[..., Any]) -> None:
    shipped = DEFAULTS[function]
    defaults = {
        name: option.default
        for name, option in inspect.signature(function).parameters.items()
        if name in shipped and option.default is not option.empty
    }
    assert defaults
    assert defaults == {name: shipped[name] for name in defaults}


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (TileOptions, section("tiles")),
        (NucleiOptions, section("nuclei", "geojson", "median_area_um2_min", "median_area_um2_max")),
        (ZoneOptions, section("zones")),
        (FocusStackOptions, section("focus_stack")),
    ],
)
def test_a_record_of_options_has_the_keys_of_its_section(
    options: Any, keys: dict[str, Any]
) -> None:
    assert {field.name for field in dataclasses.fields(options)} == set(keys)


def test_chroma_is_text_whatever_yaml_makes_of_it() -> None:
    read = TileOptions.from_config(section("tiles"))
    assert dataclasses.asdict(read) == section("tiles") | {"chroma": "420"}
    own = {field.name: getattr(read, field.name) for field in dataclasses.fields(Encoding)}
    assert Encoding(**own) == Encoding.from_config(section("tiles"))
