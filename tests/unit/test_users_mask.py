"""Masks of the user's own beside ours: honest ones pass, those of something else do not."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from grossing.cohort import decide
from grossing.mask import labels, tissue, users_mask
from grossing.slide import mask_identity
from grossing.slide.mask_identity import NO_MASK
from records import good
from scores import SAMPLES, read
from stages import CRITERIA, measured

MPP = {"camelyon": 8.0, "tcga_127": 16.0, "tcga_21": 16.0, "tcga_498": 16.0, "green_pen": 12.0}
#: of the longer side
WIDE, NARROW = 0.03, 0.008


@pytest.fixture(scope="module")
def slides() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Our labels of real slides, and their tissue as people outlined it."""
    pictures = {name: read(SAMPLES / f"tissue/{name}.jpg") for name in MPP}
    truths = {name: cv2.imread(str(SAMPLES / f"tissue/{name}_truth.png"), 0) for name in MPP}
    return {
        name: (tissue.segment(rgb, MPP[name]), truths[name] == labels.TISSUE)
        for name, rgb in pictures.items()
    }


def reasons(own: np.ndarray, users: np.ndarray, mpp: float) -> set[str]:
    """Codes that a slide gets for its mask."""
    agreement = users_mask.compare(own, users, mpp)
    verdict = decide.slide(good(mask_source="user", **vars(agreement)), CRITERIA)
    assert verdict.status == ("REVIEW" if verdict.reasons else "PASS")
    return {reason.split("=")[0] for reason in verdict.reasons}


