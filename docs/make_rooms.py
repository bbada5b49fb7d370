"""Fill in the table and the graph of the library's rooms on a page, from the modules themselves.

Example: docs/make_rooms.py docs/development.md
"""

import ast
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "scripts/grossing"
MARKED = re.compile(r"(<!-- rooms -->\n).*?(<!-- end of rooms -->)", re.DOTALL)

Imports = dict[str, set[str]]


def imports() -> Imports:
    """The rooms that each room imports; `dataset.py` counts as a room."""
    of: Imports = {}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room != "__init__":
            of.setdefault(room, set()).update(_imported(path) - {room})
    return of


def _imported(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    names = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[1] for name in names if name.startswith("grossing.")}


def height(room: str, of: Imports) -> int:
    """Length of the longest way down from a room."""
    return 1 + max((height(other, of) for other in of[room]), default=0)


def arrows(of: Imports) -> list[tuple[str, str]]:
    """Imports without those that follow from others."""

    def below(room: str) -> set[str]:
        return of[room].union(*(below(other) for other in of[room]))

    return [
        (room, other)
        for room in _from_top(of)
        for other in _from_top(of)
        if other in of[room] and not any(other in below(step) for step in of[room])
    ]


def _from_top(of: Imports) -> list[str]:
    return sorted(of, key=lambda room: (-height(room, of), room))


def purpose(room: str) -> str:
    """The first sentence of a room."""
    path = PACKAGE / room / "__init__.py"
    path = path if path.exists() else PACKAGE / f"{room}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0]


def table_and_graph() -> str:
    """Markdown: a row per room from the top down, and a Mermaid graph."""
    of = imports()
    lines = ["| room | what it is for | imports |", "| --- | --- | --- |"]
    for room in _from_top(of):
        others = ", ".join(f"`{other}`" for other in _from_top(of) if other in of[room])
        name = f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
        lines.append(f"| `{name}` | {purpose(room)} | {others} |")
    graph = [f"    {room} --> {other}" for room, other in arrows(of)]
    return "\n".join([*lines, "", "```mermaid", "flowchart TD", *graph, "```"])


def filled(text: str) -> str:
    """A page with its part between the marks made anew."""
    return MARKED.sub(lambda marks: f"{marks[1]}\n{table_and_graph()}\n\n{marks[2]}", text)


def main() -> None:
    """Command line of `make_rooms`."""
    page = Path(sys.argv[1])
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
