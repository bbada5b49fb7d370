"""Masks are outlined where they are, on planes that hold most of them."""

import numpy as np
from grossing.radiology.volumes import outlined_planes
from grossing.radiology.volumes.volume import Volume

SIDE = outlined_planes.SIDE_PX


def a_box(shape: tuple[int, ...], *sides: slice) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[sides] = True
    return mask


def coloured(picture: np.ndarray) -> np.ndarray:
    """(H, W) bool where a pixel is not grey."""
    return np.ptp(picture.astype(int), axis=2) > 40


def test_a_mask_away_from_the_middle_is_on_its_planes() -> None:
    shape = (40, 40, 40)
    values = np.zeros(shape, np.int16)
    lung = a_box(shape, slice(2, 8), slice(4, 12), slice(28, 36))
    drawn = outlined_planes.draw(Volume(values, (1.0, 1.0, 1.0)), "CT", {"lung": lung})
    assert drawn.shape == (SIDE, 3 * SIDE, 3)
    places = [np.argwhere(coloured(plane)) for plane in np.split(drawn, 3, axis=1)]
    scale = SIDE / 40
    # axial: rows are y, columns x; the others have z upwards
    spans = [((4, 12), (28, 36)), ((32, 38), (28, 36)), ((32, 38), (4, 12))]
    for found, ((top, bottom), (left, right)) in zip(places, spans, strict=True):
        low, high = found.min(axis=0) / scale, (found.max(axis=0) + 1) / scale
        assert np.allclose(low, (top, left), atol=0.3)
        assert np.allclose(high, (bottom, right), atol=0.3)


def test_each_mask_has_a_row_in_its_colour_and_an_empty_one_has_none() -> None:
    shape = (20, 20, 20)
    volume = Volume(np.zeros(shape, np.int16), (1.0, 1.0, 1.0))
    lung = a_box(shape, slice(2, 6), slice(2, 6), slice(2, 6))
    metal = a_box(shape, slice(14, 17), slice(14, 17), slice(14, 17))
    both = outlined_planes.draw(volume, "CT", {"lung": lung, "metal": metal})
    assert both.shape == (2 * SIDE, 3 * SIDE, 3)
    for row, name in zip(np.split(both, 2), ("lung", "metal"), strict=True):
        colours = {tuple(pixel) for pixel in row[coloured(row)].tolist()}
        assert colours == {outlined_planes.COLOURS[name]}
    nothing = outlined_planes.draw(volume, "CT", {"lung": np.zeros(shape, bool), "metal": None})
    assert nothing.shape == (SIDE, 3 * SIDE, 3)
    assert not coloured(nothing).any()


def test_slices_that_are_thick_are_drawn_in_mm() -> None:
    shape = (10, 40, 40)
    brain = a_box(shape, slice(2, 6), slice(10, 30), slice(10, 30))
    volume = Volume(np.zeros(shape, np.float32), (1.0, 1.0, 4.0))
    drawn = outlined_planes.draw(volume, "MR", {"brain": brain})
    found = np.argwhere(coloured(np.split(drawn, 3, axis=1)[1]))
    height, width = np.ptp(found, axis=0) + 1
    assert abs(height / width - 16 / 20) < 0.05


def test_an_x_ray_is_one_large_picture() -> None:
    lung = a_box((1, 60, 50), slice(0, 1), slice(10, 40), slice(5, 20))
    shown = Volume(np.zeros((1, 60, 50), np.float32), (1.0, 1.0, 1.0))
    drawn = outlined_planes.draw(shown, "XR", {"lung": lung})
    assert drawn.shape == (outlined_planes.SINGLE_PX, outlined_planes.SINGLE_PX, 3)
    assert coloured(drawn).any()
