"""Verification: by which code base, of how many frames, and what is demanded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import TransferSyntax
from tests import plugins
from tests.converter import Converter, grey
from tests.dicom.builder import image, native, part10
from tests.sampling import sampled

RGB = {"samples": 3, "photometric": "RGB"}
TWELVE = {"allocated": 16, "stored": 12}
SIGNED = {"allocated": 16, "signed": True}


def noise(**kind: Any) -> bytes:
    """Returns a file whose words hold no more than their stored bits."""
    pixel = image(24, 31, **kind)
    bits = pixel.bits_stored - (1 if pixel.signed else 0)
    words = np.random.default_rng(1).integers(0, 1 << bits, pixel.samples_per_frame)
    data = words.astype(f"<u{pixel.bits_allocated // 8}").tobytes()
    return part10("explicit", native(pixel, data))


def frames(count: int) -> bytes:
    pixel = image(8, 8)._replace(number_of_frames=count)
    data = np.random.default_rng(2).integers(0, 256, pixel.native_bytes).astype("u1").tobytes()
    return part10("explicit", native(pixel, data, frames=str(count)))


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ("jpeg2000-lossless", {}),
        ("jpeg2000-lossless", RGB),
        ("jpeg2000-lossless", TWELVE),
        ("jpeg2000-lossless", SIGNED),
        ("jpeg-ls-lossless", {}),
        ("jpeg-ls-lossless", TWELVE),
        ("jpeg-ls-lossless", SIGNED),
    ],
)
@pytest.mark.parametrize("verify", sampled(["independent", "all"], 2))
def test_with_the_extra_another_code_base_verifies(
    converter: Converter, audit: None, to: str, kind: dict[str, Any], verify: str
) -> None:
    outcome = converter.convert(noise(**kind), to, verify=verify)
    assert (outcome.status, outcome.verification) == ("done", "independent"), outcome.error
    assert (outcome.frames, outcome.frames_verified) == (1, 1)


def test_what_ffmpeg_is_not_trusted_with_is_verified_by_the_same_code_base(
    converter: Converter, audit: None
) -> None:
    outcome = converter.convert(noise(**RGB), "jpeg-ls-lossless")
    assert (outcome.status, outcome.verification) == ("done", "same-code-base"), outcome.error


def test_what_ffmpeg_is_not_trusted_with_fails_where_independence_is_demanded(
    converter: Converter, audit: None
) -> None:
    outcome = converter.convert(noise(**RGB), "jpeg-ls-lossless", verify="independent")
    error = converter.failed(outcome, ExitCode.VERIFICATION)
    assert "FFmpeg is not used for this JPEG-LS stream (components by sample" in error


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-xl-lossless"])
@pytest.mark.parametrize("kind", [{}, RGB])
def test_without_a_second_code_base_independence_is_refused_beforehand(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, to: str, kind: dict[str, Any]
) -> None:
    monkeypatch.setattr(lossless, "encode", lambda *_: pytest.fail("it was encoded"))
    outcome = converter.convert(noise(**kind), to, verify="independent")
    error = converter.failed(outcome, ExitCode.VERIFICATION)
    assert f"--verify independent needs a second code base that decodes {to}" in error
    assert ("pip install 'dicomtx[audit]'" in error) == (to != "jpeg-xl-lossless")
    assert "--verify all" in error


@pytest.mark.parametrize(
    "to", ["rle", "jpeg-lossless-sv1", "htj2k-lossless", "deflated-image-frame"]
)
@pytest.mark.parametrize("kind", [{}, RGB, TWELVE])
def test_other_syntaxes_have_a_second_code_base_without_the_extra(
    converter: Converter, to: str, kind: dict[str, Any]
) -> None:
    outcome = converter.convert(noise(**kind), to, verify="independent")
    assert (outcome.status, outcome.verification) == ("done", "independent"), outcome.error


@pytest.mark.parametrize("to", ["implicit", "big-endian", "deflated"])
def test_where_nothing_is_coded_there_is_nothing_to_demand(converter: Converter, to: str) -> None:
    outcome = converter.convert(noise(), to, verify="independent")
    assert (outcome.status, outcome.verification) == ("done", "bytes-only"), outcome.error


@pytest.mark.parametrize("source", ["rle", "jpeg-lossless-sv1", "deflated-image-frame"])
@pytest.mark.parametrize("kind", sampled([{}, RGB, TWELVE], 2))
def test_native_output_is_independent_if_two_code_bases_decode_the_same(
    converter: Converter, source: str, kind: dict[str, Any]
) -> None:
    assert converter.convert(noise(**kind), source).status == "done"
    data = converter.out.read_bytes()
    assert converter.convert(data, "explicit").verification == "bytes-only"
    outcome = converter.convert(data, "explicit", verify="independent")
    assert (outcome.status, outcome.verification) == ("done", "independent"), outcome.error


def test_native_output_that_one_code_base_decodes_is_refused(converter: Converter) -> None:
    converter.convert(noise(), "jpeg2000-lossless")
    outcome = converter.convert(converter.out.read_bytes(), "explicit", verify="independent")
    assert "only OpenJPEG is available" in converter.failed(outcome, ExitCode.VERIFICATION)


def test_a_decoder_that_another_one_contradicts_is_found(
    converter: Converter, audit: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter.convert(noise(), "jpeg2000-lossless")
    right = lossless.decode

    def wrong(stream: bytes, syntax: TransferSyntax, asked: Any) -> Frame:
        frame = right(stream, syntax, asked)
        return Frame(bytes([frame.data[0] ^ 1]) + bytes(frame.data[1:]), frame.image)

    monkeypatch.setattr(lossless, "decode", wrong)
    outcome = converter.convert(converter.out.read_bytes(), "explicit", verify="independent")
    assert "two codecs decode frame 1" in converter.failed(outcome, ExitCode.VERIFICATION)


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "jpeg-ls-lossless"])
def test_an_encoder_that_is_wrong_with_its_own_decoder_is_found(
    converter: Converter, audit: None, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    """As a fault of a library that has both sides would be: nothing else could see it."""
    encode, decode = lossless.encode, lossless.decode

    def flipped(frame: Frame) -> Frame:
        return Frame(bytes(value ^ 0xFF for value in bytes(frame.data)), frame.image)

    def wrong(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        return encode(flipped(frame), syntax, options)

    monkeypatch.setattr(lossless, "encode", wrong)
    monkeypatch.setattr(lossless, "decode", lambda *asked: flipped(decode(*asked)))
    outcome = converter.convert(noise(), to)
    assert "decodes to other pixels" in converter.failed(outcome, ExitCode.VERIFICATION)


@pytest.mark.parametrize("to", ["jpeg-ls-near-lossless", "jpeg2000"])
def test_what_was_lost_is_confirmed_by_another_code_base(
    converter: Converter, audit: None, to: str
) -> None:
    y, x = np.indices((64, 64))
    data = ((np.sin(x / 9) + np.cos(y / 7) + 2) * 60).astype("u1").tobytes()
    asked = {"near": 2} if "near" in to else {"psnr": 45.0}
    file = part10("explicit", native(image(64, 64), data))
    outcome = converter.convert(file, to, verify="independent", **asked)
    assert (outcome.status, outcome.verification) == ("done", "independent"), outcome.error


@pytest.mark.parametrize(
    ("to", "word"), [("rle", "independent"), ("jpeg-xl-lossless", "same-code-base")]
)
@pytest.mark.parametrize(("share", "checked"), [("10%", 4), ("50%", 20), ("100%", 40)])
def test_a_sample_of_the_frames_is_checked(
    converter: Converter, to: str, word: str, share: str, checked: int
) -> None:
    outcome = converter.convert(frames(40), to, verify=f"sample={share}")
    assert (outcome.verification, outcome.frames_verified) == (word, checked)
    assert outcome.frames == 40


def test_a_wrong_frame_in_the_sample_is_found_again_and_again(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = lossless.encode

    def wrong(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        return encode(Frame(bytes(len(frame.data)), frame.image), syntax, options)

    monkeypatch.setattr(lossless, "encode", wrong)
    said = {converter.convert(frames(40), "rle", verify="sample=5%").error for _ in range(3)}
    assert len(said) == 1
    assert "decodes to other pixels" in said.pop()


@pytest.mark.parametrize(
    ("to", "verify", "checked"),
    [("rle", "none", 0), ("explicit", "sample=5%", 3), ("rle", "all", 3)],
)
def test_how_many_frames_were_checked_is_told(
    converter: Converter, to: str, verify: str, checked: int
) -> None:
    source = "rle" if to == "explicit" else "explicit"
    converter.convert(frames(3), source)
    outcome = converter.convert(converter.out.read_bytes(), to, verify=verify)
    assert (outcome.frames, outcome.frames_verified) == (3, checked)


@pytest.mark.parametrize("codec", ["gdcm", "rle-python"])
def test_a_plugin_that_is_the_only_one_allowed_is_the_same_codec(
    converter: Converter,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    codec: str,
) -> None:
    plugins.install(plugins.EXAMPLE, Path(tmp_path_factory.mktemp("site")) / "x", monkeypatch)
    outcome = converter.convert(grey(16, 16), "rle", codecs=(codec,))
    assert (outcome.status, outcome.verification) == ("done", "same-codec"), outcome
    allowed = converter.convert(grey(16, 16), "rle", codecs=(codec,), verify="independent")
    assert allowed.verification == "independent", allowed.error
