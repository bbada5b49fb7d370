"""The slide page in a real browser: layers, colours, one tile; tiles of folder, zip and server."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import make_stack
import numpy as np
import numpy.typing as npt
import pytest
from grossing.report.serving import Results, Server
from make_cohort import REGION
from PIL import Image
from running import configure, read_csv, run, write_sheet

SLIDE = "CMU-1-Small-Region"
TILE = (2, 2)  # column and row, full of tissue
STAGES = ("stain", "stains", "focus_stack", "nuclei", "zones")

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every stage, tiles as PNG in folders: a slide whose label is hostile, a stack, a stub."""
    folder = tmp_path_factory.mktemp("full")
    sharp = np.ascontiguousarray(make_stack.region(REGION)[1100:2300, 300:1500])
    planes = make_stack.defocused(sharp, make_stack.heights(1200, 1200, 2, waves=0.4), 2)
    for number, plane in enumerate(planes):
        make_stack.write_plane(plane, folder / f"{number}.tif")
    (folder / "stub.svs").write_bytes(b"II*\0")
    plain = {"slide_id": SLIDE, "path": str(REGION), "label": "<img src=x onerror=alert(1)>"}
    rows = [plain, {"slide_id": "stub", "path": "stub.svs", "label": '"=1+1'}]
    stack = [
        {"slide_id": f"heap_{n}", "path": f"{n}.tif", "z_stack": "heap", "z_plane": n} for n in "01"
    ]
    names = ("slide_id", "path", "label", "stain", "z_stack", "z_plane")
    write_sheet(folder, [dict.fromkeys(names, "") | {"stain": "H&E"} | r for r in rows + stack])
    stages: dict[str, Any] = {stage: {"enabled": True} for stage in STAGES}
    configure(folder, tiles={"container": "directory", "format": "png"}, **stages)
    run(folder, report=True)
    return folder


@pytest.fixture
def served(cohort: Path) -> Iterator[str]:
    """The address of the report of the demo, as `make serve` serves it."""
    with Server(Results.at(cohort / "results")) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.address
        server.shutdown()


def page_of(folder: Path) -> str:
    return f"file://{folder}/results/cohort/report/index.html"


def go(page: Any, address: str, slide_id: str, **state: str) -> None:
    """Open a slide and wait until all of it stands."""
    said = "&".join(f"{name}={value}" for name, value in state.items())
    page.goto("about:blank")
    page.goto(f"{address}#view=slide&slide={slide_id}&{said}")
    page.wait_for_selector(".groups")


def look_at(page: Any, x: int, y: int, side: int) -> None:
    """Zoom with the wheel until the square at these level-0 px is large."""
    for _ in range(40):
        left, top, scale = place(page)
        if side * scale > 240:
            break
        page.mouse.move(left + (x + side / 2) * scale, top + (y + side / 2) * scale)
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(500)
    page.wait_for_timeout(1500)


def transform(page: Any) -> tuple[float, float, float]:
    """Where the slide's origin lies in the viewer, and px of the screen per level-0 px."""
    x, y, scale = page.evaluate(
        "document.querySelector('svg.over g').getAttribute('transform').match(/-?\\d[\\d.e-]*/g)"
        ".map(Number)"
    )
    return x, y, scale


def place(page: Any) -> tuple[float, float, float]:
    """The same from the corner of the screen."""
    box = page.locator(".stage").bounding_box()
    x, y, scale = transform(page)
    return box["x"] + x, box["y"] + y, scale


def on_screen(page: Any, x: int, y: int, side: int) -> Pixels:
    """What the screen shows of a square of level-0 px."""
    left, top, scale = place(page)
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    x0, x1 = (round(left + at * scale) for at in (x, x + side))
    y0, y1 = (round(top + at * scale) for at in (y, y + side))
    viewer = page.locator(".viewer").bounding_box()
    assert viewer["x"] <= x0 < x1 <= viewer["x"] + viewer["width"]
    assert viewer["y"] <= y0 < y1 <= viewer["y"] + viewer["height"]
    return np.ascontiguousarray(picture[y0:y1, x0:x1])


def row_of(folder: Path, slide_id: str) -> dict[str, str]:
    return next(
        row
        for row in read_csv(folder, "patch_cohort.csv")
        if row["slide_id"] == slide_id and (int(row["tile_col"]), int(row["tile_row"])) == TILE
    )


