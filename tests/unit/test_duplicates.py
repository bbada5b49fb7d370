"""Scans of one slide are found whatever was done to them, and no others."""

from dataclasses import replace
from typing import Any

import cv2
import grossing
import numpy as np
import pytest
from grossing.cohort import duplicates, same_pictures
from grossing.cohort.duplicates import Duplicates, Pair
from grossing.mask import labels
from grossing.measure import picture_hash
from grossing.support.types import Pixels
from records import good, refused, sheet

GLASS = 240


def texture(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Structure of several sizes, as tissue has it."""
    total = np.zeros((height, width), np.float32)
    for size, weight in ((40, 1.0), (12, 0.7), (4, 0.4)):
        noise = random.normal(size=(height // size + 2, width // size + 2)).astype(np.float32)
        total += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return total


def disc(seed: int) -> Pixels:
    """A punch: a disc, whose outline is that of all others."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:300, :300] - 150
    return painted(random, x**2 + y**2 < random.normal(100, 5) ** 2)


def needle(seed: int) -> Pixels:
    """A needle biopsy: a strip along the whole picture, in pieces."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:80, :512]
    middle = 40 + np.cumsum(random.normal(0, 0.15, 512))
    inside = (np.abs(y - middle) < 14) & (x > 30) & (x < 480)
    for gap in random.uniform(60, 450, random.integers(0, 3)):
        inside &= np.abs(x - gap) > 6
    return painted(random, inside)


def pieces(seed: int) -> Pixels:
    """A section of one to three pieces."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:350, :512]
    inside = np.zeros(y.shape, bool)
    for _ in range(random.integers(1, 4)):
        centre, radii = random.uniform((100, 130), (250, 380)), random.uniform(40, 120, 2)
        ragged = 1 + 0.25 * texture(random, *y.shape)
        inside |= ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 < ragged
    return painted(random, inside)


def painted(random: np.random.Generator, inside: np.ndarray) -> Pixels:
    """Tissue in two stains on glass: in one alone it might be ink."""
    depth = np.clip(0.5 + 0.12 * texture(random, *inside.shape), 0.2, 1)[..., None]
    nuclei = cv2.GaussianBlur(random.normal(0, 3, inside.shape), None, 1.2)
    share = np.clip(0.4 + nuclei, 0, 1)[..., None]
    stain = share * np.array([0.9, 1.0, 0.4]) + (1 - share) * np.array([0.1, 1.0, 0.3])
    tissue = GLASS * np.exp(-depth * stain)
    return np.where(inside[..., None], tissue, GLASS).astype(np.uint8)


def rescanned(rgb: Pixels, degrees: float, scale: float) -> Pixels:
    """Another scan: turned a little, of another size and colour, with noise, cut elsewhere."""
    random = np.random.default_rng(7)
    wide = cv2.copyMakeBorder(rgb, 30, 55, 10, 40, cv2.BORDER_CONSTANT, value=(GLASS,) * 3)
    height, width = wide.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turned = cv2.warpAffine(wide, turn, (width, height), borderValue=(GLASS,) * 3)
    shrunk = cv2.resize(turned, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tinted = shrunk * [0.97, 0.95, 0.99] + random.normal(0, 2, shrunk.shape)
    return np.clip(tinted, 0, 255).astype(np.uint8)


def encoded(rgb: Pixels) -> Pixels:
    return cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 1)


ALTERED = {
    "as it is": lambda rgb: rgb,
    "JPEG": encoded,
    "half": lambda rgb: cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "turned by 90": np.rot90,
    "turned by 180": lambda rgb: np.rot90(rgb, 2),
    "turned by 270": lambda rgb: np.rot90(rgb, 3),
    "mirrored": lambda rgb: rgb[:, ::-1],
    "mirrored in y": lambda rgb: rgb[::-1],
    "transposed": lambda rgb: rgb.transpose(1, 0, 2),
    "transposed otherwise": lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    "rescanned": lambda rgb: rescanned(rgb, 2, 1),
    "rescanned smaller": lambda rgb: rescanned(rgb, -1, 0.6),
    "rescanned and turned": lambda rgb: np.rot90(rescanned(rgb, -2, 1)),
}


@pytest.mark.parametrize("kind", [disc, pieces])
def test_every_pair_is_found_and_no_other(kind: Any) -> None:
    count = 4
    pictures = {
        f"{seed} {name}": np.ascontiguousarray(alter(kind(seed)))
        for seed in range(count)
        for name, alter in ALTERED.items()
    }
    pairs = grossing.find_duplicates(pictures)
    of_one = len(ALTERED) * (len(ALTERED) - 1) // 2
    assert {a.split()[0] == b.split()[0] for a, b, _ in pairs} == {True}
    assert len(pairs) == len({(a, b) for a, b, _ in pairs}) == count * of_one


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_specks_on_the_glass_of_one_scan_do_not_hide_the_other(seed: int) -> None:
    """They lie far out, where little weight moves the frame of the picture."""
    section = cv2.copyMakeBorder(
        pieces(seed), 250, 0, 0, 300, cv2.BORDER_CONSTANT, value=(GLASS,) * 3
    )
    dirty = section.copy()
    for x in (560, 640, 760):
        cv2.circle(dirty, (x, 40), 9, (180, 110, 160), cv2.FILLED)
    assert [pair[:2] for pair in grossing.find_duplicates([section, dirty])] == [(0, 1)]


@pytest.mark.parametrize("seed", range(5))
def test_ink_that_was_wiped_off_between_two_scans_hides_nothing(seed: int) -> None:
    section = cv2.copyMakeBorder(
        pieces(seed), 90, 90, 60, 200, cv2.BORDER_CONSTANT, value=(GLASS,) * 3
    )
    drawn = section.copy()
    cv2.rectangle(drawn, (25, 25), (680, 470), (20, 110, 70), 5)
    assert [pair[:2] for pair in grossing.find_duplicates([section, drawn])] == [(0, 1)]


def test_a_band_that_is_possible_pen_in_one_scan_alone_does_not_hide_the_other() -> None:
    """By a hair it is an edge of the cover glass in the other."""
    section = cv2.copyMakeBorder(pieces(3), 60, 0, 0, 0, cv2.BORDER_CONSTANT, value=(GLASS,) * 3)
    section[:20] = 200
    mask = np.where((section < GLASS - 10).any(axis=2), labels.TISSUE, labels.GLASS).astype(
        np.uint8
    )
    hashes = []
    for band in (labels.POSSIBLE_PEN, labels.BUBBLE):
        mask[:20] = band
        hashes.append(picture_hash.of_picture(section, mask) or "")
    assert hashes[0][:128] != hashes[1][:128]
    assert [pair[:2] for pair in duplicates.of_hashes(hashes)] == [(0, 1)]


@pytest.mark.parametrize("kind", [disc, needle, pieces])
def test_slides_of_one_shape_are_not_taken_for_one(kind: Any) -> None:
    assert grossing.find_duplicates([kind(seed) for seed in range(60)]) == []


def test_pictures_without_tissue_are_in_no_pair() -> None:
    random = np.random.default_rng(0)
    dirty = [np.full((200, 300, 3), GLASS, np.uint8) for _ in range(3)]
    dirty += [np.clip(GLASS + random.normal(0, 2, (200, 300, 3)), 0, 255).astype(np.uint8)] * 2
    assert grossing.find_duplicates([*dirty, pieces(1), pieces(1)]) == [(5, 6, 0)]


def test_a_picture_of_another_kind_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"thumbnail b: \(9, 9\) uint8"):
        grossing.find_duplicates({"a": pieces(1), "b": np.zeros((9, 9), np.uint8)})


