"""Personal data in slides, in their labels and in the name of their folder: none in any output.

Planted by `tests/data/planted.py` wherever a file can hold some; all optional stages are on.
"""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import planted
import pyarrow.parquet
import pytest
from damage import truncate
from fuzz.bases import write_generic
from PIL import Image
from running import REPOSITORY, Once, by_slide, snakemake, write_sheet

#: slide_id -> file below the folder with a name in it; the first group can be used
GOOD = {
    "aperio": "planted.svs",
    "generic": "planted.tif",
    "dicom": "dicom/0.dcm",
    "plane1": "planted.tif",
    "plane2": "copy.tif",
}
BAD = {
    "truncated": "truncated.svs",
    "text": "text.svs",
    "missing": "missing.svs",
    "photometric": "photometric/0.dcm",
    "index": "index.mrxs",
    "format": "format.mrxs",
    "map": "map.vms",
}
#: a description of a MIRAX slide up to the name of its index or the format of its pictures
MIRAX = """[GENERAL]\nSLIDE_ID=PHI-ID\nIMAGENUMBER_X=10\nIMAGENUMBER_Y=10
OBJECTIVE_MAGNIFICATION=20\nCameraImageDivisionsPerSide=2\n[HIERARCHICAL]
INDEXFILE=PHI-INDEX-jane.dat\nHIER_COUNT=1\nNONHIER_COUNT=0\nHIER_0_NAME=Slide zoom level
HIER_0_COUNT=1\nHIER_0_VAL_0_SECTION=LEVEL\n[DATAFILE]\nFILE_COUNT=1\nFILE_0=PHI-DATA.dat
[LEVEL]\nOVERLAP_X=0\nOVERLAP_Y=0\nMICROMETER_PER_PIXEL_X=0.5\nMICROMETER_PER_PIXEL_Y=0.5
IMAGE_FILL_COLOR_BGR=0\nIMAGE_CONCAT_FACTOR=0\nDIGITIZER_WIDTH=256\nDIGITIZER_HEIGHT=256
IMAGE_FORMAT={}\n"""
HAMAMATSU = """[Virtual Microscope Specimen]\nNoLayers=1\nNoJpegColumns=1\nNoJpegRows=1
MapFile=PHI-MAP-jane.jpg\nOptimisationFile=PHI.opt\nImageFile=PHI-IMAGE-jane.jpg\n"""
#: Snakemake's own log of a run quotes its command line, and with it the path of the sheet
COMMAND_LINE = re.compile(rb"^  Command: .*$", re.M)


@pytest.fixture(scope="module")
def finished(once: Once, slides: Path) -> Path:
    """Folder of the slides beside a working directory `run`, after a run over all of them."""

    def fill(folder: Path) -> None:
        secret, workdir = folder / planted.FOLDER, folder / "run"
        secret.mkdir()
        workdir.mkdir()
        write_slides(secret, slides / "medium.svs")
        write_sheet(
            secret,
            [
                {"slide_id": i, "path": path, "z_stack": "stack" if "plane" in i else ""}
                | {"z_plane": i[5:] if "plane" in i else ""}
                for i, path in {**GOOD, **BAD}.items()
            ],
        )
        shutil.copyfile(REPOSITORY / "config/full.yaml", workdir / "mine.yaml")
        done = snakemake(workdir, config=(f"cohort={secret / 'cohort.csv'}",))
        (workdir / "console.txt").write_text(done.text)
        assert done.code == 0, done.text

    return once("personal_data", fill)


def write_slides(folder: Path, source: Path) -> None:
    planted.plant_tiff(source, folder / "planted.svs")
    generic = folder / "generic.tif"
    write_generic(source, generic, pyramid=True, compression="jpeg")
    planted.plant_tiff(generic, folder / "planted.tif")
    generic.unlink()
    shutil.copyfile(folder / "planted.tif", folder / "copy.tif")
    truncate(folder / "planted.svs", folder / "truncated.svs", 0.99)
    planted.plant_dicom(source, folder / "dicom")
    quoted = {0x00280004: ("CS", "PHI-JANE")}
    planted.plant_dicom(source, folder / "photometric", quoted)
    (folder / "text.svs").write_text("PHI-TEXT-jane\n")
    for name, kind in (("index", "JPEG"), ("format", "PHI-FORMAT-jane")):
        (folder / f"{name}.mrxs").write_bytes(b"\xff\xd8\xff")
        (folder / name).mkdir()
        (folder / name / "Slidedat.ini").write_text(MIRAX.format(kind), encoding="utf-8-sig")
    (folder / "map.vms").write_text(HAMAMATSU)


