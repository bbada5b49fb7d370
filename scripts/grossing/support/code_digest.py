"""A hash of a script's code and of every library module that it imports, without comments."""

import ast
import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = "grossing"
#: rooms within a room: a file is fetched by its name, so it has to be known what is a folder
INNER_ROOMS = {"radiology": ("ct", "mr", "xr", "reading", "studies", "volumes")}
INIT = "grossing/__init__.py"  # its names are loaded when used: no rule depends on them
WITHOUT_ROOM = ("dataset",)


def of_script(script: str, fetch: Callable[[str], str], also: Iterable[str] = ()) -> str:
    """Hash of a script and the modules of this package that it imports, however far away.

    Parameters
    ----------
    script : name of the script in scripts/
    fetch : name of a file in scripts/ to a path that can be read
    also : modules that the script imports by a name that is not in its text

    Returns
    -------
    SHA-256 that comments, docstrings and layout do not change.
    """
    digest = hashlib.sha256()
    for name in [script, *sorted(modules_of(script, fetch, also) - {INIT})]:
        digest.update(f"{name}\0{_parsed(fetch(name))[1]}\0".encode())
    return digest.hexdigest()


def modules_of(script: str, fetch: Callable[[str], str], also: Iterable[str] = ()) -> set[str]:
    """Names of the package's files that a script imports, directly or through others."""
    waiting = [script, *also]
    modules = set(waiting[1:])
    while waiting:
        new = _parsed(fetch(waiting.pop()))[0] - modules
        modules |= new
        waiting += new
    return modules


class Memory:
    """What was parsed before, by the hash of each file, in a file that outlives a run.

    Parsing the whole library takes a third of Snakemake's start, which every job on a cluster
    repeats.  What another version of Python, or of this module, left is not used; a file that
    cannot be read or written is none.  It holds the `LARGEST` files that were used last.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        self._maker = f"{sys.version} {own}"
        with contextlib.suppress(OSError, ValueError, TypeError, LookupError, AttributeError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if stored.get("maker") == self._maker:
                _KNOWN.update({k: (frozenset(m), code) for k, (m, code) in stored["files"].items()})
        self._stored = set(_KNOWN)

    def save(self) -> None:
        """Write what is known now, if it is more than before."""
        if self._stored == set(_KNOWN):
            return
        last_used = list(_KNOWN.items())[-LARGEST:]
        content = {key: (sorted(modules), code) for key, (modules, code) in last_used}
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            text = json.dumps({"maker": self._maker, "files": content})
            partial.write_text(text, encoding="utf-8")
            partial.replace(self._path)


#: files that are remembered, several versions of the whole library
LARGEST = 2000
#: hash of a file -> the modules that it imports, hash of its code; the last used at the end
_KNOWN: dict[str, tuple[frozenset[str], str]] = {}


def _parsed(path: str) -> tuple[frozenset[str], str]:
    """The modules that a file imports, and the hash of its code; rules share most modules."""
    stat = os.stat(path)
    key = _hash(path, stat.st_mtime_ns, stat.st_size)
    if key not in _KNOWN:
        tree = ast.parse(Path(path).read_bytes())
        modules = frozenset(_imports(tree))
        parsed = modules, hashlib.sha256(_meaning(tree).encode()).hexdigest()
    else:
        parsed = _KNOWN.pop(key)
    _KNOWN[key] = parsed
    return parsed


@functools.cache
def _hash(path: str, mtime_ns: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _imports(tree: ast.Module) -> set[str]:
    """Files of the package that a file imports, with those of their rooms.

    `from grossing.slide import grid` and `from grossing.slide.grid import Grid` are one file.
    """
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    files: set[str] = set()
    for package, room, *module in (n.split(".") for n in names if n.startswith(f"{PACKAGE}.")):
        if room in WITHOUT_ROOM:
            files |= {INIT, f"{package}/{room}.py"}
        elif module:
            files |= {INIT, f"{package}/{room}/__init__.py"}
            if module[0] in INNER_ROOMS.get(room, ()):
                room = f"{room}/{module.pop(0)}"
                files.add(f"{package}/{room}/__init__.py")
            files.add(f"{package}/{room}/{module[0]}.py")
    return files


def _meaning(tree: ast.Module) -> str:
    """The code as text, without comments, docstrings and version number."""
    tree.body = [node for node in tree.body if not _is_version(node)]
    for node in _statements(tree):
        if hasattr(node, "body"):
            node.body = [each for each in node.body if not _is_docstring(each)] or [ast.Pass()]
    return ast.unparse(tree)


def _statements(tree: ast.Module) -> Iterator[Any]:
    """A module and all its statements, without the expressions, which are most of a tree."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, field, ())


def _is_version(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
