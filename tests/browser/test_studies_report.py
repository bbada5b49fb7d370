"""The page of studies in a real browser: a run of CT, MRI and X-ray, some of them wrong."""

import json
from pathlib import Path
from typing import Any

import brain_phantom
import chest_phantom
import make_ct
import pytest
import SimpleITK as sitk
import yaml
from running import REPOSITORY, configure, read_csv, run
from test_accessibility import AXE, pressed

SHEET = """study_id,path,modality,case_id,site,label
chest,chest,CT,p1,north,<script>alert(1)</script>
thick,thick,CT,p2,south,"<img src=x onerror=alert(2)>"
gap,gap,CT,p3,south,a
absent,absent,CT,,south,a
head,head.nii.gz,MR,p4,north,a
film,film.dcm,XR,p5,north,a
burned,burned.dcm,XR,p6,south,a
"""
SETTINGS = {
    "mr": {"spacing_mm": 3.0, "bias_shrink": 0},
    "ct": {"spacing_mm": 3.0},
    "patches": {"enabled": False},
}
VIEWS = ("overview", "thresholds", "distributions", "studies", "studies&pictures=1", "study")


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run; `page` of conftest is not for it."""
    folder = tmp_path_factory.mktemp("studies")
    hu, _ = make_ct.chest(3.0)
    z, y, x = (size // 2 for size in hu.shape)
    hu[z - 4 : z + 4, y - 6 : y, x + 20 : x + 28] = 3071
    make_ct.write_series(folder / "chest", hu, spacing=(3.0, 3.0, 3.0))
    water = make_ct.phantom_of()
    make_ct.write_series(folder / "thick", water, spacing=(5.0, 1.0, 1.0))
    gap = {"ImagePositionPatient": lambda i: [0, 0, 2.0 * i + 4 * (i > 5)]}
    make_ct.write_series(folder / "gap", water, tags=gap)
    sitk.WriteImage(brain_phantom.make_head("T1").image(), str(folder / "head.nii.gz"))
    values, _ = chest_phantom.make_chest()
    chest_phantom.write_dicom(folder / "film.dcm", 4095 - values, "MONOCHROME1")
    burned = {"BurnedInAnnotation": "YES"}
    chest_phantom.write_dicom(folder / "burned.dcm", values, "MONOCHROME2", **burned)
    (folder / "studies.csv").write_text(SHEET)
    configure(folder, studies="studies.csv", radiology=SETTINGS)
    run(folder, "radiology", report=True)
    return folder


@pytest.fixture
def page(blank_page: Any, cohort: Path) -> Any:
    blank_page.goto(f"file://{cohort}/results/cohort/studies_report/index.html")
    return blank_page


def go(page: Any, view: str, study: str = "chest") -> None:
    start = page.url.split("#")[0]
    page.goto("about:blank")
    page.goto(f"{start}#view={view}" + (f"&study={study}" if view == "study" else ""))
    page.wait_for_selector("h1")


def test_every_view_opens_and_shows_hostile_cells_as_text(page: Any) -> None:
    for view in ("Overview", "Thresholds", "Distributions", "Studies"):
        page.get_by_role("navigation").get_by_text(view, exact=True).click()
        assert page.locator("h1").count() == 1
    go(page, "study")
    assert page.get_by_text("<script>alert(1)</script>").count() == 1
    assert page.evaluate("GROSSING.unexplained.size") == 0


def test_the_first_screen_counts_verdicts_by_modality(page: Any, cohort: Path) -> None:
    rows = read_csv(cohort, "studies_qc.csv")
    for modality in ("CT", "MR", "XR"):
        counted = page.locator(f"tr[data-modality={modality}] td").all_inner_texts()
        of = [row["qc_status"] for row in rows if row["modality"] == modality]
        statuses = ("PASS", "REVIEW", "FAIL", "ERROR")
        assert list(map(int, counted)) == [*map(of.count, statuses), len(of)]
    reasons = page.locator("main")
    assert "export the missing slices" in reasons.inner_text()


def test_studies_that_cannot_be_used_are_listed_with_what_to_do(page: Any) -> None:
    go(page, "studies")
    page.wait_for_selector(".tabulator-row")
    for study_id in ("absent", "gap", "burned"):
        assert page.get_by_role("link", name=study_id, exact=True).count() == 1
    go(page, "study", "absent")
    assert "Correct path in the sheet" in page.locator(".reasons").inner_text()
    assert page.locator("figure").count() == 0


@pytest.mark.parametrize(
    ("study_id", "kinds"),
    [
        ("chest", ["planes", "scanned"]),
        ("head", ["planes", "scanned", "field"]),
        ("film", ["planes", "scanned"]),
        ("gap", ["scanned"]),
        ("burned", []),
    ],
)
def test_pictures_of_a_study_are_shown_with_their_masks(
    page: Any, study_id: str, kinds: list[str]
) -> None:
    go(page, "study", study_id)
    shown = page.locator("figure img")
    assert [
        s.split("/")[0] for s in shown.evaluate_all("a => a.map(i => i.getAttribute('src'))")
    ] == kinds
    page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth > 200)")
    legend = page.locator(".outlines li").all_inner_texts()
    expected = {"chest": ["lung", "metal"], "head": ["brain"], "film": ["lung"]}
    assert legend == expected.get(study_id, [])


@pytest.mark.parametrize(
    ("study_id", "modality"), [("chest", "ct"), ("head", "mr"), ("film", "xr")]
)
def test_only_what_preparing_measures_stands_under_its_heading(
    page: Any, study_id: str, modality: str
) -> None:
    schema = REPOSITORY / f"workflow/schemas/prepared_{modality}.schema.yaml"
    columns = yaml.safe_load(schema.read_text(encoding="utf-8"))["properties"]
    go(page, "study", study_id)
    heading = page.get_by_role("heading", name="What preparing measured")
    rows = page.locator("section.numbers", has=heading).locator("th[scope=row]").all_inner_texts()
    assert rows and set(rows) <= {name.replace("_", " ") for name in columns}


def test_a_dragged_threshold_predicts_what_the_rerun_does(page: Any, cohort: Path) -> None:
    go(page, "thresholds")
    plot = page.locator("[data-rule='study.slice_thickness_mm_max'] svg.histogram")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.1, y, steps=5)
    page.mouse.up()
    for key, value in (("study.slices_min", "400"), ("ct.metal_mm3_max", "0")):
        page.locator(f"[data-rule='{key}'] input").fill(value)
        page.keyboard.press("Tab")
    page.wait_for_selector("#snippet >> text=metal_mm3_max")
    page.wait_for_timeout(200)
    told = page.evaluate(
        "Object.fromEntries(GROSSING.next.status.map((s, i) => [GROSSING.id(i), s]))"
    )
    codes = page.evaluate(
        "Object.fromEntries(GROSSING.next.codes.map((c, i) => [GROSSING.id(i), c]))"
    )
    assert set(codes["chest"]) >= {"metal", "few_slices", "slice_thickness"}
    text = page.locator("#snippet").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download thresholds.yaml").click()
    assert Path(download.value.path()).read_text().strip() == text.strip()
    try:
        moved = yaml.safe_load(text)["radiology"]
        configure(cohort, studies="studies.csv", radiology=SETTINGS | moved)
        run(cohort, "results/cohort/studies_qc.csv")
        rows = {row["study_id"]: row for row in read_csv(cohort, "studies_qc.csv")}
        assert {i: row["qc_status"] for i, row in rows.items()} == told
        for study_id, row in rows.items():
            found = {reason.split("=")[0] for reason in row["qc_reasons"].split(";") if reason}
            assert found == set(codes[study_id])
    finally:
        configure(cohort, studies="studies.csv", radiology=SETTINGS)
        run(cohort, "radiology", report=True)


def test_filters_of_a_modality_and_a_reason_meet(page: Any) -> None:
    page.locator("tr[data-modality=CT] td a").first.click()
    page.wait_for_selector(".tabulator-row")
    assert page.get_by_role("link", name="head", exact=True).count() == 0
    go(page, "studies&reason=slices_missing")
    page.wait_for_selector(".tabulator-row")
    assert page.locator(".tabulator-row").count() == 1
    go(page, "studies&where=site%3D%3Dsouth")
    page.wait_for_selector(".tabulator-row")
    assert page.locator(".tabulator-row").count() == 4


def test_studies_are_walked_with_the_keyboard_alone(page: Any) -> None:
    pressed(page, "a.card.fail")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tabulator-row")
    pressed(page, ".tabulator-row [tabulator-field=study_id] a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".steps")
    seen = [page.locator("h1").inner_text()]
    page.keyboard.press("n")
    seen.append(page.locator("h1").inner_text())
    page.keyboard.press("p")
    seen.append(page.locator("h1").inner_text())
    assert [text.split()[0] for text in seen] == ["gap", "burned", "gap"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(page: Any, view: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    go(page, view)
    page.wait_for_timeout(200)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {preload: false})")
    violations = [(v["id"], [node["target"] for node in v["nodes"]]) for v in found["violations"]]
    assert len(found["passes"]) > 12
    assert violations == [], json.dumps(violations)


@pytest.mark.parametrize("width", [360, 1280, 3840])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_window(page: Any, view: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    go(page, view)
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_cohort_without_any_readable_study_opens(
    browser: Any, blank_page: Any, tmp_path: Path
) -> None:
    (tmp_path / "studies.csv").write_text("study_id,path,modality\na,absent,MR\n")
    configure(tmp_path, studies="studies.csv", radiology=SETTINGS)
    run(tmp_path, "radiology", report=True)
    blank_page.goto(f"file://{tmp_path}/results/cohort/studies_report/index.html")
    for view in VIEWS[:-1]:
        go(blank_page, view)
    assert "1 study" in blank_page.locator("h1").inner_text()
    go(blank_page, "thresholds")
    assert "No study was measured." in blank_page.locator("main").inner_text()
    go(blank_page, "distributions")
    assert "No study of CT." in blank_page.locator("main").inner_text()
