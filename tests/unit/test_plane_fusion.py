"""Choosing and fusing focal planes: stacks with known truth, seams, blocks without tissue."""

import cv2
import make_stack
import numpy as np
import pytest
from grossing.zstack import blending, fusion, plane_choice
from grossing.zstack.block_grid import BlockGrid
from running import REPOSITORY, SHARED, needs_shared
from scores import psnr

BLOCK_PX = 128


@pytest.fixture(scope="module")
def sharp(real_slide):
    """1024 x 1024 px of skin."""
    return np.ascontiguousarray(make_stack.region(real_slide)[1400:2424, 700:1724])


@pytest.fixture(scope="module")
def truth():
    return make_stack.heights(1024, 1024, 5)


@pytest.fixture(scope="module")
def planes(sharp, truth):
    return make_stack.defocused(sharp, truth, 5)


def per_block(truth, block_px):
    rows, columns = BlockGrid(*truth.shape[::-1], block_px).shape
    return np.array(
        [
            [
                truth[r * block_px :, c * block_px :][:block_px, :block_px].mean()
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def gain(fused, planes, sharp):
    return psnr(fused, sharp) - max(psnr(plane, sharp) for plane in planes)


@pytest.mark.parametrize("method", plane_choice.METHODS)
@pytest.mark.parametrize("block_px", [64, 100, 256])
def test_right_plane_and_sharper_than_any(planes, sharp, truth, method, block_px):
    fused, chosen = fusion.fuse_planes(planes, block_px, method=method)
    assert fused.shape == sharp.shape
    assert fused.dtype == np.uint8
    assert chosen.shape == (-(-1024 // block_px),) * 2
    assert (np.abs(chosen - per_block(truth, block_px)) <= 0.75).mean() >= 0.97
    assert gain(fused, planes, sharp) >= 3


@pytest.mark.parametrize(("count", "noise"), [(3, 0), (5, 8), (7, 2)])
def test_right_plane_whatever_the_number_and_the_noise(sharp, count, noise):
    truth = make_stack.heights(1024, 1024, count)
    planes = make_stack.defocused(sharp, truth, count, noise=noise)
    _, chosen = fusion.fuse_planes(planes, BLOCK_PX)
    assert (np.abs(chosen - per_block(truth, BLOCK_PX)) <= 0.75).mean() >= 0.97


@needs_shared
def test_tiles_of_other_makers():
    paths = [*sorted(SHARED.glob("tiles/*example*.png")), *sorted(SHARED.glob("tiles/tia*.png"))]
    assert len(paths) == 3
    for path in paths:
        sharp = cv2.imread(str(path))
        truth = make_stack.heights(*sharp.shape[:2], 5)
        planes = make_stack.defocused(sharp, truth, 5)
        fused, chosen = fusion.fuse_planes(planes, 256)
        assert (np.abs(chosen - per_block(truth, 256)) <= 0.75).mean() >= 0.97, path.name
        assert gain(fused, planes, sharp) >= 3, path.name


def test_differences_below_zero_do_not_wrap():
    """A black point on white: its 5 x 5 mean lies 10 below white, 245 above black."""
    picture = np.full((20, 20), 255, np.uint8)
    picture[10, 10] = 0
    assert plane_choice.sharpness(picture, "absdiff") == pytest.approx((24 * 10 + 245) / 400)


def test_wrapped_differences_choose_otherwise(planes, truth):
    """The same measure in uint8 takes the blurred plane in many blocks; ours does not."""

    def wrapped(plane, at):
        return np.abs(cv2.blur(plane, (5, 5)) - plane)[at].sum()

    wrong = ours = 0
    _, chosen = fusion.fuse_planes(planes, BLOCK_PX, method="absdiff")
    for (row, column), best in np.ndenumerate(per_block(truth, BLOCK_PX)):
        at = (
            slice(row * BLOCK_PX, (row + 1) * BLOCK_PX),
            slice(column * BLOCK_PX, (column + 1) * BLOCK_PX),
        )
        wrong += abs(np.argmax([wrapped(plane, at) for plane in planes]) - best) > 0.75
        ours += abs(chosen[row, column] - best) > 0.75
    assert ours <= 1
    assert wrong >= 5


def steps_at_seams(picture, blocks):
    """Mean step across borders where the plane changes, over that within 12 px of them."""
    grey, seams = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float), []
    for lines, planes in ((grey, blocks), (grey.T, blocks.T)):
        steps = np.abs(np.diff(lines, axis=1))
        for row, border in zip(*np.nonzero(np.diff(planes, axis=1)), strict=True):
            part, x = steps[row * BLOCK_PX : (row + 1) * BLOCK_PX], (border + 1) * BLOCK_PX - 1
            seams.append((part[:, x].mean(), part[:, x - 12 : x + 13].mean()))
    assert len(seams) > 20
    at, around = np.mean(seams, axis=0)
    return at / around


def test_no_seams_even_where_planes_differ_in_brightness(planes, sharp):
    """Against the sharp picture, which has steps of its own at the borders of its JPEG tiles."""
    planes = [np.clip(p.astype(int) - 6 * k, 0, 255).astype(np.uint8) for k, p in enumerate(planes)]
    fused, chosen = fusion.fuse_planes(planes, BLOCK_PX)
    side_by_side = np.kron(chosen, np.ones((BLOCK_PX, BLOCK_PX), int))[None, ..., None]
    cut = np.take_along_axis(np.stack(planes), side_by_side, 0)[0]
    own = steps_at_seams(sharp, chosen)
    assert steps_at_seams(fused, chosen) <= 1.02 * own
    assert steps_at_seams(cut, chosen) > 1.02 * own


def test_planes_merge_over_16_px_without_a_step():
    planes = [np.full((64, 128, 3), value, np.uint8) for value in (100, 180)]
    parts = [plane[:, :64] for plane in planes]

    def block(near):
        read = lambda plane, x, y, w, h: parts[plane][y : y + h, x : x + w]  # noqa: E731
        return blending.blended(np.array(near, np.int32), read, 64, 64)[..., 0].astype(int)

    left, right = block([[0, 0, 1]] * 3), block([[0, 1, 1]] * 3)
    line = np.concatenate([left, right], axis=1)
    assert (line == line[0]).all()
    assert np.count_nonzero((line[0] != 100) & (line[0] != 180)) == 16
    assert np.diff(line[0]).max() <= 6
    above = block([[1, 1, 1], [0, 0, 0], [0, 0, 0]])
    assert (above[::-1] == left.T).all()


def test_blocks_without_tissue_take_their_neighbours_plane(planes, sharp):
    """Dust that is sharp in another plane counts nothing where there is no tissue."""
    shares = np.ones((8, 8))
    shares[:, 5:] = 0.04
    stack = [plane.copy() for plane in planes]
    stack[0][:, 640:] = np.kron(np.indices((256, 96)).sum(0) % 2 * 255, np.ones((4, 4)))[..., None]
    _, chosen = fusion.fuse_planes(stack, BLOCK_PX, tissue_fraction=shares)
    assert (chosen[:, 6:] == chosen[:, 4:5]).mean() >= 0.8
    assert (fusion.fuse_planes(stack, BLOCK_PX)[1][:, 6:] == 0).all()


def test_planes_that_hardly_differ_give_the_middle_one(sharp):
    rng = np.random.default_rng(1)
    same = [np.clip(sharp + rng.normal(0, 1, sharp.shape), 0, 255).astype(np.uint8) for _ in "123"]
    assert (fusion.fuse_planes(same, BLOCK_PX)[1] == 1).all()
    blank = np.full((3, 200, 300, 3), 240, np.uint8)
    fused, chosen = fusion.fuse_planes(blank, 64)
    assert (chosen == 1).all()
    assert (fused == 240).all()


def test_a_lone_block_against_its_neighbours_is_overruled():
    """A speck far above even tissue; where the field is steep nothing is overruled."""
    values = np.ones((7, 7, 5))
    values[..., 2] = 3
    values[4, 4] = [3, 1, 1, 1, 1]
    flat = plane_choice.choose(lambda r, c: values[r, c], np.ones((7, 7), bool), 5)
    assert flat.ratio[4, 4] == 3
    assert (flat.plane == 2).all()
    for column in range(7):
        values[:, column] = np.eye(5)[min(column, 4)] + 1
    steep = plane_choice.choose(lambda r, c: values[r, c], np.ones((7, 7), bool), 5)
    assert (steep.plane == np.minimum(np.arange(7), 4)).all()


def test_coarse_to_fine_measures_borders_and_finds_the_same():
    truth = np.repeat((np.arange(40) > 22).astype(int)[None] * 3, 30, axis=0)
    truth[10:14, 5:9] = 1

    def measure(row, column):
        return np.eye(4)[truth[row, column]] + 1

    choice = plane_choice.choose(measure, np.ones(truth.shape, bool), 4)
    assert (choice.plane == truth).mean() > 0.99
    assert choice.measured < 0.5 * truth.size
    agreed = choice.source == plane_choice.AGREED
    assert agreed.sum() + choice.measured == truth.size
    assert (choice.plane[agreed] == truth[agreed]).all()


@pytest.mark.parametrize(
    "tissue",
    [
        np.pad([[1]], 1),
        np.pad(np.ones((1, 8), int), ((1, 2), (0, 0))),
        np.pad([[1, 0, 0, 0, 0, 0, 0, 1]], ((1, 4), (1, 1))),
        np.pad([[1, 0, 0], [0, 0, 1]], ((0, 3), (2, 1))),
    ],
    ids=["one block", "a row", "two far pieces", "beside another piece"],
)
def test_every_piece_of_tissue_is_measured_however_small(tissue):
    """No block of these pieces, or of the last, is one of those that are measured first."""
    truth = np.where(np.arange(tissue.shape[1]) < 3, 0, 2)[None].repeat(len(tissue), axis=0)
    wanted = tissue.astype(bool)
    choice = plane_choice.choose(lambda r, c: np.eye(4)[truth[r, c]] + 1, wanted, 4)
    assert (choice.plane[wanted] == truth[wanted]).all()
    assert choice.measured > 0


def test_grey_planes(planes):
    greys = np.array([cv2.cvtColor(plane, cv2.COLOR_RGB2GRAY) for plane in planes])
    fused, chosen = fusion.fuse_planes(greys, BLOCK_PX)
    assert fused.shape == (1024, 1024, 3)
    assert (fused[..., 0] == fused[..., 2]).all()
    assert (chosen == fusion.fuse_planes(planes, BLOCK_PX)[1]).mean() > 0.95


def test_the_same_again(planes):
    one, two = (fusion.fuse_planes(planes, 100) for _ in range(2))
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda planes: [], "no planes"),
        (lambda planes: [planes[0], planes[1][:-1]], "plane 1 must be uint8 and shaped like"),
        (lambda planes: [p.astype(np.uint16) for p in planes], "plane 0 must be uint8"),
    ],
)
def test_planes_that_do_not_fit_are_refused(planes, change, message):
    with pytest.raises(ValueError, match=message):
        fusion.fuse_planes(change(planes), BLOCK_PX)


def test_wrong_options_are_refused(planes):
    with pytest.raises(ValueError, match="method 'best' is unknown; use one of laplacian"):
        fusion.fuse_planes(planes, BLOCK_PX, method="best")
    with pytest.raises(ValueError, match="cell_px must be at least 16 px, not 8"):
        fusion.fuse_planes(planes, 8)


def test_planes_of_another_exposure_leave_no_steps():
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.normal(0, 60, (512, 512, 3)), (0, 0), 1.5) * 3 + 130
    soft = cv2.GaussianBlur(scene, (0, 0), 4)
    left, right = scene.copy(), scene.copy()
    left[:, 256:], right[:, :256] = soft[:, 256:], soft[:, :256]
    planes = [
        np.clip(picture * gain, 0, 255).astype(np.uint8)
        for picture, gain in ((left, 1.15), (right, 1.0))
    ]
    fused, plane = fusion.fuse_planes(planes, 64)
    assert (plane[:, :3] == 0).all() and (plane[:, 5:] == 1).all()
    apart = fused.astype(float) - np.clip(scene, 0, 255)
    assert abs(apart[:, :200].mean() - apart[:, 312:].mean()) < 2


