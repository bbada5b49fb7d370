"""Bands that libvips takes as it needs them: what happens where one of the two fails."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from grossing.support.types import Pixels
from grossing.tiles import libvips_feed


def test_a_failing_feed_fails_the_writer(tmp_path: Path) -> None:
    def bands() -> Iterator[Pixels]:
        yield np.zeros((64, 64, 3), np.uint8)
        raise RuntimeError("the disk went away")

    with (
        pytest.raises(RuntimeError, match="went away"),
        libvips_feed.image(bands(), 64, 640) as image,
    ):
        image.write_to_file(str(tmp_path / "a.tif"))


def test_bands_that_end_early_fail_the_writer(tmp_path: Path) -> None:
    bands = iter([np.zeros((64, 64, 3), np.uint8)])
    with (
        pytest.raises(ValueError, match="bytes early"),
        libvips_feed.image(bands, 64, 640) as image,
    ):
        image.write_to_file(str(tmp_path / "a.tif"))


def test_a_failing_writer_stops_the_feed(tmp_path: Path) -> None:
    """Bands that nobody takes are not made."""
    bands = (np.zeros((64, 64, 3), np.uint8) for _ in range(1000))
    with pytest.raises(Exception, match="nowhere"), libvips_feed.image(bands, 64, 64_000) as image:
        image.write_to_file(str(tmp_path / "nowhere" / "a.tif"))
    assert sum(1 for _ in bands) > 0


@pytest.mark.parametrize(
    ("width", "heights"),
    [(90, (50, 20)), (5, (1,)), (7, (32,)), (1, (33,)), (256, (3, 61, 64, 1)), (50_000, (40,))],
)
def test_pixels_arrive_as_they_are(width: int, heights: tuple[int, ...]) -> None:
    """Whether a strip is full, and where the bands end."""
    lines = np.random.default_rng(2).integers(0, 256, (sum(heights), width, 3), dtype=np.uint8)
    bands = np.split(lines, np.cumsum(heights)[:-1])
    with libvips_feed.image(iter(bands), width, len(lines)) as image:
        assert (image.interpretation, image.xres) == ("srgb", 1)
        assert np.array_equal(image.numpy(), lines)


def test_a_reader_that_goes_back_is_refused() -> None:
    stream = libvips_feed._Stream(iter([np.zeros((640, 64, 3), np.uint8)]), 64, 640)
    start = len(libvips_feed._header(64, 640))
    assert stream.seek(start, 0) == start
    assert len(stream.read(100)) == 100
    assert stream.seek(-50, 1) == start + 50
    assert stream.read(100) == b""
    assert "reads byte" in str(stream.failure)