def test_a_dark_field_is_compared_by_what_is_bright() -> None:
    dark = [255 - pieces(seed) for seed in (1, 2)]
    pairs = same_pictures.find_duplicates([*dark, encoded(dark[0])])
    assert [pair[:2] for pair in pairs] == [(0, 2)]


def test_the_distance_is_the_least_over_all_orientations() -> None:
    """Against hashes that are computed of each turned and mirrored picture."""
    random = np.random.default_rng(3)
    pictures = random.integers(0, 256, (20, 64, 64, 3), np.uint8)
    mask = np.full((64, 64), labels.TISSUE, np.uint8)

    def bits(rgb: Pixels) -> int:
        whole = picture_hash.of_picture(np.ascontiguousarray(rgb), mask) or ""
        return int(whole[:64], 16)

    found = duplicates.of_hashes([f"{bits(rgb):064x}" * 2 for rgb in pictures], 256)
    distances = {(i, j): distance for i, j, distance in found}
    assert len(distances) == 20 * 19 // 2
    for (i, j), distance in distances.items():
        turns = [np.rot90(pictures[j], quarter) for quarter in range(4)]
        turns += [turned[:, ::-1] for turned in turns]
        least = min((bits(pictures[i]) ^ bits(turned)).bit_count() for turned in turns)
        assert abs(distance - least) <= 3  # turned pictures are sampled at other places