def stored(folder: Path, row: dict[str, str]) -> Pixels:
    container = folder / "results" / row["tile_container"]
    if container.is_dir():
        data = (container / row["tile_path"]).read_bytes()
    else:
        with zipfile.ZipFile(container) as opened:
            data = opened.read(row["tile_path"])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def difference(page: Any, folder: Path, slide_id: str) -> float:
    """Mean difference of the screen from the middle of a stored tile, grey levels."""
    row = row_of(folder, slide_id)
    x, y, side = (int(row[name]) for name in ("x_level0_px", "y_level0_px", "size_level0_px"))
    middle = (x + side // 4, y + side // 4, side // 2)
    look_at(page, *middle)
    shown = on_screen(page, *middle)
    tile = stored(folder, row)
    inner = tile[len(tile) // 4 : -len(tile) // 4, len(tile) // 4 : -len(tile) // 4]
    inner = cv2.resize(inner, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
    return float(np.abs(shown.astype(float) - inner).mean())


def bare(page: Any, address: str, slide_id: str) -> None:
    """A slide without anything drawn over it."""
    go(page, address, slide_id, metric="none", layers="-")


def squares(page: Any) -> int:
    """Distinct colours of the canvas with the squares; 1 where nothing is drawn."""
    return int(
        page.evaluate(
            "(() => { const c = document.querySelector('canvas.over'); return new Set(new "
            "Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer))"
            ".size; })()"
        )
    )


def test_folder_zip_and_server_show_the_same_stored_pixels(
    blank_page: Any, cohort: Path, full: Path, served: str
) -> None:
    page = blank_page
    bare(page, page_of(cohort), SLIDE)
    blurred = difference(page, cohort, SLIDE)  # the thumbnail
    page.set_input_files("#zip", cohort / "results/tiles/blank.zip")
    page.wait_for_selector(f"text=does not hold the tiles of {SLIDE}")
    page.set_input_files("#zip", cohort / f"results/tiles/{SLIDE}.zip")
    page.wait_for_selector("text=Full resolution from the zip")
    from_zip = difference(page, cohort, SLIDE)
    bare(page, page_of(full), SLIDE)
    page.wait_for_selector(".below >> text=Full resolution")
    from_folder = difference(page, full, SLIDE)
    bare(page, served, SLIDE)
    page.wait_for_selector(".below >> text=Full resolution")
    from_server = difference(page, cohort, SLIDE)
    assert max(from_zip, from_folder, from_server) < 0.4 * blurred


def test_a_slide_of_which_no_tile_can_be_read_shows_its_thumbnail(
    blank_page: Any, cohort: Path, full: Path
) -> None:
    go(blank_page, page_of(cohort), "blank")
    blank_page.wait_for_selector("text=Thumbnail only")
    assert blank_page.locator(".viewer").count() == 1
    assert blank_page.locator("#zip").count() == 0
    go(blank_page, page_of(full), "stub")
    blank_page.wait_for_selector("text=This slide could not be read")
    assert blank_page.get_by_text('"=1+1').count() == 1


def test_every_layer_changes_what_is_seen_and_stays_in_the_address(
    blank_page: Any, full: Path
) -> None:
    page = blank_page
    bare(page, page_of(full), SLIDE)
    page.wait_for_selector(".layers label")
    page.wait_for_timeout(1000)
    without = page.locator(".viewer").screenshot()
    for name in ("tissue", "folds", "zones"):
        box = page.locator(".layers label", has_text=name).locator("input")
        box.check()
        page.wait_for_timeout(300)
        assert page.locator(".viewer").screenshot() != without, name
        box.uncheck()
        page.wait_for_timeout(300)
        assert page.locator(".viewer").screenshot() == without, name
    page.locator(".layers label", has_text="folds").locator("input").check()
    page.reload()
    page.wait_for_selector(".layers label")
    checked = page.locator(".layers input:checked")
    assert checked.count() == 1
    assert "folds" in checked.locator("..").inner_text()


def test_squares_are_coloured_by_every_metric_of_tiles_places_and_blocks(
    blank_page: Any, full: Path
) -> None:
    page = blank_page
    go(page, page_of(full), "heap")
    page.wait_for_timeout(500)
    values = page.locator("#metric option").evaluate_all("all => all.map((each) => each.value)")
    wanted = {"tiles.", "tiles.focus", "tiles.nuclei_per_mm2", "places.focus", "blocks.plane"}
    assert wanted <= set(values)
    for value in values:
        page.select_option("#metric", value)
        page.wait_for_timeout(50)
        assert (squares(page) > 1) == (value != "none"), value
        assert f"metric={value}" in page.url
    page.select_option("#metric", "blocks.plane")
    assert page.locator(".keys li").count() == 2
    page.select_option("#metric", "tiles.focus")
    assert "A tile fails below 1" in page.locator(".side").inner_text()


def test_numbers_of_a_tile_are_those_of_the_table_by_mouse_and_by_keyboard(
    blank_page: Any, full: Path
) -> None:
    page = blank_page
    row = row_of(full, SLIDE)
    go(page, page_of(full), SLIDE)
    page.wait_for_timeout(1000)
    left, top, scale = place(page)
    x, y, side = (int(row[name]) for name in ("x_level0_px", "y_level0_px", "size_level0_px"))
    page.mouse.move(left + (x + side / 2) * scale, top + (y + side / 2) * scale)
    one = page.locator(".one")
    assert f"column {TILE[0]}, row {TILE[1]}" in one.inner_text()
    shown = float(one.locator("tr", has_text="focus").first.locator("td").first.inner_text())
    assert shown == pytest.approx(float(row["focus"]), rel=1e-3)
    page.mouse.move(1, 1)
    page.locator("#metric").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("next tile"):
            break
    page.keyboard.press("Enter")
    assert "✕" in one.inner_text()  # a failing tile comes first
    told = one.inner_text()
    assert "level-0 px" in told
    page.reload()  # the address names the tile
    page.wait_for_selector(".one table")
    assert one.inner_text() == told


def test_numbers_stand_with_limit_meaning_and_provenance(blank_page: Any, full: Path) -> None:
    go(blank_page, page_of(full), SLIDE)
    text = blank_page.locator(".groups").inner_text()
    row = next(r for r in read_csv(full, "cohort_qc.csv") if r["slide_id"] == SLIDE)
    for said in (row["content_hash"], row["vendor"], "≤ 0.2", "median focus of the sampled"):
        assert said in text
    for title in ("Zones of high cellularity", "Nuclei", "File and how it was read"):
        assert blank_page.get_by_role("heading", name=title).count() == 1
    # holds the columns that no group names, whatever their values
    assert blank_page.get_by_role("heading", name="Other", exact=True).count() == 0
    assert blank_page.locator(".swatches li").count() == 3
    assert blank_page.get_by_text("<img src=x onerror=alert(1)>").count() == 1
    rows = blank_page.locator(".groups tbody tr")
    assert rows.count() >= len(row) - 9  # verdict above; a group without any value is only named
    go(blank_page, page_of(full), "heap")
    assert blank_page.get_by_role("heading", name="Focus stack").count() == 1


def test_a_reason_that_two_measures_give_is_explained_once(blank_page: Any, cohort: Path) -> None:
    go(blank_page, page_of(cohort), SLIDE)
    listed = blank_page.evaluate(
        "() => { GROSSING.next.codes[0] = ['stain_differs', 'outlier', 'stain_differs'];"
        " const names = GROSSING.reasonList(0).querySelectorAll('li > b');"
        " return Array.from(names, (name) => name.textContent); }"
    )
    assert listed == ["stain differs", "outlier"]


def test_keys_decide_and_do_not_turn_the_picture(blank_page: Any, cohort: Path) -> None:
    page = blank_page
    go(page, page_of(cohort), SLIDE)
    page.wait_for_timeout(500)
    before = transform(page)
    page.evaluate("GROSSING.setReviewer('A')")
    page.locator(".openseadragon-canvas").focus()
    page.keyboard.press("r")
    assert page.evaluate(f"GROSSING.reviews()['{SLIDE}'].decision") == "reject"
    page.keyboard.press("a")
    assert page.evaluate(f"GROSSING.reviews()['{SLIDE}'].decision") == "accept"
    page.wait_for_timeout(600)
    assert transform(page) == before
    page.keyboard.press("+")
    page.wait_for_timeout(800)
    assert transform(page)[2] > before[2]
