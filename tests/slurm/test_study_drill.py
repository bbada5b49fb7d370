"""A cohort of studies with broken ones under the SLURM profile, unattended."""

from pathlib import Path

import make_ct
import pydicom
from cluster import Cluster
from drills import Head
from running import configure, read_csv

STATUSES = {"good": "PASS", "again": "PASS", "broken": "ERROR", "gap": "FAIL", "missing": "ERROR"}


def write_studies(workdir: Path) -> None:
    """Two good series, one with a truncated file, one with a gap, and one that is not there."""
    water = make_ct.phantom_of()
    for name in ("good", "again", "broken"):
        make_ct.write_series(workdir / name, water + 20 * (name == "again"))
    slice_file = sorted((workdir / "broken").iterdir())[3]
    slice_file.write_bytes(slice_file.read_bytes()[:-3000])
    gap = {"ImagePositionPatient": lambda i: [0.0, 0.0, 2.0 * i + 4 * (i > 5)]}
    make_ct.write_series(workdir / "gap", water, tags=gap)
    rows = [f"{name},{name},CT" for name in STATUSES]
    (workdir / "studies.csv").write_text("\n".join(["study_id,path,modality", *rows, ""]))
    settings = {"ct": {"lung_expected": False}, "patches": {"enabled": False}}
    configure(workdir, radiology=settings, report={"enabled": False})


def test_cohort_with_broken_studies_has_one_row_per_study(slurm: Cluster, tmp_path: Path) -> None:
    workdir = tmp_path.resolve()
    write_studies(workdir)
    assert pydicom.dcmread(next((workdir / "broken").iterdir()), stop_before_pixels=True)
    head = Head(slurm, workdir, "radiology", sheet="studies=studies.csv")
    done = head.succeed()
    rows = read_csv(workdir, "studies_qc.csv")
    assert [row["study_id"] for row in rows] == list(STATUSES)
    assert {row["study_id"]: row["qc_status"] for row in rows} == STATUSES
    reasons = {row["study_id"]: row["qc_reasons"] for row in rows}
    assert (reasons["broken"], reasons["gap"]) == ("unreadable", "slices_missing")
    assert "5 studies: 2 PASS, 0 REVIEW, 1 FAIL, 2 ERROR" in done.text
    for study_id in STATUSES:
        assert len(list((workdir / "results/ct").glob(f"{study_id}*"))) == 6
    assert {job.state for job in head.jobs()} == {"COMPLETED"}
    jobs = [job for job in read_csv(workdir, "cluster_jobs.csv") if job["rule"] == "measure_study"]
    assert {job["slide_id"] for job in jobs} == set(STATUSES)
    assert all(job["cluster_job"].isdigit() for job in jobs)
    again = Head(slurm, workdir, "radiology", "-n", sheet="studies=studies.csv").succeed()
    assert again.jobs == {}