def test_pairs_are_found_across_blocks() -> None:
    random = np.random.default_rng(5)
    hashes = [random.bytes(64).hex() for _ in range(1000)]
    same = {(0, 999), (127, 128), (130, 700), (997, 998)}
    for i, j in same:
        hashes[j] = hashes[i]
    assert {(i, j) for i, j, _ in duplicates.of_hashes(hashes)} == same


# Of a cohort

SOME, OTHER = "5a" * 64, ("c3" * 16 + "69" * 16) * 2


def found(listed: Any, *records: Any) -> list[Pair]:
    return duplicates.find(listed, records)


def test_copies_and_scans_are_found_in_the_order_of_the_sheet() -> None:
    records = [
        good("scan", picture_hash=SOME),
        good("copy", content_hash="1" * 64, picture_hash=OTHER),
        good("first", content_hash="1" * 64, picture_hash=OTHER),
        good("again", picture_hash=SOME),
        good("blank", content_hash="2" * 64),
        good("blank2", content_hash="2" * 64),
        refused("gone"),
        refused("gone2"),
    ]
    listed = sheet("first", "copy", "again", "scan", "gone", "gone2", "blank", "blank2")
    assert found(listed, *records) == [
        Pair("first", "copy", "content", 0, None),
        Pair("again", "scan", "picture", 0, None),
        Pair("blank", "blank2", "content", None, None),
    ]


@pytest.mark.parametrize(
    ("columns", "alarm"),
    [
        ({"split": ("train", "test"), "case_id": ("a", "b")}, "split;case_id"),
        ({"split": ("Train", "train"), "case_id": ("a", "")}, None),
        ({"label": ("tumor", "normal"), "case_id": ("a", "a")}, "label"),
        ({"site": ("x", "y")}, None),
    ],
)
def test_pairs_that_contradict_each_other_are_an_alarm(
    columns: dict[str, tuple[str, ...]], alarm: str | None
) -> None:
    records = [good("a", picture_hash=SOME), good("b", picture_hash=SOME)]
    pairs = found(sheet("a", "b", **columns), *records)
    assert [pair.alarm for pair in pairs] == [alarm]


def test_each_slide_has_all_its_duplicates_and_each_reason_once() -> None:
    pair = Pair("a", "b", "picture", 3, "split;case_id")
    table = duplicates.table([pair, replace(pair, slide_id_b="c", alarm="split")])
    split, case = "duplicate_in_other_split", "duplicate_in_other_case"
    assert duplicates.by_slide(table) == {
        "a": Duplicates(("b", "c"), (split, case)),
        "b": Duplicates(("a",), (split, case)),
        "c": Duplicates(("a",), (split,)),
    }
    labelled = duplicates.table([replace(pair, alarm="label")])
    assert duplicates.by_slide(labelled)["a"].reasons == ("duplicate_with_other_label",)


def test_ids_that_look_like_numbers_or_missing_values_come_back_from_the_csv(tmp_path: Any) -> None:
    pairs = [Pair("001", "NA", "picture", 7, None), Pair("null", "1e5", "content", None, "split")]
    path = tmp_path / "duplicates.csv"
    for listed in (pairs, []):
        duplicates.tables.write_csv(duplicates.table(listed), path)
        assert duplicates.read(path) == duplicates.table(listed)
