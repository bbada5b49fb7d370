"""Messages of readers: the cause reaches the row, what they quote does not."""

import pytest
from grossing.slide import reader_messages

PATH = "/data/Jane Roe/slide one.svs"
PLAIN = (
    "Unsupported or missing image file",
    "Cannot get tile sizes",
    "Couldn't find any pyramid levels",
    "Failure in TIFFRGBAImageOK: Sorry, can not handle images with 32-bit samples",
    "Unsupported transfer syntax 1.2.840.10008.1.2.4.90",
    "Unsupported photometric interpretation MONOCHROME2 for 1.2.840.10008.1.2.1",
    "Tile size 240x240 doesn't match level tile size 256x256",
    "Index.dat doesn't have a matching slide identifier",
    "Compression 6 is not supported",
)


@pytest.mark.parametrize(
    "message",
    [
        "Couldn't open {secret}: No such file or directory",
        "Couldn't open /data/Jane Roe/slide one/{secret}/Data0001.dat",
        "opening /data/Jane Roe/{secret}.dcm: Series Instance UID 1.3.6.1.4.1.5.12345 != 1.3.6.1.9",
        "Couldn't parse image dimensions: {secret}",
        "Slide contains unexpected image ({secret} vs. OTHER^NAME)",
        'Associated image "{secret}" has unrecognized type "{secret}"',
        "Opening and ending tag mismatch: PatientName line 3 and {secret}",
        "Value for attribute PatientID={secret},{secret} of 19560304",
        "libdicom error: bad value - element tag 00100010 has VR {secret}",
        "{secret}",
    ],
)
@pytest.mark.parametrize("secret", ["ROE^JANE", "Mueller", "MRN-12345678", "1956-03-04", "a/b=Roe"])
def test_nothing_that_is_quoted_is_shown(message: str, secret: str) -> None:
    text = reader_messages.cleaned(message.format(secret=secret), PATH)
    parts = [secret, "Jane", "Roe", "ROE", "JANE", "OTHER", "12345", "1956", "1.3.6", "/data"]
    assert [part for part in parts if part in text] == []
    assert "..." in text


@pytest.mark.parametrize("message", PLAIN)
def test_what_the_reader_says_itself_is_kept(message: str) -> None:
    assert reader_messages.cleaned(message, PATH) == message


def test_the_file_keeps_its_name_and_loses_its_folder() -> None:
    message = f"Couldn't open {PATH}:\n Permission denied"
    shown = reader_messages.cleaned(message, PATH)
    assert shown == "Couldn't open slide one.svs: Permission denied"
    companion = "Cannot read /data/Jane Roe/slide one/Index.dat"
    assert reader_messages.cleaned(companion, PATH) == "Cannot read ... Index.dat"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Unsupported TIFF compression: 50001", "unsupported_compression"),
        ("Unsupported transfer syntax 1.2.840.10008.1.2.4.80", "unsupported_compression"),
        ("JPEG-XR compression is not supported", "unsupported_compression"),
        ("Unsupported photometric interpretation MONOCHROME2", "unsupported_colour"),
        ("Sorry, can not handle images with 32-bit samples", "unsupported_samples"),
        ("Pixel type GRAY16 is not supported", "unsupported_samples"),
        ("Slides with dissimilar main images are not supported", "unsupported"),
        ("Cannot read tile", "unreadable"),
        ("", "unreadable"),
    ],
)
def test_a_message_has_its_code(message: str, code: str) -> None:
    assert reader_messages.code_of(message, "unreadable") == code


def test_a_compression_has_its_number_and_its_name() -> None:
    shown = reader_messages.cleaned("Unsupported TIFF compression: 34712", PATH)
    assert shown == "Unsupported TIFF compression: 34712 (JPEG2000)"
    assert reader_messages.cleaned("Unsupported TIFF compression: 65432", PATH).endswith("65432")
