"""What a script does, as a hash: its own code and every library module it imports, no comments."""

import ast
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path

PACKAGE = "grossing"


def of_script(script: str, fetch: Callable[[str], str]) -> str:
    """Hash of a script and the modules of this package that it imports, however far away.

    Parameters
    ----------
    script : name of the script in scripts/
    fetch : name of a file in scripts/ to a path that can be read

    Returns
    -------
    SHA-256 that comments, docstrings and layout do not change.
    """
    modules = modules_of(script, fetch)
    digest = hashlib.sha256()
    for name in [script, *sorted(modules)]:
        digest.update(f"{name}\0{_understood(_text(fetch(name)))[1]}\0".encode())
    return digest.hexdigest()


def modules_of(script: str, fetch: Callable[[str], str]) -> set[str]:
    """Names of the package's files that a script imports, directly or through others."""
    found: set[str] = set()
    waiting = [script]
    while waiting:
        new = _understood(_text(fetch(waiting.pop())))[0] - found
        found |= new
        waiting += new
    return found


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@functools.cache
def _understood(text: str) -> tuple[frozenset[str], str]:
    """What a file imports of this package, and its meaning; most are part of several rules."""
    tree = ast.parse(text)
    return frozenset(_imports(tree)), _meaning(tree)


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, [PACKAGE if node.level else "", node.module]))
            whole = module == PACKAGE
            names |= {f"{module}.{alias.name}" for alias in node.names} if whole else {module}
    modules = {name.split(".")[1] for name in names if name.startswith(f"{PACKAGE}.")}
    return {f"{PACKAGE}/{name}.py" for name in {*modules, "__init__"}} if modules else set()


def _meaning(tree: ast.Module) -> str:
    """The code without docstrings and without its version number, as text."""
    tree.body = [node for node in tree.body if not _is_version(node)]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [each for each in body if not _is_docstring(each)] or [ast.Pass()]
    return ast.unparse(tree)


def _is_version(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
