"""Transfer syntaxes that PS3.6 does not list, and those that need nothing but their data set."""

import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.dicom.elements import EXPLICIT, IMPLICIT, Encoding
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing
from dicomtx.workflows.info import describe
from tests import oracle
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import KINDS, element, image, native, text

UNKNOWN, GE = "1.2.3.4.5.6", "1.2.840.113619.5.2"
JPIP = ("1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")
ENCODINGS = {"explicit": EXPLICIT, "implicit": IMPLICIT}


def labelled(uid: str, data_set: bytes) -> bytes:
    """Returns a file whose Transfer Syntax UID may be any."""
    content = element(0x00020001, "OB", b"\0\1") + text(0x00020010, "UI", uid)
    length = element(0x00020000, "UL", struct.pack("<I", len(content)))
    return bytes(128) + b"DICM" + length + content + data_set


def samples(pixel: ImagePixel) -> bytes:
    """Returns little endian words that are not the same when they are swapped."""
    if pixel.bits_allocated == 16:
        return struct.pack("<8H", *range(258, 266))
    return bytes(n % 251 for n in range(pixel.frame_bytes))


def swapped(data: bytes) -> bytes:
    return b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))


@pytest.mark.parametrize("pixel", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("to", ["explicit", "implicit", "big-endian", "deflated", "rle"])
def test_an_unknown_syntax_that_reads_as_native_converts(
    converter: Converter, to: str, encoding: Encoding, pixel: ImagePixel
) -> None:
    outcome = converter.convert(labelled(UNKNOWN, native(pixel, samples(pixel), encoding)), to)
    assert outcome.status == "done", outcome.error
    assert f"{UNKNOWN} is unknown" in " ".join(outcome.warnings)
    again = converter.out.with_name("again.dcm")
    assert converter.again(converter.out, again, "explicit").status == "done"
    assert dcmread(again).PixelData == samples(pixel)


@pytest.mark.parametrize("to", ["explicit", "implicit", "rle"])
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
def test_strict_refuses_an_unknown_syntax(
    converter: Converter, to: str, encoding: Encoding
) -> None:
    data = labelled(UNKNOWN, native(image(), bytes(6), encoding))
    outcome = converter.convert(data, to, strict=True)
    assert "is unknown" in converter.failed(outcome, ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("length", [2, 4, 9, 100])
def test_an_unknown_syntax_whose_pixels_are_not_the_image_is_not_guessed(
    converter: Converter, length: int
) -> None:
    pixels = element(0x7FE00010, "OB", bytes(length))
    data = builder.identity() + builder.module(image(2, 3)) + pixels
    refused = converter.convert(labelled(UNKNOWN, data))
    assert refused.exit_code == ExitCode.UNSUPPORTED
    assert converter.convert(labelled(UNKNOWN, data), "rle").status == "kept"


def test_info_says_what_an_unknown_syntax_reads_as(converter: Converter) -> None:
    converter.source.write_bytes(labelled(UNKNOWN, native(image(), bytes(6))))
    found = describe(str(converter.source))
    assert found.label == UNKNOWN
    assert found.transfer_syntax.slug == "explicit-vr-little-endian"


@pytest.mark.parametrize("pixel", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("to", ["explicit", "implicit", "big-endian", "rle"])
def test_pixels_of_the_private_syntax_of_ge_are_big_endian(
    converter: Converter, to: str, pixel: ImagePixel
) -> None:
    data = labelled(GE, native(pixel, swapped(samples(pixel)), IMPLICIT))
    outcome = converter.convert(data, to)
    assert outcome.status == "done", outcome.error
    assert compare(Comparing(str(converter.source), str(converter.out))).same
    again = converter.out.with_name("again.dcm")
    assert converter.again(converter.out, again, "explicit").status == "done"
    assert dcmread(again).PixelData == samples(pixel)


def test_info_names_the_private_syntax_of_ge(converter: Converter) -> None:
    converter.source.write_bytes(labelled(GE, native(image(), bytes(6), IMPLICIT)))
    found = describe(str(converter.source))
    assert "GE" in " ".join(found.warnings)
    assert found.transfer_syntax.slug == "implicit-vr-little-endian"


@pytest.mark.peer("dcmconv")
@pytest.mark.parametrize("uid", [UNKNOWN, GE])
@pytest.mark.parametrize("pixel", KINDS.values(), ids=KINDS)
def test_dcmconv_gives_the_same(
    converter: Converter, tmp_path: Path, uid: str, pixel: ImagePixel
) -> None:
    data = labelled(uid, native(pixel, samples(pixel), IMPLICIT))
    ours = converter.done(data)
    theirs = tmp_path / "theirs.dcm"
    subprocess.run(["dcmconv", "+te", converter.source, theirs], check=True, capture_output=True)
    assert dict(oracle.elements(ours)) == dict(oracle.elements(dcmread(theirs)))


@pytest.mark.parametrize("uid", JPIP)
@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
def test_deflated_references_are_read_and_kept(converter: Converter, uid: str, to: str) -> None:
    url = text(0x00287FE0, "UR", "https://example.org/1")
    deflater = zlib.compressobj(wbits=-15)
    data_set = builder.identity() + builder.module(image()) + url
    data = labelled(uid, deflater.compress(data_set) + deflater.flush())
    outcome = converter.convert(data, to)
    assert outcome.status == "kept"
    assert converter.out.read_bytes() == data
    found = describe(str(converter.source))
    assert found.sop_class_uid == builder.SOP_CLASS
    assert found.transfer_syntax.uid == uid
    assert not found.warnings