def views(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """A file as it is, and what is packed in it: members, values, metadata of pictures."""
    yield name, data
    if data[:4] == b"PK\3\4":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from views(f"{name}/{member}", archive.read(member))
    elif data[:4] == b"PAR1":
        table = pyarrow.parquet.read_table(io.BytesIO(data))
        yield f"{name} (values)", repr((table.schema.metadata, table.to_pydict())).encode()
    elif (picture := _picture(data)) is not None:
        tags = [*dict(getattr(picture, "tag_v2", {})).values(), *picture.getexif().values()]
        for value in [*picture.info.values(), *tags]:
            raw = value if isinstance(value, bytes) else repr(value).encode()
            yield f"{name} (metadata)", raw


def _picture(data: bytes) -> Image.Image | None:
    if data[:4] not in (b"\x89PNG", b"II*\0", b"II+\0") and data[:3] != b"\xff\xd8\xff":
        return None
    return Image.open(io.BytesIO(data))


def leaks(data: bytes) -> list[str]:
    """Planted words that are in some bytes, in any of three encodings."""
    words = {
        mark.encode(code) for mark in planted.MARKS for code in ("utf-8", "utf-16-be", "utf-16-le")
    }
    return [word.decode("utf-8", "replace") for word in words if word in data]


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_slides_are_used_and_refused_as_they_should_be(finished: Path) -> None:
    status = {i: row["qc_status"] for i, row in by_slide(finished / "run", "cohort_qc.csv").items()}
    assert {i for i, text in status.items() if text in ("PASS", "REVIEW")} >= {
        "aperio",
        "generic",
        "dicom",
        "stack",
    }, status
    assert {status[slide_id] for slide_id in BAD} <= {"ERROR", "REVIEW"}


def test_the_search_finds_what_is_planted(finished: Path) -> None:
    for name in ("planted.svs", "planted.tif", "dicom/0.dcm"):
        assert leaks((finished / planted.FOLDER / name).read_bytes()), name
    assert leaks("PHI-ICC-jane1".encode("utf-16-be"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "PHI-FOLDER-jane " * 99)
    assert any(leaks(part) for _, part in views("a.zip", packed.getvalue()))
    Image.new("RGB", (9, 9)).save(packed := io.BytesIO(), "PNG", icc_profile=planted.icc_profile())
    assert any(leaks(part) for _, part in views("a.png", packed.getvalue()))


def test_no_file_of_a_run_holds_personal_data(finished: Path) -> None:
    workdir = finished / "run"
    found = {}
    for path in files_below(workdir):
        if path.is_relative_to(workdir / "results/exports/hs2p"):
            continue  # hs2p reads the slides from the absolute paths in its files (docs/exports.md)
        where, content = path.relative_to(workdir), path.read_bytes()
        if where.parts[:2] == (".snakemake", "log"):
            content, quoted = COMMAND_LINE.subn(b"", content)
            assert quoted == 1
        for name, data in views(str(where), content):
            if words := leaks(data + name.encode()):
                found[name] = words
    assert not found, json.dumps(found, indent=1)


def test_no_picture_shows_the_label(finished: Path) -> None:
    pictures = 0
    for path in files_below(finished / "run/results"):
        for name, data in views(path.name, path.read_bytes()):
            picture = None if name.endswith(")") else _picture(data)
            if picture is None:
                continue
            pictures += 1
            rgb = np.asarray(picture.convert("RGB"))
            assert (rgb > 200)[..., [0, 2]].all(axis=2)[rgb[..., 1] < 60].sum() < 64, name
    assert pictures > 100
