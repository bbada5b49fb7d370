"""Messages of the readers: which code they mean, and their words without what they quote.

A reader may quote the file (names of people, identifiers, paths), so of a message only those words
are shown that are on a list (of OpenSlide, libtiff, libjpeg and libdicom), small numbers, and the
name of the slide's own file.  Everything else is replaced by `...`.
"""

import os
import re

import tifffile

from grossing.columns.error_codes import ErrorCode
from grossing.support.types import PathLike

GAP = "..."
_OWN = "\0"  # stands for the slide's file name, which may hold blanks

#: from the strings of OpenSlide 4.0.1 and of the libraries that it contains
_LISTED = """
    a adobe after all allocate alpha an and any aperio are area array as assertion associated at
    attribute b bad baseline be before beyond bigtiff bit bits bitspersample block bmp bogus
    bounds box buffer but by byte bytes call can can't cannot channel channels chunk cielab class
    cmyk code codec color colormap colors colour column columns component components compressed
    compression concatenation configured contains contiguous conversion corrupt could couldn't
    count counts creating czi damaged dat data datafile decode decoded decoding decompressing
    decompression defined deflate denied denominator dht dicom dicom-tiff did dimension
    dimensional dimensionorganisationtype dimensions dircount directories directory dissimilar
    divisible does doesn't down downsample downsampled downsamples dqt dri dual-personality
    duplicate element empty encoding end entry eof error errors exceeded exceeds exist existing
    exists expected extension extensions extrasamples failed failure false field file file_missing
    fileno files filesystem find first flag flavor float floating focal for format formats found
    fractional frame frames from get gray16 gray8 group had hamamatsu handle has have header
    height hier high huffman huron i/o icc id identifier ieee ifd image image_type imagedepth
    imagedescription images improper in in-concatenation inconsistent index indices information
    ini initial initialize input instance integer interpretation interval into invalid is iscan
    isyntax item jfif join joint jp2k jpeg jpeg2000 jpegs jpegtables key label large last layer
    layout leica length level levels libdicom libjpeg libtiff line little load locate logl logluv
    long loop low lzw macro magic magnification main malformed map marker markers match matches
    matching mcu mcus media memory meta metadata method mirax mismatch missing mode monochrome1
    monochrome2 more multiple must name namespace ndpi needed next no node non none nonhier
    nonzero not null number numbers objective odd of off offset offsets ojpeg old-style on one
    only open opening openjpeg openslide operation optimisation or order origin other out outside
    overflow page pages palette parameter parse parsing past permission philips photometric
    photometricinterpretation pixel pixels planarconfig planarconfiguration plane planes png point
    pointer position possible power premature profile progressive properties property pyramid
    quantization random range raw reached read reading record recorded reduced reduced-resolution
    region regular resolution resolutions restart rgb rgba root row rows rowsperstrip sakura
    sample sampleformat samples samplesperpixel scan scanline section seek segment separate
    separated sequential series seriesinstanceuid set short sign size sizes slide slidedat slides
    sof software soi sop sopinstanceuid sorry sos source spacing specification specified starts
    storage stream strip stripped strips structure subblock subblocks subifd subsampling such
    support supported syntax table tables tag tags than the this tiff tiff's tiff2vips tiffload
    tiffrgbaimagebegin tiffrgbaimageget tiffrgbaimageok tile tiled tiles to together too trailing
    transfer trestle truncated type uid unable uncompressed undefined unexpected unknown
    unrecognized unsupported unused use using validate value values ventana version vertical
    vipsforeignload vms vmu was webp while wide width with within without wrong wsi x xml y ybr
    ybr_full ybr_full_422 ybr_ict ybr_partial_420 ybr_rct ycbcr zeiss zero zip zlib zoom zstandard
    zstd
"""
WORDS = frozenset(_LISTED.split())
_NUMBER = re.compile(r"[+-]?\d{1,6}(\.\d{1,6})?(x\d{1,6})?|0x[0-9a-fA-F]{1,8}|\d{1,3}-?bits?")
_STANDARD_UID = re.compile(r"1\.2\.840\.10008(\.\d+)+")  # of DICOM itself, of no patient
_COMPANION = re.compile(r"(index|data\d+)\.dat|slidedat\.ini", re.IGNORECASE)  # of MIRAX
_EDGES = re.compile(r"^([\[({<'\"]*)(.*?)([\])}>'\".,;:!?]*)$")
_PARTS = re.compile(r"[/=,_-]|!=|==")

_NOT_SUPPORTED = r"[Uu]nsupported|not supported|not configured|[Cc]an ?not handle|not implemented"
_KINDS: tuple[tuple[str, ErrorCode], ...] = (
    (r"[Cc]ompression|transfer syntax|[Cc]odec", "unsupported_compression"),
    (r"[Pp]ixel type|[Ss]ample|-bit|precision|floating", "unsupported_samples"),
    (r"[Pp]hotometric|color|RGB image|separated|LogL", "unsupported_colour"),
    ("", "unsupported"),
)


def code_of(message: str, otherwise: ErrorCode) -> ErrorCode:
    """The code of a reader's message; `otherwise` where it names nothing unsupported."""
    if not re.search(_NOT_SUPPORTED, message):
        return otherwise
    return next(code for pattern, code in _KINDS if re.search(pattern, message))


def cleaned(message: str, path: PathLike) -> str:
    """A reader's message on one line with the listed words only; TIFF compressions get their name.

    Parameters
    ----------
    path : the slide's file, of which the name is kept and the folder is not
    """
    name = os.path.basename(os.fspath(path))
    for form in {os.fspath(path), os.path.abspath(path), os.path.realpath(path)}:
        message = message.replace(form, _OWN)
    tokens: list[str] = []
    for token in message.split():
        shown = _shown(token)
        if shown != GAP or tokens[-1:] != [GAP]:
            tokens.append(shown)
    text = " ".join(tokens).replace(_OWN, name)
    return re.sub(r"(TIFF compression:? )(\d+)", _named_compression, text)


def _shown(token: str) -> str:
    before, core, after = _EDGES.findall(token)[0]
    if core == _OWN or _is_plain(core):
        return f"{before}{core}{after}"
    file = core.rpartition("/")[2]
    if _COMPANION.fullmatch(file):
        return f"{before}{file}{after}"
    parts = [part for part in _PARTS.split(core) if part]
    if any(part.lower() in WORDS for part in parts) and all(map(_is_plain, parts)):
        return f"{before}{core}{after}"
    return GAP


def _is_plain(word: str) -> bool:
    known = word.lower() in WORDS or not re.search(r"\w", word)
    return known or any(kind.fullmatch(word) for kind in (_NUMBER, _STANDARD_UID))


def _named_compression(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{compression_name(int(match[2]))}"


def compression_name(number: int) -> str:
    """` (NAME)` of a TIFF compression; nothing where it has none."""
    try:
        return f" ({tifffile.COMPRESSION(number).name})"
    except ValueError:
        return ""
