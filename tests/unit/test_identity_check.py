"""A slide is checked against its measured identity; what is no regular file is never opened."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import make_dicom
import make_slide
import pytest
from grossing.measure.measured import Measured
from grossing.slide import identity
from grossing.slide.identity import Identity
from grossing.support.errors import SlideChanged
from grossing.tiles import rescaled_slide
from stages import TARGET, cut, measured


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def make_link(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


IRREGULAR: list[Callable[[Path], None]] = [os.mkfifo, os.mkdir, make_socket, make_link]


@pytest.mark.parametrize("make", IRREGULAR)
def test_what_is_no_regular_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    path = Path("a.svs")
    path.write_bytes(b"slide")
    before = identity.identity(path)
    path.unlink()
    make(path)
    assert identity.identity(path) == Identity(None, None)
    for recorded in (None, Identity(None, None), before):
        assert identity.fingerprint(path, recorded) == identity.NOT_A_FILE
    refusal = measured(path).record.refusal
    assert refusal and refusal.code == "not_a_file"


def test_a_touched_or_moved_slide_passes_and_a_replaced_one_does_not(tmp_path: Path) -> None:
    path, moved = tmp_path / "a.svs", tmp_path / "b.svs"
    path.write_bytes(b"slide")
    recorded = identity.identity(path)
    identity.check(path, recorded, "A.1")
    os.utime(path, (1, 1))
    identity.check(path, recorded, "A.1")
    identity.check(path.rename(moved), recorded, "A.1")
    moved.write_bytes(b"other")
    with pytest.raises(SlideChanged, match="5 bytes, but with other content: run the"):
        identity.check(moved, recorded, "A.1")
    moved.write_bytes(b"longer")
    with pytest.raises(SlideChanged, match="had 5 bytes and has 6 now"):
        identity.check(moved, recorded, "A.1")


def test_an_untouched_slide_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.svs"
    path.write_bytes(b"slide")
    recorded = identity.identity(path)
    monkeypatch.setattr("builtins.open", lambda *_, **__: 1 / 0)
    identity.check(path, recorded, "A.1")


def test_a_changed_companion_is_noticed(tmp_path: Path) -> None:
    first, second = make_dicom.dicom_series(tmp_path, ["a", "b"])
    recorded = identity.identity(first)
    identity.check(second, recorded, "A.1")
    second.unlink()
    with pytest.raises(SlideChanged, match="had 2 files and has 1 now"):
        identity.check(first, recorded, "A.1")


def test_no_tile_and_no_rescaled_slide_of_another_file(
    real_slide: Path, real: Measured, tmp_path: Path
) -> None:
    path = tmp_path / "a.svs"
    make_slide.make_slide(real_slide, path, 1500, 1200)
    with pytest.raises(SlideChanged):
        cut(path, real, tmp_path / "a.zip")
    with pytest.raises(SlideChanged):
        options = {"passed": True, "quality": 90, **TARGET}
        rescaled_slide.rescale(path, real.record, tmp_path / "a.tif", **options)
    assert os.listdir(tmp_path) == ["a.svs"]
    shutil.copyfile(real_slide, path)
    assert cut(path, real, tmp_path / "a.zip")