def lit(plane, factor):
    return (plane * factor).round().clip(0, 255).astype(np.uint8)


def shifted(plane, x, y):
    place, size = np.array([[1, 0, x], [0, 1, y]], np.float64), plane.shape[1::-1]
    return cv2.warpAffine(plane, place, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def right(chosen, truth):
    return (np.abs(chosen - per_block(truth, BLOCK_PX)) <= 0.75).mean()


def test_exposures_of_15_percent_leave_the_choice_the_gain_and_no_seam(planes, sharp, truth):
    """The middle plane has the light of the sharp picture; lighter ones clip the glass."""
    exposed = [lit(p, f) for p, f in zip(planes, (0.85, 1.15, 1.0, 0.9, 1.15), strict=True)]
    fused, chosen = fusion.fuse_planes(exposed, BLOCK_PX)
    assert right(chosen, truth) >= 0.97
    assert gain(fused, planes, sharp) >= 3
    assert steps_at_seams(fused, chosen) <= 1.02 * steps_at_seams(sharp, chosen)


def test_pale_tissue_that_is_clipped_is_filled_from_the_middle_plane(sharp, truth):
    """Two fifths of its pixels lose the light of a channel in two of the planes."""
    pale = np.rint(240 * (sharp / 243.0).clip(0, 1) ** 0.35).astype(np.uint8)
    planes = make_stack.defocused(pale, truth, 5)
    exposed = [lit(p, f) for p, f in zip(planes, (1.15, 0.9, 1.0, 1.15, 0.9), strict=True)]
    assert (exposed[3] == 255).any(axis=2).mean() > 0.3
    fused, chosen = fusion.fuse_planes(exposed, BLOCK_PX)
    assert right(chosen, truth) >= 0.97
    assert (
        gain(fused, planes, pale) >= gain(fusion.fuse_planes(planes, BLOCK_PX)[0], planes, pale) - 1
    )
    assert steps_at_seams(fused, chosen) <= 1.02 * steps_at_seams(pale, chosen)


@pytest.mark.parametrize("by", [(0.3, -0.2), (0.5, 0.5), (-1.4, 1.0), (1.9, -1.9)])
def test_planes_shifted_by_less_than_2_px_are_aligned(planes, sharp, truth, by):
    moved = [planes[0], shifted(planes[1], *by), planes[2], shifted(planes[3], *by), planes[4]]
    fused, chosen = fusion.fuse_planes(moved, BLOCK_PX)
    assert right(chosen, truth) >= 0.97
    assert gain(fused, planes, sharp) >= 3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda plane: shifted(plane, 3.0, 0.0), r"^plane 4 is shifted by 3\.0, .*limit 2 px"),
        (lambda plane: lit(plane, 0.4), r"^plane 4 is 0\.40, .*times as bright.*limit 2"),
    ],
)
def test_planes_out_of_range_are_refused_with_the_number(planes, change, named):
    with pytest.raises(ValueError, match=named):
        fusion.fuse_planes([*planes[:4], change(planes[4])], BLOCK_PX)


