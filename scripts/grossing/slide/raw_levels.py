"""Levels of JPEG tiles that are decoded straight from the slide's files, by format."""

import numpy.typing as npt

from grossing.slide import raw_leica, raw_ndpi, raw_tiff, raw_ventana
from grossing.slide.jpeg_tiles import JpegTiles
from grossing.slide.record import FileFacts
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

#: by vendor as OpenSlide names it
OPENERS = {
    "aperio": raw_tiff.open_level,
    "generic-tiff": raw_tiff.open_level,
    "hamamatsu": raw_ndpi.open_level,
    "leica": raw_leica.open_level,
    "philips": raw_tiff.open_philips_level,
    "ventana": raw_ventana.open_level,
}


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : tiles may overlap, OpenSlide would resample the level, or the file is not of the
        usual kind.
    """
    downsample = file.levels[level].downsample
    if downsample != round(downsample):
        raise Unsupported(f"downsample {downsample} is resampled")
    if file.vendor in OPENERS:
        return OPENERS[file.vendor](path, file, level, glass, scale)
    if file.vendor == "dicom":
        from grossing.slide import raw_dicom  # with pydicom, which no TIFF waits for

        return raw_dicom.open_level(path, file, level, glass, scale)
    raise Unsupported(f"tiles of {file.vendor} may overlap")
