"""What results say of their making: libraries in files, provenance, and the RO-Crate."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grossing.export import crate, provenance
from grossing.export.provenance import Provenance
from grossing.support import digests, tables, versions
from rocrate.rocrate import ROCrate
from running import REPOSITORY

VERDICTS = pa.table({"slide_id": ["a", "b"], "content_hash": ["12", None]})


def test_a_process_states_what_it_loaded_and_nothing_else() -> None:
    code = (
        "import json, numpy\n"
        "from grossing.support import versions\n"
        "print(json.dumps(versions.used()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY / "scripts", capture_output=True, check=True
    )
    stated = json.loads(done.stdout)
    assert stated.keys() == {"Grossing", "NumPy", "Python"}
    assert stated["NumPy"] == np.__version__


def test_native_libraries_state_their_own_version() -> None:
    import openslide
    import pyvips

    stated = versions.used()
    assert stated["OpenSlide"] == openslide.__library_version__
    assert stated["libvips"].split(".")[0] == str(pyvips.version(0))
    assert list(stated) == sorted(stated)


def test_a_table_states_its_own_libraries_and_not_those_of_what_it_was_made_of(
    tmp_path: Path,
) -> None:
    old = VERDICTS.replace_schema_metadata({versions.MADE_WITH: b'{"NumPy": "1.0"}'})
    tables.write_parquet(old, tmp_path / "a.parquet")
    assert tables.made_with(tmp_path / "a.parquet") == versions.used()
    assert tables.read(tmp_path / "a.parquet").equals(VERDICTS)
    pq.write_table(VERDICTS, tmp_path / "b.parquet")
    assert tables.made_with(tmp_path / "b.parquet") == {}


def test_versions_of_all_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"made_with": {"NumPy": "2.4.10", "OpenCV": "5.0.0"}}')
    (tmp_path / "b.json").write_text('{"slide_id": "b"}')
    table = VERDICTS.replace_schema_metadata({versions.MADE_WITH: b'{"NumPy": "2.4.6"}'})
    pq.write_table(table, tmp_path / "c.parquet")
    (tmp_path / "c.csv").touch()
    found = provenance.library_versions(
        [tmp_path / "a.json", tmp_path / "b.json"],
        [tmp_path / "c.parquet", tmp_path / "c.csv"],
        {"libvips": "8.18.7"},
    )
    assert found == {"NumPy": ["2.4.10", "2.4.6"], "OpenCV": ["5.0.0"], "libvips": ["8.18.7"]}


@pytest.fixture
def described(tmp_path: Path) -> Provenance:
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort/x.csv").write_bytes(b"a,b\n")
    return provenance.describe(
        VERDICTS,
        [tmp_path / "cohort/x.csv"],
        tmp_path,
        config={"thresholds": {"tile": {"focus_min": 1.0}}},
        code={"tile_slide": "2" * 64, "measure_slide": "1" * 64},
        workflow={"Grossing": "1.2.3", "Snakemake": "9.27.1"},
        libraries={"Grossing": ["1.2.2", "1.2.3"], "NumPy": ["2.4.6"]},
    )


def test_the_config_digest_depends_on_values_and_not_on_their_order() -> None:
    one = digests.of_settings({"a": {"b": 1, "c": 2.5}, "d": None})
    assert one == digests.of_settings({"d": None, "a": {"c": 2.5, "b": 1}})
    assert one != digests.of_settings({"a": {"b": 1, "c": 2.6}, "d": None})


def test_a_crate_is_read_by_its_library(described: Provenance, tmp_path: Path) -> None:
    path = tmp_path / "ro-crate-metadata.json"
    made: dict[str, Any] = {"folders": {"tiles": "Tiles"}, "also": {"cohort/s.json": "The sheet"}}
    crate.write(described, path, **made)
    first = path.read_bytes()
    crate.write(described, path, **made)
    assert path.read_bytes() == first

    (tmp_path / "tiles").mkdir()
    (tmp_path / "cohort/s.json").touch()
    read = ROCrate(tmp_path)
    assert read.root_dataset["conformsTo"].id == crate.PROFILE
    assert {entity.id for entity in read.data_entities} == {
        *("cohort/s.json", "cohort/x.csv", "tiles/"),
    }
    table = read.get("cohort/x.csv")
    assert table["sha256"] == hashlib.sha256(b"a,b\n").hexdigest()
    assert (table["contentSize"], table["encodingFormat"]) == ("4", "text/csv")
    run = read.root_dataset["mentions"]
    run = run[0] if isinstance(run, list) else run
    assert run.type == "CreateAction"
    assert [entity.id for entity in run["result"]] == ["cohort/x.csv", "tiles/"]
    workflow = run["instrument"]
    assert (workflow["name"], workflow["version"]) == ("Grossing", "1.2.3")
    assert workflow["programmingLanguage"]["softwareVersion"] == "9.27.1"
    software = {each["name"]: each["softwareVersion"] for each in workflow["softwareRequirements"]}
    assert software == {"Snakemake": "9.27.1", "NumPy": "2.4.6"}
