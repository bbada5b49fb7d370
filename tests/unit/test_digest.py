"""The digest of a script: what it and its modules do, without comments, docstrings and layout."""

import shutil
from pathlib import Path

import pytest
from grossing.support import code_digest
from grossing.tiles import engines
from library_modules import SCRIPTS
from workflow_rules import rules

FILES = {
    "job.py": '"""A job."""\nfrom grossing.near import value\n\nprint(value.of(1))\n',
    "grossing/__init__.py": '"""A package."""\n\nENTRY_POINTS = {}\n',
    "grossing/dataset.py": "UNUSED = 1\n",
    "grossing/near/__init__.py": '"""A room."""\n',
    "grossing/near/value.py": (
        'from grossing.far import constants\n\n\ndef of(x):\n    """A."""\n    return constants.K\n'
    ),
    "grossing/far/__init__.py": '"""A room."""\n',
    "grossing/far/constants.py": "from grossing.far.furthest import BASE\n\nK = BASE + 1\n",
    "grossing/far/furthest.py": "from grossing.near import value\n\nBASE = 1\n",
    "grossing/far/other.py": "UNUSED = 1\n",
    "grossing/engines/__init__.py": '"""A room."""\n',
    "grossing/engines/fast.py": "from grossing.engines import gears\n\nSPEED = gears.FIRST\n",
    "grossing/engines/gears.py": "FIRST = 1\n",
}
FAST = "grossing/engines/fast.py"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def of(scripts: Path, *also: str) -> str:
    return code_digest.of_script("job.py", lambda name: str(scripts / name), also)


def edit(scripts: Path, name: str, old: str, new: str) -> None:
    path = scripts / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("grossing/near/value.py", '"""A."""', '"""Another docstring."""'),
        ("grossing/near/value.py", '    """A."""\n', ""),
        ("grossing/near/__init__.py", "A room", "Another room"),
        ("grossing/far/constants.py", "K = BASE", "# a remark\nK = BASE"),
        ("grossing/far/constants.py", "K = BASE", '"""A docstring of K."""\nK = BASE'),
        ("grossing/far/constants.py", "BASE + 1", "(BASE  +  1)"),
        ("grossing/far/other.py", "1", "2"),
        ("grossing/dataset.py", "1", "2"),
        (FAST, "FIRST", "FIRST + 1"),
        ("job.py", "A job.", "Another."),
        ("grossing/__init__.py", "{}", '{"of": "grossing.near.value"}'),
    ],
)
def test_what_does_not_count(scripts: Path, name: str, old: str, new: str) -> None:
    before = of(scripts)
    edit(scripts, name, old, new)
    assert of(scripts) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("job.py", "of(1)", "of(2)"),
        ("job.py", "value.of(1)", '"a string that is printed"'),
        ("grossing/near/value.py", "constants.K", "-constants.K"),
        ("grossing/near/__init__.py", "room", 'room"""\nimport os\n"""'),
        ("grossing/far/constants.py", "+ 1", "+ 2"),
        ("grossing/far/furthest.py", "BASE = 1", "BASE = 2"),
    ],
)
def test_what_counts(scripts: Path, name: str, old: str, new: str) -> None:
    before = of(scripts)
    edit(scripts, name, old, new)
    assert of(scripts) != before


@pytest.mark.parametrize(
    "line",
    [
        "from grossing.far import other",
        "from grossing.far import constants, other",
        "from grossing.far import other as short",
        "from grossing.far.other import UNUSED",
        "import grossing.far.other",
        "import grossing.far.other as short",
        "def late():\n    from grossing.far import other",
    ],
)
def test_every_way_to_import_is_followed(scripts: Path, line: str) -> None:
    edit(scripts, "grossing/near/value.py", "\n\n\ndef of", f"\n{line}\n\n\ndef of")
    before = of(scripts)
    edit(scripts, "grossing/far/other.py", "1", "2")
    assert of(scripts) != before