@pytest.fixture(scope="module")
def ring():
    """A real series, which the lens enlarges from plane to plane."""
    paths = sorted((REPOSITORY / "tests/data/samples/planes").glob("ring_*.jpg"))
    return [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths]


def test_a_real_series_is_refused_where_its_planes_are_shifted(ring):
    assert len(ring) == 6
    with pytest.raises(ValueError, match=r"^plane 0 is shifted by 1\.3, 2\.7 px against plane 3"):
        fusion.fuse_planes(ring, 32)


def test_a_real_series_is_fused_sharper_than_its_planes(ring):
    fused, chosen = fusion.fuse_planes(ring[1:], 32)
    assert len(np.unique(chosen)) >= 3
    one, other = (
        [plane_choice.sharpness(plane_choice.grey_of(p), "laplacian") for p in pictures]
        for pictures in ([fused], ring[1:])
    )
    assert one[0] > 1.05 * max(other)


def test_what_cannot_be_aligned_is_logged(planes, caplog):
    size = planes[4].shape[1::-1]
    turned = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), 0.15, 1)
    moved = cv2.warpAffine(planes[4], turned, size, borderMode=cv2.BORDER_REFLECT)
    fusion.fuse_planes([*planes[:4], moved], BLOCK_PX)
    assert [m[:24] for m in caplog.messages] == ["plane 4 is still shifted"]
