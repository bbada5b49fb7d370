"""Real files of other tools' making, all in one cohort; skipped where they are not at hand."""

from pathlib import Path

from running import SHARED, by_slide, needs_shared, plan, run, write_sheet

SLIDES = SHARED / "wsi"
EXPECTED = {
    "CMU-1-Small-Region.svs": ("PASS", ""),
    "RGB-8bit.czi": ("ERROR", "unsupported"),
    "absent.svs": ("ERROR", "file_missing"),
    "boxes.tiff": ("ERROR", "mpp_out_of_range"),
    "boxes_0.dcm": ("FAIL", "no_tissue"),
    "boxes_1.dcm": ("FAIL", "no_tissue"),
    "broken.svs": ("ERROR", "unsupported"),
    "multiframe_camelyon.dcm": ("ERROR", "mpp_out_of_range"),
    "slaid_patch.tif": ("ERROR", "mpp_missing"),
    "small.svs": ("FAIL", "no_tissue"),
    "test3-DAPI.ndpi": ("FAIL", "not_brightfield"),
    "unreadable.svs": ("ERROR", "unreadable"),
}


@needs_shared
def test_every_file_ends_with_the_right_status(tmp_path: Path) -> None:
    rows = [{"slide_id": n, "path": str(SLIDES / n), "stain": "", "mpp": ""} for n in EXPECTED]
    write_sheet(tmp_path, rows)
    said = run(tmp_path)
    assert "Traceback" not in said.text
    verdicts = by_slide(tmp_path, "cohort_qc.csv")
    assert list(verdicts) == list(EXPECTED)
    for name, (status, code) in EXPECTED.items():
        row = verdicts[name]
        assert (row["qc_status"], row["qc_reasons"].partition("=")[0]) == (status, code), name
        assert bool(row["remedy"]) == (status == "ERROR"), name
    assert plan(tmp_path).jobs == {}


@needs_shared
def test_a_sheet_can_mend_resolution_and_stain(tmp_path: Path) -> None:
    given = {"slaid_patch.tif": ("0.5", ""), "test3-DAPI.ndpi": ("", "fluorescence")}
    write_sheet(
        tmp_path,
        [
            {"slide_id": name, "path": str(SLIDES / name), "mpp": mpp, "stain": stain}
            for name, (mpp, stain) in given.items()
        ],
    )
    run(tmp_path)
    verdicts = by_slide(tmp_path, "cohort_qc.csv")
    patch, dapi = (verdicts[name] for name in given)
    assert (patch["mpp"], patch["mpp_source"]) == ("0.5", "sheet")
    assert "mpp_missing" not in patch["qc_reasons"]
    assert "not_brightfield" not in dapi["qc_reasons"]
    assert dapi["stain_h_r"] == ""
