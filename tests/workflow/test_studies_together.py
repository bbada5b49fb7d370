"""A cohort of studies with copies and made splits: tables, alarms, provenance, no personal data."""

import json
import sys
from pathlib import Path
from typing import Any

import generate
import jsonschema
import make_ct
import numpy as np
import pytest
import SimpleITK as sitk
from grossing.columns import study_duplicates, study_leakage, study_split_shares, study_splits
from grossing.radiology.reading import study_reading
from grossing.support import digests, tables
from rocrate.rocrate import ROCrate
from running import REPOSITORY, Once, called, read_csv

#: in the path of every study and of the sheet
FOLDER = "PLANTED-FOLDER-jane-roe"
SHEET = """study_id,path,modality,case_id,site,split
a,a,CT,p1,north,
b,b,CT,p2,north,
c,c,CT,p3,north,
d,d,CT,p4,north,
e,e,CT,p5,south,
f,f,CT,p6,south,
held,held,CT,p7,south,test
copy,copy.nii.gz,CT,p8,south,train
gone,gone,CT,p9,south,
"""
MINE = {
    "splits": {"enabled": True, "tolerance": 0.3},
    "radiology": {"ct": {"spacing_mm": 4.0, "lung_expected": False}, "patches": {"enabled": False}},
}
SCHEMAS = {
    "study_duplicates": study_duplicates.SCHEMA,
    "study_splits": study_splits.SCHEMA,
    "study_split_shares": study_split_shares.SCHEMA,
    "study_leakage": study_leakage.SCHEMA,
}


def water(seed: int) -> np.ndarray:
    """HU of a cylinder with a few others in it: no two seeds look alike."""
    rng = np.random.default_rng(seed)
    hu = make_ct.phantom_of(side=48).astype(np.int16)
    y, x = np.mgrid[:48, :48]
    for _ in range(6):
        cy, cx, radius = *rng.integers(12, 36, 2), rng.integers(2, 7)
        hu[rng.integers(0, 8) :, (y - cy) ** 2 + (x - cx) ** 2 < radius**2] = rng.integers(
            -900, 900
        )
    return hu


def radiology(workdir: Path, *words: str) -> str:
    command = [sys.executable, "-m", "snakemake", "radiology", "--profile", "profiles/local"]
    command += ["--directory", str(workdir), "--configfile", "config/radiology.yaml"]
    command += [str(workdir / "mine.yaml"), *words, "--config"]
    code, text = called([*command, f"studies={workdir.parent / FOLDER}/studies.csv"], REPOSITORY)
    assert code == 0, text
    return text


@pytest.fixture(scope="module")
def finished(once: Once) -> Path:
    def fill(folder: Path) -> None:
        secret, workdir = folder / FOLDER, folder / "run"
        secret.mkdir()
        workdir.mkdir()
        for seed, name in enumerate(("a", "b", "c", "d", "e", "f", "held")):
            make_ct.write_series(secret / name, water(seed))
        image = study_reading.pixels(study_reading.open_study(str(secret / "held"))).image()
        image.SetMetaData("descrip", make_ct.NAMES[0])
        sitk.WriteImage(image, str(secret / "copy.nii.gz"))
        (secret / "studies.csv").write_text(SHEET)
        (workdir / "mine.yaml").write_text(json.dumps(MINE))
        (workdir / "console.txt").write_text(radiology(workdir))

    return once("study_cohort", fill) / "run"


@pytest.mark.parametrize("name", SCHEMAS)
def test_rows_keep_to_their_schema(finished: Path, name: str) -> None:
    rows = tables.read_csv(finished / f"results/cohort/{name}.csv", SCHEMAS[name]).to_pylist()
    assert rows
    validator = jsonschema.Draft202012Validator(generate.load(name))
    for row in rows:
        assert not [f"{e.json_path}: {e.message}" for e in validator.iter_errors(row)]


