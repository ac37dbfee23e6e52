"""What is wrong is found, and is not written."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from dicomtx.codecs.imagecodecs import lossless
from dicomtx.dicom import rewriter
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import IMPLICIT
from dicomtx.dicom.rope import Rope
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom.builder import image, native, part10


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
def test_wrong_pixels_are_found_and_nothing_is_written(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    right: Callable[..., bytes] = lossless.encode

    def flips(frame: Frame, *rest: Any) -> bytes:
        data = bytearray(frame.data)
        data[-1] ^= 1
        return right(Frame(bytes(data), frame.image), *rest)

    monkeypatch.setattr(lossless, "encode", flips)
    assert "other pixels" in converter.failed(converter.convert(grey(), to), ExitCode.VERIFICATION)
    assert converter.convert(grey(), to, verify="none").status == "done"


def test_wrong_pixels_leave_an_existing_destination_as_it_was(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Callable[..., bytes] = lossless.encode
    monkeypatch.setattr(
        lossless, "encode", lambda f, *r: right(Frame(bytes(len(f.data)), f.image), *r)
    )
    converter.source.write_bytes(grey())
    converter.out.write_bytes(b"mine")
    outcome = converter.again(converter.source, converter.out, "rle", overwrite=True)
    assert outcome.exit_code == ExitCode.VERIFICATION
    assert converter.out.read_bytes() == b"mine"


def test_a_stream_that_nothing_can_decode_is_not_written(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lossless, "encode", lambda *_: b"\xff\xd8 not a stream")
    error = converter.failed(converter.convert(grey(), "jpeg-ls-lossless"), ExitCode.VERIFICATION)
    assert "cannot be decoded" in error


def spoil(monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes]) -> None:
    """Lets the writer write something else."""

    def write_to(self: Rope, fd: int) -> None:
        os.write(fd, change(b"".join(self.chunks())))

    monkeypatch.setattr(Rope, "write_to", write_to)


@pytest.mark.parametrize(
    ("data", "to"),
    [
        (grey(), "implicit"),
        (grey(), "rle"),
        (file("MR_small_jp2klossless.dcm").read_bytes(), "explicit"),
        (part10("implicit", native(image(8, 8), bytes(range(64)), IMPLICIT)), "big-endian"),
    ],
    ids=["rewrite", "encode", "decode", "to big endian"],
)
@pytest.mark.parametrize("place", ["pixel data", "value", "syntax"])
def test_what_was_written_wrongly_is_found(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, data: bytes, to: str, place: str
) -> None:
    def change(written: bytes) -> bytes:
        broken = bytearray(written)
        where = {
            "pixel data": len(written) - 24,
            "value": written.index(b"1.2.840.10008.5.1.4.1.1.", 300) + 20,
            "syntax": written.index(find(to).uid.encode()) + len(find(to).uid) - 1,
        }
        broken[where[place]] ^= 1
        return bytes(broken)

    spoil(monkeypatch, change)
    converter.failed(converter.convert(data, to), ExitCode.VERIFICATION)


@pytest.mark.parametrize("lost", ["element", "edit", "removal"])
def test_an_element_that_the_writer_loses_or_keeps_is_missed(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    right: Callable[..., None] = rewriter.Rewriter._element
    edit: Callable[..., None] = rewriter.Rewriter._edit

    def loses(self: Any, level: Any, found: Any) -> None:
        if found.tag != 0x00280103:
            right(self, level, found)

    def wrong(self: Any, level: Any, made: Any) -> None:
        if made.tag == 0x00280004 and lost == "edit":
            made = Edit(made.tag, made.vr, b"MONOCHROME1 ")
        if made.value is None and lost == "removal":
            made = Edit(made.tag, "OV", bytes(8))
        edit(self, level, made)

    if lost == "element":
        monkeypatch.setattr(rewriter.Rewriter, "_element", loses)
    else:
        monkeypatch.setattr(rewriter.Rewriter, "_edit", wrong)
    data = file("SC_rgb_dcmtk_+eb+cy+s2.dcm").read_bytes()
    converter.failed(converter.convert(data), ExitCode.VERIFICATION)


def test_a_codec_that_gives_narrower_samples_is_no_codec(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrow(stream: bytes, syntax: Any, asked: Any) -> Frame:
        pixel = asked._replace(bits_allocated=8, bits_stored=8, high_bit=7, number_of_frames=1)
        return Frame(bytes(pixel.frame_bytes), pixel)

    monkeypatch.setattr(lossless, "decode", narrow)
    data = file("MR_small_jp2klossless.dcm").read_bytes()
    outcome = converter.convert(data, codecs=("imagecodecs",), verify="none")
    converter.failed(outcome, ExitCode.CODEC)


@pytest.mark.parametrize(
    ("to", "verify", "said"),
    [
        ("implicit", True, "bytes-only"),
        ("rle", True, "independent"),
        ("jpeg-lossless-sv1", True, "independent"),
        ("deflated-image-frame", True, "independent"),
        ("jpeg2000-lossless", True, "same-code-base"),
        ("htj2k-lossless", True, "independent"),
        ("jpeg2000-lossless", False, "none"),
    ],
)
def test_how_it_was_verified_is_told(
    converter: Converter, to: str, said: str, *, verify: bool
) -> None:
    outcome = converter.convert(grey(64, 64), to, verify=verify)
    assert outcome.verification == said, outcome
