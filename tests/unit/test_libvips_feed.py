"""Bands that libvips takes from a thread: what happens where one of the two fails."""

import threading
import zlib

import numpy as np
import pytest
from grossing.tiles import libvips_feed


def feeding():
    """Threads that still make bands."""
    return [t for t in threading.enumerate() if isinstance(t, libvips_feed._Feeder)]


def test_a_failing_feed_fails_the_writer_and_leaves_no_thread(tmp_path):
    def bands():
        yield np.zeros((64, 64, 3), np.uint8)
        raise RuntimeError("the disk went away")

    with (
        pytest.raises(RuntimeError, match="went away"),
        libvips_feed.image(bands(), 64, 640) as image,
    ):
        image.write_to_file(str(tmp_path / "a.tif"))
    assert not feeding()


def test_a_failing_writer_stops_the_feed(tmp_path):
    """Bands that nobody takes are not made."""
    bands = (np.zeros((64, 64, 3), np.uint8) for _ in range(1000))
    with pytest.raises(Exception, match="nowhere"), libvips_feed.image(bands, 64, 64_000) as image:
        image.write_to_file(str(tmp_path / "nowhere" / "a.tif"))
    assert not feeding()
    assert sum(1 for _ in bands) > 0


@pytest.mark.parametrize("width", [5, 21_845, 50_000])
def test_a_libvips_that_looks_at_checksums_finds_them_right(width):
    """conda's libvips decodes PNG with another library than that of the wheel."""
    lines = np.random.default_rng(1).integers(0, 256, (40, width, 3), dtype=np.uint8)
    parts = libvips_feed._png(iter([lines[:33], lines[33:]]), width, 40, checked=True)
    stream = b"".join(part for group in parts for part in group)
    packed, at = b"", 8
    while at < len(stream):
        end = at + 8 + int.from_bytes(stream[at : at + 4], "big")
        assert zlib.crc32(stream[at + 4 : end]) == int.from_bytes(stream[end : end + 4], "big")
        packed += stream[at + 8 : end] if stream[at + 4 : at + 8] == b"IDAT" else b""
        at = end + 4
    found = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(40, 1 + 3 * width)
    assert not found[:, 0].any()
    assert np.array_equal(found[:, 1:], lines.reshape(40, -1))


def test_pixels_arrive_with_and_without_checksums(tmp_path, monkeypatch):
    lines = np.random.default_rng(2).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    assert libvips_feed._looks_at_checksums() is False  # of the wheel in the lock
    for checked in (False, True):
        monkeypatch.setattr(libvips_feed, "_looks_at_checksums", lambda checked=checked: checked)
        with libvips_feed.image(iter([lines[:50], lines[50:]]), 90, 70) as image:
            assert np.array_equal(image.numpy(), lines)
