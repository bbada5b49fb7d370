"""The target `radiology`: a row per study, a gate that measures nothing again, no personal data."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import cv2
import generate
import jsonschema
import make_ct
import nibabel
import numpy as np
import pytest
from grossing.support import tables
from running import REPOSITORY, Once, called, read_csv

SHEET = """study_id,path,modality,case_id,split,series_uid
chest,chest,CT,p1,train,1.2.840.99.1
thick,thick,CT,p2,test,
gap,gap,CT,p3,train,
absent,absent,CT,,,
"""


def radiology(workdir: Path, *words: str) -> str:
    command = [sys.executable, "-m", "snakemake", "radiology", "--profile", "profiles/local"]
    command += ["--directory", str(workdir), "--configfile", "config/radiology.yaml"]
    if (workdir / "mine.yaml").exists():
        command.append(str(workdir / "mine.yaml"))
    command += [*words, "--config", f"studies={workdir}/studies.csv"]
    code, text = called(command, REPOSITORY)
    assert code == 0, text
    return text


@pytest.fixture(scope="module")
def finished(once: Once) -> Path:
    def fill(workdir: Path) -> None:
        hu, _ = make_ct.chest(2.5)
        cubic = (2.5, 2.5, 2.5)
        make_ct.write_series(workdir / "chest", hu, spacing=cubic, series="1.2.840.99.1")
        water = make_ct.phantom_of()
        make_ct.write_series(workdir / "chest", water, series="1.2.840.99.2", name="other")
        make_ct.write_series(workdir / "thick", water, spacing=(5.0, 1.0, 1.0))
        gap = {"ImagePositionPatient": lambda i: [0, 0, 2.0 * i + 4 * (i > 5)]}
        make_ct.write_series(workdir / "gap", water, tags=gap)
        (workdir / "studies.csv").write_text(SHEET)
        (workdir / "first.txt").write_text(radiology(workdir))

    return once("radiology", fill)


@pytest.mark.parametrize("name", ["studies_qc", "patch_studies", "study_duplicates"])
def test_rows_keep_to_their_schema(finished: Path, name: str) -> None:
    rows = tables.read(finished / f"results/cohort/{name}.parquet").to_pylist()
    validator = jsonschema.Draft202012Validator(generate.load(name))
    assert rows
    for row in rows:
        assert not [f"{e.json_path}: {e.message}" for e in validator.iter_errors(row)]


def test_every_row_has_its_verdict_and_the_console_names_it(finished: Path) -> None:
    rows = {row["study_id"]: row for row in read_csv(finished, "studies_qc.csv")}
    assert list(rows) == ["chest", "thick", "gap", "absent"]
    assert {i: row["qc_status"] for i, row in rows.items()} == {
        "chest": "PASS",
        "thick": "REVIEW",
        "gap": "FAIL",
        "absent": "ERROR",
    }, rows
    assert rows["gap"]["qc_reasons"] == "slices_missing"
    assert rows["thick"]["qc_reasons"].startswith("slice_thickness=5>3;slice_spacing=5>3")
    assert "no_lung" in rows["thick"]["qc_reasons"]
    train = json.loads((finished / "results/cohort/ct_intensities.json").read_text())
    assert train["studies"] == 1
    assert train["mean_hu"] == pytest.approx(float(rows["chest"]["prepared_mean"]))
    assert rows["thick"]["duplicate_of"] == "gap"  # the same water
    assert rows["thick"]["qc_reasons"].endswith("duplicate_in_other_split;duplicate_in_other_case")
    assert rows["absent"]["remedy"].startswith("correct `path`")
    assert [rows[i]["prepared"] for i in rows] == ["true", "true", "false", "false"]
    truth = make_ct.chest(2.5)[1]["lung"].sum() * 2.5**3 / 1e6
    assert float(rows["chest"]["lung_volume_l"]) == pytest.approx(truth, rel=0.05)
    text = (finished / "first.txt").read_text()
    assert "4 studies: 1 PASS, 1 REVIEW, 1 FAIL, 1 ERROR" in text
    assert "gap  FAIL slices_missing" in text


def test_the_page_has_the_studies_and_their_pictures(finished: Path) -> None:
    page = finished / "results/cohort/studies_report"
    assert "4 studies" in (page / "index.html").read_text()
    text = (page / "data/cohort.js").read_text()
    data = json.loads(text.removeprefix('GROSSING.receive("cohort",').removesuffix(");\n"))
    assert data["pictures"] == {"scanned": "yyyn", "planes": "yynn", "field": "nnnn"}
    assert data["judged"]["status"] == ["PASS", "PASS", "FAIL", "ERROR"]
    planes = cv2.imread(str(page / "planes/0.jpg"))
    assert planes.shape == (384, 3 * 384, 3)
    outlined = (planes[..., 2] > 150) & (planes[..., 0] < 100)
    assert outlined.sum() > 200
    assert cv2.imread(str(finished / "results/ct_planes/gap.jpg")).shape == (1, 1, 3)


def test_a_study_behind_the_gate_has_its_files_empty(finished: Path) -> None:
    for study_id in ("chest", "thick", "gap", "absent"):
        made = sorted(path.name for path in (finished / "results/ct").glob(f"{study_id}*"))
        assert len(made) == 6
        record = json.loads((finished / f"results/ct/{study_id}.json").read_text())
        assert record["prepared"] == (study_id in ("chest", "thick"))


def test_planted_names_and_uids_are_in_no_output(finished: Path) -> None:
    """Headers, tables, logs, benchmarks, NIfTI files (unpacked), plans; not the inputs."""
    outputs = [
        path
        for part in ("results", "logs", "benchmarks", ".snakemake/log")
        for path in (finished / part).rglob("*")
        if path.is_file()
    ]
    assert len(outputs) > 30
    planted = [*make_ct.NAMES, "PLANTED", "1.2.840.99"]
    for path in outputs:
        data = path.read_bytes()
        data += gzip.decompress(data) if path.suffix == ".gz" else b""
        for name in planted:
            assert name.encode() not in data, (path, name)


def test_patches_are_centred_on_the_candidates(finished: Path) -> None:
    rows = tables.read(finished / "results/cohort/patch_studies.parquet").to_pylist()
    assert {row["study_id"] for row in rows} == {"chest"}
    assert {row["side_voxels"] for row in rows} == {32, 64}
    assert {row["split"] for row in rows} == {"train"}
    image = nibabel.load(finished / "results/ct/chest.nii.gz")
    values = np.asarray(image.dataobj)
    for row in rows:
        cube = np.load(finished / "results" / row["file"])[row["array"]][row["index"]]
        assert cube.shape == (row["side_voxels"],) * 3
        ras = (-row["x_mm"], -row["y_mm"], row["z_mm"], 1)
        i, j, k = np.round(np.linalg.inv(image.affine) @ ras).astype(int)[:3]
        middle = row["side_voxels"] // 2
        assert cube[middle, middle, middle] == values[i, j, k]
        assert row["value_mean"] == pytest.approx(float(cube.mean()))


def test_a_changed_threshold_prepares_those_whose_verdict_flips_and_measures_none(
    finished: Path,
) -> None:
    assert "Nothing to be done" in radiology(finished, "-n")
    limits = {"study": {"slice_thickness_mm_max": 6.0}}
    mine = finished / "mine.yaml"
    try:
        mine.write_text(json.dumps({"radiology": {"thresholds": limits}}))
        text = radiology(finished, "-n", "-q", "rules")
        assert "decide_studies" in text
        assert "measure_study" not in text and "prepare_ct" not in text
        limits["study"] = {"spacing_variation_max": 0.5, "slices_min": 2}
        limits["ct"] = {"hu_high_max": 60}
        mine.write_text(json.dumps({"radiology": {"thresholds": limits}}))
        text = radiology(finished, "-n")
        assert "measure_study" not in text
        assert "Not preparing chest: FAIL hu_out_of_range" in text
    finally:
        mine.unlink()


def test_the_target_needs_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").write_text("slide_id,path\na,a.svs\n")
    command = [sys.executable, "-m", "snakemake", "radiology", "--profile", "profiles/local", "-n"]
    done = subprocess.run(
        [*command, "--directory", str(tmp_path), "--config", "cohort=cohort.csv"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "give --config studies=SHEET.csv" in done.stdout + done.stderr


@pytest.mark.parametrize("target", ["all", "qc", "plan", "batch"])
def test_a_run_about_studies_has_no_target_of_slides(tmp_path: Path, target: str) -> None:
    (tmp_path / "studies.csv").write_text("study_id,path,modality\na,a,CT\n")
    command = [sys.executable, "-m", "snakemake", target, "--profile", "profiles/local", "-n"]
    done = subprocess.run(
        [*command, "--directory", str(tmp_path), "--config", "studies=studies.csv"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    said = done.stdout + done.stderr
    assert "such a run has the target `radiology`; for slides, leave `studies` out" in said


def test_a_wrong_sheet_stops_before_any_job(tmp_path: Path) -> None:
    rows = ["study_id,path,modality,group,sequence,case_id,split"]
    rows += ["a,a,US,,,,", "b,b,MR,g,T1,p1,train", "c,c,MR,g,T1,p2,test"]
    (tmp_path / "studies.csv").write_text("\n".join(rows))
    with pytest.raises(AssertionError) as caught:
        radiology(tmp_path, "-n")
    text = str(caught.value)
    assert "line 2, column modality: 'US': write CT, MR or XR" in text
    assert "give each row of a group its own sequence" in text
    assert "rows of a group are fused" in text
    assert not (tmp_path / "results").exists()


def test_values_of_the_water_are_those_that_were_written(finished: Path) -> None:
    volume = np.asarray(nibabel.load(finished / "results/ct/thick.nii.gz").dataobj)
    assert volume.shape == (64, 64, 56)
    middle = volume[28:36, 28:36, 20:36]
    assert abs(float(middle.mean()) - 40) < 3
