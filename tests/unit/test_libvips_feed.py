"""Bands that libvips takes from a thread: what happens where one of the two fails."""

import threading

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