@pytest.mark.parametrize("line", ["from grossing import dataset", "import grossing.dataset"])
def test_the_module_without_a_room_is_followed(scripts: Path, line: str) -> None:
    edit(scripts, "job.py", "from grossing", f"{line}\nfrom grossing")
    before = of(scripts)
    edit(scripts, "grossing/dataset.py", "1", "2")
    assert of(scripts) != before


@pytest.mark.parametrize("name", [FAST, "grossing/engines/gears.py"])
def test_a_module_that_is_loaded_by_its_name_counts_where_it_is_named(
    scripts: Path, name: str
) -> None:
    before, without = of(scripts, FAST), of(scripts)
    edit(scripts, name, "FIRST", "SECOND")
    assert of(scripts, FAST) != before
    assert of(scripts) == without != before


def test_modules_of_a_script_are_all_that_it_reaches(scripts: Path) -> None:
    found = code_digest.modules_of("job.py", lambda name: str(scripts / name))
    wanted = ("", "near/", "far/")
    assert found == {f"grossing/{room}__init__.py" for room in wanted} | {
        "grossing/near/value.py",
        "grossing/far/constants.py",
        "grossing/far/furthest.py",
    }


def test_what_was_parsed_before_changes_nothing(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, stored = of(scripts), tmp_path / "of/a/run/parsed.json"
    stored.parent.parent.mkdir(parents=True)
    code_digest.Memory(stored).save()
    assert not stored.exists()  # nothing new
    for damage in (None, "", "[]", '{"maker": 1}', '{"files": {"x": 1}}'):
        monkeypatch.setattr(code_digest, "_KNOWN", {})
        if damage is not None:
            stored.write_text(damage)
        memory = code_digest.Memory(stored)
        assert of(scripts) == expected
        memory.save()
        assert stored.stat().st_size > 500
    monkeypatch.setattr(code_digest, "_KNOWN", {})
    memory = code_digest.Memory(stored)
    monkeypatch.setattr(code_digest.ast, "parse", None)  # nothing is parsed again
    assert of(scripts) == expected
    edit(scripts, "job.py", "of(1)", "of(2)")
    with pytest.raises(TypeError):
        of(scripts)


def test_only_the_files_used_last_are_remembered(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = tmp_path / "parsed.json"
    files = len(code_digest.modules_of("job.py", lambda name: str(scripts / name))) + 1
    monkeypatch.setattr(code_digest, "_KNOWN", {str(n): (frozenset(), "") for n in range(50)})
    monkeypatch.setattr(code_digest, "LARGEST", files + 10)
    memory = code_digest.Memory(stored)
    expected = of(scripts)
    memory.save()
    monkeypatch.setattr(code_digest, "_KNOWN", {})
    code_digest.Memory(stored)
    assert len(code_digest._KNOWN) == files + 10
    monkeypatch.setattr(code_digest.ast, "parse", None)  # what was used is there
    assert of(scripts) == expected


def test_place_and_date_do_not_count(
    scripts: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "scripts"
    shutil.copytree(scripts, elsewhere, copy_function=shutil.copyfile)
    assert of(elsewhere) == of(scripts)


# What a change of the library runs again

EXPORTS = ("trident", "clam", "hs2p", "webdataset", "geojson")
#: rule -> rooms whose code it covers, besides `columns` and `support`
ROOMS = {
    "measure_slide": {"measure", "mask", "stain", "slide"},
    "decide_slides": {"cohort", "slide"},
    "find_duplicates": {"cohort", "slide"},
    "tile_slide": {"tiles", "measure", "mask", "stain", "slide"},
    "rescale_slide": {"tiles", "measure", "stain", "slide"},
    "collect_tiles": {"cohort", "slide"},
    "collect_nuclei": {"cohort", "slide"},
    "collect_zones": {"cohort", "zones", "slide"},
    "assign_splits": {"cohort"},
    "check_leakage": {"cohort"},
    "plan_cohort": {"cohort", "report", "slide"},
    "draw_overlays": {"cohort", "report", "mask", "slide"},
    "normalize_tiles": {"tiles", "stain", "slide"},
    "pool_stain": {"stain", "slide"},
    "separate_stains": {"tiles", "stain", "slide"},
    "measure_nuclei": {"nuclei", "tiles", "mask", "stain", "slide"},
    "find_zones": {"zones", "tiles", "mask", "stain", "slide"},
    "report_cohort": {"report", "cohort", "zones", "slide"},
    "draw_figures": {"report", "cohort"},
    "write_methods": {"report", "cohort"},
    "write_provenance": {"export"},
    "fuse_focus": {"zstack", "tiles", "measure", "mask", "slide"},
    "measure_study": {"radiology", "measure", "mask", "slide"},
    "decide_studies": {"radiology", "cohort", "slide"},
    "report_studies": {"report", "radiology", "cohort", "slide"},
    "prepare_ct": {"radiology", "slide"},
    "prepare_mr": {"radiology", "slide"},
    "fuse_sequences": {"radiology", "slide"},
    "prepare_xr": {"radiology", "slide"},
    "cut_patches": {"radiology", "slide"},
    "collect_patches": {"radiology"},
    "pool_intensities": {"radiology"},
    "find_study_duplicates": {"radiology", "cohort", "slide"},
    "assign_study_splits": {"radiology", "cohort"},
    "check_study_leakage": {"radiology", "cohort"},
    "write_study_provenance": {"export"},
    **{f"export_{name}": {"export", "cohort", "slide"} for name in EXPORTS},
}
#: rule -> modules of these rooms that it must not cover: a change of theirs is none of its output
NEVER = {
    "measure_slide": ("stain/normalisation", "stain/recolouring", "stain/reference"),
    "decide_slides": ("cohort/collect", "cohort/config", "cohort/summary", "slide/opening"),
    "find_duplicates": (
        *("cohort/decide", "cohort/measured_qc", "cohort/outliers", "cohort/reviews"),
        *("cohort/same_pictures", "cohort/summary", "slide/opening"),
    ),
    "tile_slide": (
        *("mask/tissue", "mask/artefacts", "mask/surround", "mask/outlines"),
        *("measure/slide", "measure/overview", "measure/sampling", "measure/levels"),
        *("stain/fit", "stain/statistics", "stain/normalisation", "stain/recolouring"),
        *("tiles/stored_tiles", "tiles/derived_tiles", "tiles/rescaled_slide"),
    ),
    "rescale_slide": ("stain/fit", "tiles/tile_loop", "tiles/libvips_engine", "measure/slide"),
    "collect_tiles": ("cohort/measured_qc", "cohort/sheet", "cohort/config", "cohort/summary"),
    "collect_nuclei": ("cohort/measured_qc", "cohort/zones_table", "slide/opening"),
    "collect_zones": ("cohort/measured_qc", "cohort/nuclei_table", "zones/slide_zones"),
    "assign_splits": ("cohort/leakage", "cohort/sheet", "cohort/duplicates"),
    "check_leakage": ("cohort/splits", "cohort/proportions", "cohort/duplicates"),
    "plan_cohort": ("cohort/proportions", "cohort/measured_qc", "report/cohort_page"),
    "draw_overlays": ("cohort/measured_qc", "mask/tissue", "mask/outlines", "slide/opening"),
    "normalize_tiles": ("tiles/tile_loop", "tiles/extraction", "tiles/tile_measures"),
    "pool_stain": ("stain/normalisation", "stain/recolouring", "stain/statistics"),
    "separate_stains": ("stain/fit", "stain/recolouring", "tiles/tile_loop", "tiles/extraction"),
    "measure_nuclei": (
        *("mask/tissue", "mask/artefacts", "stain/fit"),
        *("tiles/tile_loop", "tiles/extraction", "tiles/tile_measures"),
    ),
    "find_zones": (
        *("mask/tissue", "mask/artefacts", "stain/fit", "zones/picture_zones"),
        *("tiles/tile_loop", "tiles/extraction", "tiles/tile_measures"),
    ),
    "report_cohort": ("report/figures", "report/methods", "report/overlays", "report/serving"),
    "draw_figures": ("cohort/decide", "report/methods", "report/references"),
    "write_provenance": ("export/selection", "export/hs2p"),
    "write_methods": ("cohort/decide", "report/style", "report/figures"),
    "fuse_focus": ("measure/slide", "measure/sampling", "zstack/fusion", "tiles/tile_loop"),
    "measure_study": (
        *(
            "radiology/studies/study_decision",
            "radiology/studies/study_thresholds",
            "radiology/ct/lung_mask",
        ),
        *("radiology/volumes/resampling", "slide/opening"),
    ),
    "decide_studies": (
        "radiology/volumes/volume",
        "radiology/reading/dicom_frames",
        "cohort/measured_qc",
    ),
    "report_studies": (
        *("radiology/volumes/volume", "radiology/volumes/three_planes", "radiology/ct/prepared_ct"),
        *("report/cohort_page", "report/tile_data", "report/serving"),
    ),
    "cut_patches": ("radiology/ct/prepared_ct", "radiology/studies/study_decision"),
    "collect_patches": ("radiology/volumes/volume",),
    "pool_intensities": ("radiology/ct/hu_windows",),
    "find_study_duplicates": ("radiology/study_hashes", "radiology/studies/study_decision"),
    "assign_study_splits": ("cohort/leakage", "cohort/sheet", "radiology/studies/study_decision"),
    "check_study_leakage": ("cohort/splits", "cohort/proportions", "cohort/duplicates"),
    "write_study_provenance": ("export/selection", "export/hs2p"),
    "prepare_ct": ("radiology/studies/study_decision", "radiology/ct/ct_measures", "slide/opening"),
    "prepare_mr": (
        "radiology/studies/study_decision",
        "radiology/mr/alignment",
        "radiology/ct/lung_mask",
    ),
    "fuse_sequences": (
        "radiology/studies/study_decision",
        "radiology/mr/bias_field",
        "radiology/mr/brain_mask",
    ),
    "prepare_xr": (
        "radiology/studies/study_decision",
        "radiology/mr/bias_field",
        "radiology/volumes/resampling",
    ),
    **{
        f"export_{name}": ("cohort/collect", "cohort/decide", "cohort/sheet", "slide/opening")
        for name in EXPORTS
    },
}
#: tile engine -> modules that it alone needs
OF_ENGINE = {
    "tissue": {"tiles/tissue_engine"},
    "dzsave": {"tiles/libvips_engine", "tiles/libvips_feed", "tiles/whole_slide"},
}


def fetch(name: str) -> str:
    return str(SCRIPTS / name)


def loaded_by_name(rule: str, engine: str) -> tuple[str, ...]:
    return (engines.module_path(engine),) if rule == "tile_slide" else ()


def covered(rule: str, engine: str = "tissue") -> set[str]:
    """Modules of the library as `room/module` whose change runs a rule again."""
    files = code_digest.modules_of(f"{rule}.py", fetch, loaded_by_name(rule, engine))
    names = {name.removeprefix("grossing/").removesuffix(".py") for name in files}
    return {name for name in names if not name.endswith("__init__")}


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_every_rule_is_run_again_by_the_code_of_its_script(engine: str) -> None:
    for rule in rules(f'{{"tiles": {{"engine": "{engine}"}}}}').values():
        also = loaded_by_name(rule.name, engine)
        assert rule.code == code_digest.of_script(rule.script, fetch, also), rule.name


def test_every_rule_has_its_reach_listed() -> None:
    assert set(ROOMS) == set(NEVER) == set(rules())


@pytest.mark.parametrize("rule", ROOMS)
def test_a_rule_covers_these_rooms_and_of_them_no_module_that_is_not_its_own(rule: str) -> None:
    names = covered(rule)
    assert {name.split("/")[0] for name in names} == ROOMS[rule] | {"columns", "support"}
    assert all((SCRIPTS / f"grossing/{name}.py").exists() for name in NEVER[rule])
    assert not names & set(NEVER[rule])


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_a_tile_engine_is_covered_where_it_is_used_and_nowhere_else(engine: str) -> None:
    assert covered("tile_slide", engine) & set().union(*OF_ENGINE.values()) == OF_ENGINE[engine]
