"""The demo's cohort, run once, and its page in a real browser."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import REPOSITORY, Once, run

CHROMIUM = shutil.which("chromium")
LOCAL = ("file:", "data:", "blob:")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, headless."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not CHROMIUM:
        pytest.skip("needs Debian's chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(browser: Any) -> Iterator[Any]:
    """One window for all tests: to open one takes chromium longer than most tests take."""
    context = browser.new_context(accept_downloads=True)
    context.new_page()  # a window without a page is closed
    yield context
    context.close()


@pytest.fixture(scope="session")
def demo(once: Once) -> Path:
    """The demo's cohort, with a hostile label, run; not to be changed."""

    def fill(folder: Path) -> None:
        maker = REPOSITORY / "tests/data/make_cohort.py"
        subprocess.run([sys.executable, str(maker), str(folder)], check=True)
        sheet = folder / "cohort.csv"
        text = sheet.read_text().replace("normal,train", "<script>alert(1)</script>,train")
        sheet.write_text(text)
        run(folder, "plan", report=True)
        run(folder, report=True)

    return once("demo", fill)


@pytest.fixture(scope="module")
def cohort(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it that the tests of one file may change."""
    return Path(shutil.copytree(demo, tmp_path_factory.mktemp("cohort") / "copy"))


@pytest.fixture
def blank_page(window: Any) -> Iterator[Any]:
    """A page; fails on console errors, failed requests and requests that leave this machine.

    What it stores is gone with it.
    """
    wrong: list[str] = []
    page = window.new_page()
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("requestfailed", lambda request: wrong.append(request.url))
    served = (*LOCAL, "http://127.0.0.1:")
    page.on("request", lambda r: r.url.startswith(served) or wrong.append(r.url))
    yield page
    storage = {"origin": "file://", "storageTypes": "all"}
    window.new_cdp_session(page).send("Storage.clearDataForOrigin", storage)
    page.close()
    assert not wrong


@pytest.fixture
def page(blank_page: Any, cohort: Path) -> Any:
    """The opened page of the cohort."""
    blank_page.goto(f"file://{cohort}/results/cohort/report/index.html")
    return blank_page