def grown(mask: np.ndarray, share: float) -> np.ndarray:
    """A mask that reaches farther (less far: below 0) by a share of the picture's longer side."""
    size = 2 * round(abs(share) * max(mask.shape)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.dilate if share > 0 else cv2.erode
    return change(mask.astype(np.uint8), kernel) > 0


def drawn_by_hand(mask: np.ndarray) -> np.ndarray:
    """A few straight strokes round each piece, a little outside of it."""
    outline, _ = cv2.findContours(
        grown(mask, NARROW).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    corners = [cv2.approxPolyDP(piece, 0.006 * max(mask.shape), True) for piece in outline]
    canvas = np.zeros(mask.shape, np.uint8)
    return cv2.fillPoly(canvas, [piece for piece in corners if len(piece) > 2], 1) > 0


HONEST = {
    "as outlined": lambda mask: mask,
    "generous": lambda mask: grown(mask, WIDE),
    "tight": lambda mask: grown(mask, -NARROW),
    "by hand": drawn_by_hand,
    "in blocks": lambda mask: (
        cv2.resize(
            cv2.resize(
                mask.astype(np.uint8), None, fx=1 / 12, fy=1 / 12, interpolation=cv2.INTER_AREA
            ),
            mask.shape[::-1],
            interpolation=cv2.INTER_NEAREST,
        )
        > 0
    ),
}
WRONG = {
    "mirrored": lambda mask: mask[:, ::-1],
    "upside down": lambda mask: mask[::-1],
    "turned": lambda mask: mask[::-1, ::-1],
    "inverted": lambda mask: ~mask,
    "everything": np.ones_like,
    "shifted": lambda mask: np.roll(mask, max(mask.shape) // 10, axis=1),
    "of a smaller level": lambda mask: np.pad(
        mask[::4, ::4],
        [(0, side - -(-side // 4)) for side in mask.shape],
    ),
    "half of it": lambda mask: mask & (np.arange(mask.shape[1]) < np.nonzero(mask)[1].mean()),
}


@pytest.mark.parametrize("way", HONEST)
def test_an_honest_mask_passes(slides: dict[str, tuple[np.ndarray, np.ndarray]], way: str) -> None:
    found = {
        name: reasons(own, HONEST[way](truth), MPP[name]) for name, (own, truth) in slides.items()
    }
    assert found == {name: set() for name in MPP}


@pytest.mark.parametrize("way", WRONG)
def test_a_wrong_mask_never_passes(
    slides: dict[str, tuple[np.ndarray, np.ndarray]], way: str
) -> None:
    for name, (own, truth) in slides.items():
        assert reasons(own, WRONG[way](truth), MPP[name]), name


def test_the_mask_of_another_slide_never_passes(
    slides: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    for name, (own, _) in slides.items():
        for other in MPP.keys() - {name}:
            theirs = slides[other][1].astype(np.uint8)
            fitted = cv2.resize(theirs, own.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
            assert reasons(own, fitted, MPP[name]), (name, other)


def test_each_fault_has_its_reason(slides: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    own, truth = slides["tcga_21"]
    assert reasons(own, truth[::-1], 16.0) == {"mask_disagrees", "mask_misplaced"}
    assert reasons(own, np.ones_like(truth), 16.0) == {"mask_on_glass"}
    assert reasons(own, WRONG["half of it"](truth), 16.0) == {"mask_misses_tissue"}


def test_on_a_blank_slide_a_mask_lies_on_glass_and_an_empty_one_says_nothing() -> None:
    blank, users = np.full((90, 120), labels.GLASS, np.uint8), np.zeros((90, 120), np.bool_)
    assert users_mask.compare(blank, users, 8.0) == users_mask.Agreement(None, None, None, None)
    users[20:60, 20:60] = True
    found = users_mask.compare(blank, users, 8.0)
    assert found == users_mask.Agreement(None, None, 1.0, None)
    assert reasons(blank, users, 8.0) == {"mask_on_glass"}


def test_labels_keep_their_meaning_within_the_users_tissue() -> None:
    own = np.array([[0, 1, 2, 3, 4, 5, 7, 8]], np.uint8)
    inside, outside = np.ones(own.shape, np.bool_), np.zeros(own.shape, np.bool_)
    assert users_mask.combine(own, inside).tolist() == [[0, 1, 2, 3, 4, 5, 1, 8]]
    assert users_mask.combine(own, outside).tolist() == [[0, 7, 7, 3, 4, 5, 7, 8]]
    assert users_mask.common(own, inside).tolist() == own.tolist()
    assert users_mask.common(np.array([[7, 7]], np.uint8), inside[:, :2]).tolist() == [[1, 1]]


def test_a_slide_is_measured_in_the_users_tissue(real_slide: Path, tmp_path: Path) -> None:
    ours = measured(real_slide)
    half = (ours.mask == labels.TISSUE) & (np.arange(ours.mask.shape[1]) < ours.mask.shape[1] // 2)
    cv2.imwrite(str(tmp_path / "mask.png"), half.astype(np.uint8))
    theirs = measured(real_slide, users_mask=tmp_path / "mask.png")
    assert np.array_equal(theirs.mask == labels.TISSUE, half)
    areas, measures = theirs.record.measures.areas, theirs.record.measures
    assert areas.tissue_area_mm2 == pytest.approx(
        half.sum() * (areas.overview_downsample * 0.499) ** 2 / 1e6, rel=0.01
    )
    assert max(measures.focus.focus_tiles.x_level0_px) < 2220 / 2
    assert measures.picture == ours.record.measures.picture
    told = [each.record.measures.areas.faint_tissue_fraction for each in (theirs, ours)]
    assert told[0] is None and told[1] is not None
    assert (measures.mask.mask_source, ours.record.measures.mask.mask_source) == ("user", "ours")
    assert theirs.record.mask.mask_hash and ours.record.mask == NO_MASK


def test_a_fault_of_the_mask_is_one_of_the_slide(real_slide: Path, tmp_path: Path) -> None:
    record = measured(real_slide, users_mask=tmp_path / "gone.png").record
    assert record.refusal.code == "mask_missing" and "gone.png" in record.refusal.message
    assert record.file is not None and record.mask == NO_MASK


def test_a_mask_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    fingerprint = mask_identity.fingerprint
    assert fingerprint(path, None) == fingerprint(path, mask_identity.of_file(path)) == "absent"
    path.write_bytes(bytes(3_000_000))
    used = mask_identity.of_file(path)
    assert fingerprint(path, NO_MASK) == used.mask_hash
    os.utime(path, (1, 1))
    assert fingerprint(path, used) == used.mask_hash
    path = path.rename(tmp_path / "moved.png")
    assert fingerprint(path, used) == used.mask_hash
    with path.open("r+b") as file:  # one pixel, between the blocks that are sampled of a slide
        file.seek(1_555_000)
        file.write(b"1")
    assert fingerprint(path, used) not in (used.mask_hash, "absent")
    path.unlink()
    assert fingerprint(path, used) == used.mask_hash
    path.mkdir()
    assert fingerprint(path, used) == "not a file"
