"""The files of a slide, found by their content: DICOM series, MIRAX, Hamamatsu VMS."""

import os
from collections.abc import Callable
from pathlib import Path

import make_dicom
import numpy as np
import openslide
import pytest
from grossing.slide import companions, dicom_header, identity, opening
from grossing.support.errors import SlideError
from make_dicom import EXPLICIT, IMPLICIT, element, header, sequence
from PIL import Image

SERIES = 0x0020000E
UID = "1.2.826.0.1"


def names(found: companions.SlideFiles) -> list[str]:
    return [os.path.basename(path) for path in found.files]


def write_vms(folder: Path) -> Path:
    """A VMS slide of two pictures side by side that OpenSlide reads."""
    folder.mkdir(exist_ok=True)
    for name, width, height in (
        ("a", 512, 512),
        ("b b", 512, 512),
        ("map", 128, 64),
        ("m", 64, 64),
    ):
        picture = Image.fromarray(np.full((height, width, 3), 200, np.uint8))
        blocks = {"restart_marker_blocks": width // 8}
        picture.save(folder / f"{name}.jpg", quality=90, subsampling=0, **blocks)
    lines = ["NoLayers=1", "NoJpegColumns=2", "NoJpegRows=1", "ImageFile=a.jpg"]
    lines += ["ImageFile(1,0)=b b.jpg", "MapFile=map.jpg", "MacroImage=m.jpg", "SourceLens=20"]
    lines += ["OptimisationFile=absent.opt", "PhysicalWidth=512000", "PhysicalHeight=256000"]
    text = "\r\n".join(["[Virtual Microscope Specimen]", *lines, ""])
    (folder / "index").write_bytes(text.encode())
    return folder / "index"


def write_mirax(folder: Path) -> Path:
    """The files of a MIRAX slide, without a picture."""
    (folder / "a").mkdir(parents=True)
    listed = "\ufeff[HIERARCHICAL]\r\nINDEXFILE = Index.dat\r\n[DATAFILE]\r\nFILE_COUNT = 2\r\n"
    listed += "FILE_0 = Data0000.dat\r\nFILE_1 = Data0001.dat\r\n"
    (folder / "a/Slidedat.ini").write_text(listed)
    for name in ("Index.dat", "Data0000.dat", "Data0001.dat", "notes.txt"):
        (folder / "a" / name).write_text(name)
    (folder / "a.mrxs").write_bytes(b"preview")
    return folder / "a.mrxs"


@pytest.mark.parametrize(
    "data",
    [
        element(SERIES, "UI", UID),
        sequence(0x00081115, element(SERIES, "UI", "9.9")) + element(SERIES, "UI", UID),
        sequence(0x00081115, element(SERIES, "UI", "9.9"), defined=True)
        + element(SERIES, "UI", UID),
        sequence(0x00081115, sequence(0x00081199, element(SERIES, "UI", "9.9")), b"")
        + element(SERIES, "UI", UID),
        element(0x00091001, "OB", b"\x20\x00\x0e\x00UI" * 9000) + element(SERIES, "UI", UID),
    ],
    ids=["plain", "in a sequence", "of defined length", "nested", "after private values"],
)
def test_the_series_is_that_of_the_file_and_not_of_a_sequence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(header(EXPLICIT, data))
    assert dicom_header.series_uid(str(tmp_path / "a")) == UID


def test_the_series_without_value_representations(tmp_path: Path) -> None:
    other = element(SERIES, "UI", "9.9", implicit=True)
    data = element(0x00080008, "CS", "ORIGINAL", implicit=True)
    data += sequence(0x00081115, other, implicit=True)
    data += sequence(0x00081140, other, defined=True, implicit=True)
    data += element(SERIES, "UI", UID, implicit=True)
    (tmp_path / "a").write_bytes(header(IMPLICIT, data))
    assert dicom_header.series_uid(str(tmp_path / "a")) == UID


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"DICM",
        b"\0" * 128 + b"DICM",
        header(EXPLICIT, element(0x0020000D, "UI", "1.2")),
        header(EXPLICIT, element(0x0020000D, "UI", "1.2") + element(0x00280002, "US", 3)),
        header(EXPLICIT, element(SERIES, "UI", UID))[:-4],
        header(EXPLICIT, b"\xfe\xff\xdd\xe0\0\0\0\0" * 100),
    ],
)
def test_a_damaged_header_has_no_series(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert dicom_header.series_uid(str(tmp_path / "a")) is None


def test_a_dicom_slide_is_its_series_whatever_the_names(tmp_path: Path) -> None:
    paths = make_dicom.dicom_series(tmp_path, ["IM1", "level.2", "z.dcm"])
    make_dicom.dicom_series(tmp_path, ["IM9"], series="1.2.826.2")
    (tmp_path / "notes.txt").write_text("no DICOM")
    (tmp_path / "folder").mkdir()
    for path in paths:
        assert names(companions.find(path)) == ["IM1", "level.2", "z.dcm"]
        with opening.Slide(path) as slide:
            assert slide.handle.level_count == 3
    assert len({identity.content_hash(path) for path in paths}) == 1
    assert names(companions.find(tmp_path / "IM9")) == ["IM9"]


def test_one_file_of_a_large_dicom_slide_may_stand_for_all(tmp_path: Path) -> None:
    rgb = np.full((4096, 4096, 3), 240, np.uint8)
    smallest = make_dicom.dicom_series(tmp_path, ["a", "b", "c", "d", "e"], rgb)[-1]
    smallest_bytes = smallest.stat().st_size
    assert opening.MOST_PIXELS_PER_BYTE * smallest_bytes < 4096**2
    with opening.Slide(smallest) as slide:
        assert slide.handle.dimensions == (4096, 4096)
        opening.check_size(slide)


def test_vms_and_mirax_slides_are_what_their_index_lists(tmp_path: Path) -> None:
    vms = companions.find(write_vms(tmp_path / "vms"))
    assert names(vms) == ["index", "a.jpg", "b b.jpg", "map.jpg", "m.jpg"]
    with openslide.OpenSlide(tmp_path / "vms/index") as slide:
        assert slide.dimensions == (1024, 512)
    mirax = companions.find(write_mirax(tmp_path / "mirax"))
    assert names(mirax) == ["a.mrxs", "Slidedat.ini", "Index.dat", "Data0000.dat", "Data0001.dat"]


def write_dicom(folder: Path) -> Path:
    return make_dicom.dicom_series(folder, ["a", "b"])[1]


@pytest.mark.parametrize("write", [write_vms, write_mirax, write_dicom])
def test_a_changed_companion_changes_the_fingerprint(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path / "set")
    before = identity.identity(path)
    assert identity.fingerprint(path, before) == before.content_hash
    for companion in companions.find(path).files:
        data, times = Path(companion).read_bytes(), os.stat(companion)
        Path(companion).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        os.utime(companion, (1, 1))  # older than the newest, and of the same size
        assert identity.fingerprint(path, before) != before.content_hash, companion
        Path(companion).write_bytes(data)
        assert identity.fingerprint(path, before) == before.content_hash
        os.utime(companion, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert identity.stat(path) == before.source


def test_a_companion_that_arrives_or_goes_changes_the_fingerprint(tmp_path: Path) -> None:
    first = make_dicom.dicom_series(tmp_path, ["a", "b"])[0]
    (tmp_path / "b").rename(tmp_path.parent / "b")
    before = identity.identity(first)
    assert before.source and before.source.files == 1
    (tmp_path.parent / "b").rename(tmp_path / "b")
    assert identity.fingerprint(first, before) != before.content_hash
    mirax = write_mirax(tmp_path / "mirax")
    before = identity.identity(mirax)
    (tmp_path / "mirax/a/Data0001.dat").unlink()
    assert identity.fingerprint(mirax, before) != before.content_hash


def test_a_folder_is_read_once_for_all_its_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        make_dicom.dicom_series(tmp_path, [f"{number}a", f"{number}b"], series=f"1.2.{number}")
    opened = []
    read = dicom_header.series_uid
    monkeypatch.setattr(dicom_header, "series_uid", lambda path: opened.append(path) or read(path))
    for number in range(20):
        assert len(companions.find(tmp_path / f"{number}b").files) == 2
    assert len(opened) == 40 + 20  # each file of the folder, and each named file


def test_a_renamed_dicom_series_is_the_same_slide(tmp_path: Path) -> None:
    first, second = make_dicom.dicom_series(tmp_path, ["a", "b"])
    before = identity.content_hash(first)
    first.rename(tmp_path / "z")
    assert identity.content_hash(second) == before


@pytest.mark.parametrize("write", [write_vms, write_dicom])
def test_a_fifo_among_the_files_is_refused_and_never_opened(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path / "set")
    name = "absent.opt" if write is write_vms else "pipe"
    os.mkfifo(tmp_path / "set" / name)
    found = identity.identity(path)
    assert identity.fingerprint(path, found) == found.content_hash
    with pytest.raises(SlideError, match="a FIFO in the slide's folder") as refused:
        opening.Slide(path)
    assert refused.value.code == "not_a_file"


def test_unreadable_companions_are_no_crash(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = write_mirax(tmp_path)
    (tmp_path / "a/Data0000.dat").chmod(0)
    assert identity.identity(path).content_hash is None
    with pytest.raises(SlideError, match="permission denied"):
        opening.Slide(path)