def test_a_copy_in_another_split_is_an_alarm_and_to_be_looked_at(finished: Path) -> None:
    (pair,) = read_csv(finished, "study_duplicates.csv")
    assert (pair["study_id_a"], pair["study_id_b"], pair["kind"]) == ("held", "copy", "pixels")
    assert pair["alarm"] == "split;case_id"
    verdicts = {row["study_id"]: row for row in read_csv(finished, "studies_qc.csv")}
    for study_id, other in (("held", "copy"), ("copy", "held")):
        row = verdicts[study_id]
        assert (row["qc_status"], row["duplicate_of"]) == ("REVIEW", other)
        assert "duplicate_in_other_split;duplicate_in_other_case" in row["qc_reasons"]
    assert not verdicts["a"]["duplicate_of"]
    text = (finished / "console.txt").read_text()
    assert "ALARM: the same study under two splits, cases or labels: held = copy" in text
    assert "ALARM: leakage between splits: " in text


def test_training_statistics_are_those_of_the_training_split_that_was_made(finished: Path) -> None:
    split = {row["study_id"]: row for row in read_csv(finished, "study_splits.csv")}
    assert (split["held"]["split_source"], split["a"]["split_source"]) == ("sheet", "assigned")
    assert not split["gone"]["split"]
    verdicts = {row["study_id"]: row for row in read_csv(finished, "studies_qc.csv")}
    train = [i for i in split if split[i]["split"] == "train" and i != "copy"]
    others = {split[i]["split"] for i in "abcdef"} - {"train"}
    assert train and others
    stated = json.loads((finished / "results/cohort/ct_intensities.json").read_text())
    voxels = [int(verdicts[i]["prepared_voxels"]) for i in train]
    means = [float(verdicts[i]["prepared_mean"]) for i in train]
    assert (stated["studies"], stated["voxels"]) == (len(train), sum(voxels))
    assert stated["mean_hu"] == pytest.approx(np.average(means, weights=voxels), abs=1e-3)


def test_provenance_is_that_of_the_files(finished: Path) -> None:
    results = finished / "results"
    stated: dict[str, Any] = json.loads((results / "cohort/studies_provenance.json").read_text())
    schema = generate.load("provenance")
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(stated)) == []
    verdicts = {row["study_id"]: row for row in read_csv(finished, "studies_qc.csv")}
    assert stated["studies"] == {i: row["content_hash"] or None for i, row in verdicts.items()}
    assert {"cohort/studies_qc.parquet", "cohort/study_splits.csv"} <= set(stated["files"])
    for name, made in stated["files"].items():
        assert digests.of_file(results / name) == made["sha256"]
    assert {"SimpleITK", "pydicom", "pyarrow", "PuLP"} <= set(stated["libraries"])
    assert {"measure_study", "prepare_ct", "assign_study_splits"} <= set(stated["code"])
    assert "prepare_mr" not in stated["code"] and "measure_slide" not in stated["code"]
    assert "studies" not in stated["config"]  # a path
    crate = ROCrate(results)
    assert crate.name == "Cohort of 9 CT, MRI and X-ray studies"
    assert {"studies/", "ct/", "cohort/study_duplicates.csv"} <= {e.id for e in crate.data_entities}


def test_planted_names_are_in_no_output(finished: Path) -> None:
    """Nor the folder's; Snakemake's own log quotes its command line."""
    outputs = [
        path
        for part in ("results", "logs", "benchmarks")
        for path in (finished / part).rglob("*")
        if path.is_file()
    ]
    assert len(outputs) > 60
    for path in outputs:
        for name in (*make_ct.NAMES, "PLANTED", "jane"):
            assert name.encode() not in path.read_bytes(), (path, name)


def test_a_second_run_does_nothing_and_a_changed_seed_of_splits_reads_no_image(
    finished: Path,
) -> None:
    assert "Nothing to be done" in radiology(finished, "-n")
    (finished / "mine.yaml").write_text(json.dumps(MINE | {"splits": {"enabled": False}}))
    try:
        text = radiology(finished, "-n", "-q", "rules")
    finally:
        (finished / "mine.yaml").write_text(json.dumps(MINE))
    assert "pool_intensities" in text and "check_study_leakage" in text
    assert "measure_study" not in text and "prepare_ct" not in text
