"""The report and its tiles over HTTP on the loopback address: what `make serve` runs.

A browser opens the report without it; this is for tiles in zips, which a page of file:// cannot
read by itself.  Nothing outside `cohort/report` and `tiles` is served, and nothing is written.
"""

import functools
import http
import os
import re
import stat
import urllib.parse
import zipfile
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from grossing.support.errors import CohortError
from grossing.support.types import PathLike

LOOPBACK = "127.0.0.1"
REPORT, TILES = ("cohort", "report"), ("tiles",)
START = "/cohort/report/index.html"
#: suffix of a served file -> its type; others are not served
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".dzi": "application/xml",
}
#: never part of a name that is served: a path or a device of another system, or a hidden file
FORBIDDEN = re.compile(r"[\\:\x00-\x1f\x7f]|^\.|^$|[. ]$")
#: who asks, as browsers say: the page itself, or a person who typed its address
OWN_SITES = ("same-origin", "none")
OPEN_ZIPS = 8
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Served:
    """A file that may be read: its type and bytes."""

    kind: str
    data: bytes


@dataclass(frozen=True)
class Results:
    """What may be read of a results folder.

    Parameters
    ----------
    folder : `results`, with `cohort/report` in it
    """

    folder: Path

    @classmethod
    def at(cls, folder: PathLike) -> "Results":
        """CohortError where there is no report."""
        found = Path(folder).resolve()
        if not found.joinpath(*REPORT, "index.html").is_file():
            raise CohortError(f"{folder}: no cohort/report/index.html: name the results folder")
        return cls(found)

    def get(self, path: str) -> Served | None:
        """The file of a request's path; None where there is none, or none that may be read."""
        names = _names(path)
        if names is None:
            return None
        kind = TYPES.get(os.path.splitext(names[-1])[1].lower())
        for top in (REPORT, TILES):
            if kind and names[: len(top)] == top and len(names) > len(top):
                data = self._read(top, names[len(top) :])
                return None if data is None else Served(kind, data)
        return None

    def _read(self, top: tuple[str, ...], names: tuple[str, ...]) -> bytes | None:
        root = self.folder.joinpath(*top).resolve()
        if top == TILES and names[0].endswith(".zip"):
            container = _inside(root, names[:1])
            return None if container is None else _member(container, "/".join(names[1:]))
        path = _inside(root, names)
        return None if path is None else path.read_bytes()


def _names(path: str) -> tuple[str, ...] | None:
    """The parts of a request's path, decoded once; None where one of them is forbidden."""
    raw = path.partition("?")[0].partition("#")[0]
    if not raw.startswith("/"):
        return None
    try:
        names = tuple(urllib.parse.unquote(n, errors="strict") for n in raw[1:].split("/"))
    except UnicodeDecodeError:
        return None
    return None if any("/" in name or FORBIDDEN.search(name) for name in names) else names


def _inside(root: Path, names: tuple[str, ...]) -> Path | None:
    """A regular file below `root`, also after symbolic links are followed."""
    try:
        path = root.joinpath(*names).resolve(strict=True)
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, RuntimeError, ValueError):
        return None
    return path if regular and path.is_relative_to(root) else None


@functools.lru_cache(maxsize=OPEN_ZIPS)
def _opened(container: Path, mtime_ns: int, size: int) -> zipfile.ZipFile:
    """A zip, kept open until it changes: its list of members takes long to read."""
    return zipfile.ZipFile(container)


def _member(container: Path, name: str) -> bytes | None:
    try:
        state = container.stat()
        opened = _opened(container, state.st_mtime_ns, state.st_size)
        info = opened.getinfo(name)
        stored = info.compress_type == zipfile.ZIP_STORED  # as ours are; no bomb is unpacked
        return opened.read(info) if stored else None
    except (KeyError, OSError, zipfile.BadZipFile):
        return None


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD; refuses other names for this host, and requests of other pages."""

    server: "Server"
    server_version, sys_version = "Grossing", ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, with_body: bool) -> None:
        site = self.headers.get("Sec-Fetch-Site", "none")
        if self.headers.get_all("Host", []) not in self.server.hosts or site not in OWN_SITES:
            return self._send(http.HTTPStatus.FORBIDDEN, None, with_body)
        if self.path == "/":
            return self._send(http.HTTPStatus.FOUND, None, with_body)
        found = self.server.results.get(self.path)
        status = http.HTTPStatus.OK if found else http.HTTPStatus.NOT_FOUND
        return self._send(status, found, with_body)

    def _send(self, status: http.HTTPStatus, found: Served | None, with_body: bool) -> None:
        data = found.data if found else f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", found.kind if found else TYPES[".txt"])
        self.send_header("Content-Length", str(len(data)))
        if status == http.HTTPStatus.FOUND:
            self.send_header("Location", START)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """A line per tile would hide the address."""


class Server(ThreadingHTTPServer):
    """Serves a results folder on the loopback address, to requests that name it by that address.

    A page elsewhere whose name is turned to this address (DNS rebinding) sends its own name, and
    gets nothing.

    Parameters
    ----------
    results : what may be read
    port : 0 takes a free one
    """

    daemon_threads = True

    def __init__(self, results: Results, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.results = results
        self.hosts = [[f"{name}:{self.server_port}"] for name in (LOOPBACK, "localhost")]

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}{START}"
