"""`make serve`: what may be read, by whom, and that nothing else can be."""

import http.client
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from grossing.report.serving import LOOPBACK, Results, Server
from grossing.support.errors import CohortError
from running import REPOSITORY

PAGE, TILE, SECRET = b"<!doctype html>", b"\xff\xd8tile", b"secret"
MEMBER = "/tiles/s%231%20a.zip/s%231%20a_files/3/0_1.jpeg"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A report, tiles in a zip and in a folder, secrets beside them and links to these."""
    folder = tmp_path / "mine/results"
    report, tiles = folder / "cohort/report", folder / "tiles"
    (report / "js").mkdir(parents=True)
    (tiles / "plain/plain_files/3").mkdir(parents=True)
    (report / "index.html").write_bytes(PAGE)
    (tiles / "plain/plain_files/3/0_1.jpeg").write_bytes(TILE)
    with zipfile.ZipFile(tiles / "s#1 a.zip", "w") as container:
        container.writestr("s#1 a_files/3/0_1.jpeg", TILE)
        container.writestr("../secret.txt", SECRET)
        container.writestr(zipfile.ZipInfo("bomb.png"), bytes(10**6), zipfile.ZIP_DEFLATED)
    secrets = [folder / "secret.txt", folder / "cohort/secret.txt", tmp_path / "secret.txt"]
    secrets += [folder / "slides/secret.txt", report / ".hidden.txt"]
    for secret in secrets:
        secret.parent.mkdir(exist_ok=True)
        secret.write_bytes(SECRET)
    (report / "js/link.txt").symlink_to(tmp_path / "secret.txt")
    (report / "up").symlink_to(tmp_path, target_is_directory=True)
    (tiles / "link.zip").symlink_to(_zip(tmp_path / "other.zip"))
    os.mkfifo(report / "pipe.txt")
    return folder


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as container:
        container.writestr("secret.txt", SECRET)
    return path


@pytest.fixture
def server(results: Path) -> Iterator[Server]:
    with Server(Results.at(results)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: Server,
    path: str,
    *,
    method: str = "GET",
    hosts: tuple[str, ...] | None = None,
    site: str | None = None,
) -> tuple[int, bytes]:
    """Status and body; `path` is sent as it is, `site` is who asks, as a browser says."""
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for host in (f"{LOOPBACK}:{server.server_port}",) if hosts is None else hosts:
        connection.putheader("Host", host)
    if site is not None:
        connection.putheader("Sec-Fetch-Site", site)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cohort/report/index.html", PAGE),
        ("/cohort/report/index.html?a=../b", PAGE),
        ("/tiles/plain/plain_files/3/0_1.jpeg", TILE),
        (MEMBER, TILE),
    ],
)
def test_page_and_tiles_are_served(server: Server, path: str, body: bytes) -> None:
    assert ask(server, path) == (200, body)
    assert ask(server, path, method="HEAD") == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/cohort/secret.txt",
        "/slides/secret.txt",
        "/cohort/report/../secret.txt",
        "/cohort/report/../../secret.txt",
        "/cohort/report/%2e%2e/secret.txt",
        "/cohort/report/%2e%2e%2fsecret.txt",
        "/cohort/report/..%2fsecret.txt",
        "/cohort/report/%252e%252e/secret.txt",
        "/cohort/report/..%5c..%5csecret.txt",
        "/cohort/report/./../secret.txt",
        "/cohort/report//../secret.txt",
        "/cohort/report/js/%00secret.txt",
        "/cohort/report/index.html%00.txt",
        "/cohort/report/index.html/../../secret.txt",
        "/cohort/report/js/..;/..;/secret.txt",
        "/cohort/report/js/%c0%ae%c0%ae/secret.txt",
        "/cohort/report/.hidden.txt",
        "/cohort/report/js/link.txt",
        "/cohort/report/up/secret.txt",
        "/cohort/report/pipe.txt",
        "/cohort/report",
        "/cohort/report/",
        "/cohort/report/js",
        "/tiles/../secret.txt",
        "/tiles/s%231%20a.zip",
        "/tiles/s%231%20a.zip/../secret.txt",
        "/tiles/s%231%20a.zip/%2e%2e/secret.txt",
        "/tiles/s%231%20a.zip/%2e%2e%2fsecret.txt",
        "/tiles/s%231%20a.zip/bomb.png",
        "/tiles/s%231%20a.zip/none.png",
        "/tiles/link.zip/secret.txt",
        "/tiles/none.zip/a.png",
        "//etc/passwd",
        "/etc/passwd",
        "/%2fetc/passwd",
        "/cohort/report//etc/passwd",
        "/cohort/report/%2fetc%2fpasswd",
        "file:///etc/passwd",
        "http://elsewhere/cohort/report/index.html",
        "/COHORT/report/index.html",
        "*",
    ],
)
def test_nothing_else_is_served(server: Server, path: str) -> None:
    status, body = ask(server, path)
    assert status in (400, 404)
    assert SECRET not in body


def test_an_absolute_path_is_not_served(server: Server, tmp_path: Path) -> None:
    for prefix in ("", "/", "/cohort/report/", "/tiles/", "/tiles/s%231%20a.zip/"):
        assert ask(server, f"{prefix}{tmp_path}/secret.txt")[0] == 404
        assert ask(server, f"{prefix}{str(tmp_path).replace('/', '%2f')}%2fsecret.txt")[0] in (
            400,
            404,
        )


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("elsewhere.example",),
        ("elsewhere.example:{port}",),
        ("127.0.0.1",),
        ("127.0.0.1:1",),
        ("127.0.0.1.elsewhere.example:{port}",),
        ("127.0.0.1:{port}@elsewhere.example",),
        ("127.0.0.1:{port}", "elsewhere.example"),
        ("0.0.0.0:{port}",),
    ],
)
def test_other_names_of_the_host_get_nothing(server: Server, hosts: tuple[str, ...]) -> None:
    named = tuple(host.format(port=server.server_port) for host in hosts)
    status, body = ask(server, "/cohort/report/index.html", hosts=named)
    assert status == 403
    assert PAGE not in body


def test_other_pages_in_the_same_browser_get_nothing(server: Server) -> None:
    for site, status in (
        ("same-origin", 200),
        ("none", 200),
        ("cross-site", 403),
        ("same-site", 403),
    ):
        assert ask(server, "/cohort/report/index.html", site=site)[0] == status


def test_it_listens_on_the_loopback_address_and_only_reads(server: Server) -> None:
    assert server.server_address[0] == LOOPBACK
    assert ask(server, "/")[0] == 302
    assert ask(server, "/cohort/report/index.html", hosts=(f"localhost:{server.server_port}",))[1]
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE"):
        assert ask(server, "/cohort/report/index.html", method=method)[0] == 501


def test_answers_are_not_guessed_about_nor_embedded_elsewhere(server: Server) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=20)
    connection.request("GET", MEMBER)
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "image/jpeg"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"
    assert answer.getheader("Access-Control-Allow-Origin") is None
    connection.close()


def test_a_folder_without_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="name the results folder"):
        Results.at(tmp_path)
    script = REPOSITORY / "scripts/serve_report.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}: no cohort/report/index.html: name the results folder\n"
