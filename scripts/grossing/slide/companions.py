"""The files that one slide consists of, found by their content, as OpenSlide finds them.

- DICOM: all files in the folder with the named file's SeriesInstanceUID, whatever their names
- MIRAX: `NAME.mrxs`, and in the folder `NAME` Slidedat.ini and the files that it lists
- Hamamatsu VMS and VMU: the named text file and the files that it lists

Every other format that OpenSlide reads is one file. Only regular files are opened.
"""

import functools
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from grossing.slide import dicom_header
from grossing.support.types import PathLike

Kind = Literal["single", "dicom", "mirax", "hamamatsu"]

INDEX_BYTES_MAX = 1024 * 1024  # of Slidedat.ini, VMS and VMU files
_HAMAMATSU = re.compile(rb"^\[(Uncompressed )?Virtual Microscope Specimen\]", re.MULTILINE)
_HAMAMATSU_FILE = re.compile(
    rb"^(?:ImageFile(?:\([^)=]*\))?|MapFile|OptimisationFile|MacroImage)\s*=\s*(.+?)\s*$",
    re.MULTILINE,
)
_MIRAX_FILE = re.compile(rb"^(?:INDEXFILE|FILE_\d+)\s*=\s*(.+?)\s*$", re.MULTILINE)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True)
class SlideFiles:
    """The files of a slide in a fixed order, the named one included.

    `irregular` are FIFOs, devices and the like that OpenSlide would open as part of the slide.
    """

    kind: Kind
    files: tuple[str, ...]
    irregular: tuple[str, ...] = ()


def find(path: PathLike) -> SlideFiles:
    """The files of the slide that a path names.

    Parameters
    ----------
    path : a regular file

    Raises
    ------
    OSError : it cannot be read.
    """
    path = os.fspath(path)
    if path.lower().endswith(".mrxs"):
        return _listed("mirax", path, _mirax_files(path))
    with open(path, "rb", buffering=0) as file:
        head = file.read(dicom_header.HEAD_BYTES)
    if _HAMAMATSU.search(head):
        names = _names(_HAMAMATSU_FILE, path)
        return _listed("hamamatsu", path, _beside(os.path.dirname(path), names))
    if dicom_header.is_dicom(head) and not _is_named_tiff(path, head):
        return _dicom(path)
    return SlideFiles("single", (path,))


def _is_named_tiff(path: str, head: bytes) -> bool:
    """Whether OpenSlide reads a file that is DICOM and TIFF at once as TIFF."""
    return head.startswith(_TIFF) and path.lower().endswith((".tif", ".tiff"))


def _mirax_files(path: str) -> list[str]:
    folder = os.path.splitext(path)[0]
    index = os.path.join(folder, "Slidedat.ini")
    listed = _beside(folder, _names(_MIRAX_FILE, index)) if os.path.isfile(index) else []
    return [index, *listed]


def _names(pattern: re.Pattern[bytes], index: str) -> list[str]:
    """The names of files that a text file lists."""
    with open(index, "rb") as file:
        return [os.fsdecode(name) for name in pattern.findall(file.read(INDEX_BYTES_MAX))]


def _beside(folder: str, names: Iterable[str]) -> list[str]:
    return [os.path.join(folder, name.lstrip("/")) for name in names]


def _listed(kind: Kind, path: str, paths: Iterable[str]) -> SlideFiles:
    """A slide whose index lists its files; those that do not exist are left out."""
    modes = {name: _mode(name) for name in (path, *paths)}
    return SlideFiles(
        kind,
        tuple(name for name, mode in modes.items() if stat.S_ISREG(mode)),
        tuple(name for name, mode in modes.items() if _is_irregular(mode)),
    )


def _mode(path: str) -> int:
    """Type and permissions of a file; 0 where there is none."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def _is_irregular(mode: int) -> bool:
    return bool(mode) and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _dicom(path: str) -> SlideFiles:
    whole = os.path.abspath(path)
    folder = os.path.dirname(whole)
    found = _series_in(folder, os.stat(folder).st_mtime_ns)
    uid = dicom_header.series_uid(whole)
    files = found.files.get(uid, ()) if uid else ()
    return SlideFiles("dicom", files if whole in files else (whole,), found.irregular)


@dataclass(frozen=True)
class _Folder:
    """The DICOM files of a folder by their series, and what in it is neither file nor folder."""

    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    irregular: tuple[str, ...] = ()


@functools.lru_cache(maxsize=256)
def _series_in(folder: str, mtime_ns: int) -> _Folder:
    """Each folder is read once as long as no file is added, removed or renamed."""
    series: dict[str, list[str]] = {}
    irregular = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_file():
            if uid := _series_uid(entry.path):
                series.setdefault(uid, []).append(entry.path)
        elif _is_irregular(_mode(entry.path)):
            irregular.append(entry.path)
    return _Folder({uid: tuple(paths) for uid, paths in series.items()}, tuple(irregular))


def _series_uid(path: str) -> str | None:
    try:
        return dicom_header.series_uid(path)
    except (FileNotFoundError, PermissionError):  # OpenSlide leaves such files out as well
        return None


def name_beside(path: PathLike, companion: PathLike) -> str:
    """Name of a companion relative to the folder of the named file, whatever their folder is."""
    return Path(os.path.relpath(companion, os.path.dirname(os.path.abspath(path)))).as_posix()
