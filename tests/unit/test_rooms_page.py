"""The page for developers shows the rooms and their imports as they are."""

import runpy

from running import REPOSITORY


def test_the_rooms_on_the_page_are_those_of_the_library():
    make_rooms = runpy.run_path(str(REPOSITORY / "docs/make_rooms.py"))
    text = (REPOSITORY / "docs/development.md").read_text(encoding="utf-8")
    assert make_rooms["filled"](text) == text, "make schemas"
    assert "| `cohort/` |" in text and "nuclei --> tiles" in text
