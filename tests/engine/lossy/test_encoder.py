"""Lossy frames: measured, confirmed by another library, and told why where better than asked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dicomtx.codecs.imagecodecs import lossless
from dicomtx.engine.transcoding import pipeline
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import Frame
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom.builder import image, native, part10
from tests.sampling import sampled_rows

LARGE = grey(1024, 1024)


def hills(rows: int, columns: int, *, frames: int = 1, bits: int = 8) -> bytes:
    """Returns a file whose frames are smooth, with a little noise."""
    y, x = np.mgrid[:rows, :columns]
    noise = np.random.default_rng(5).normal(0, 0.01, (frames, rows, columns))
    top = (1 << bits) - 1
    values = ((np.sin(x / 9) + np.cos(y / 7) + 2) / 4 + noise).clip(0, 1) * top
    pixel = image(rows, columns, allocated=8 if bits <= 8 else 16, stored=bits)
    data = values.round().astype(f"<u{pixel.bits_allocated // 8}").tobytes()
    return part10("explicit", native(pixel, data, frames=str(frames) if frames > 1 else ""))


@pytest.mark.parametrize(
    ("to", "bits", "told"),
    sampled_rows(
        [
            ("jpeg-ls-near-lossless", 12, "same-code-base"),  # another library, of the same code
            ("jpeg-baseline", 8, "independent"),
            ("htj2k", 8, "independent"),
            ("jpeg-extended", 12, "independent"),
            ("jpeg2000", 8, "same-code-base"),
            ("jpeg-xl", 8, "same-code-base"),
        ],
        2,
    ),
)
def test_who_told_what_was_lost_is_said(
    converter: Converter, to: str, bits: int, told: str
) -> None:
    outcome = converter.convert(hills(1024, 1024, bits=bits), to, quality=80)
    assert (outcome.status, outcome.verification) == ("done", told), outcome.error


def test_small_images_are_not_worth_another_process(converter: Converter) -> None:
    assert converter.convert(grey(512, 512), "jpeg-baseline").verification == "same-code-base"


def test_only_codecs_in_force_are_asked(converter: Converter) -> None:
    outcome = converter.convert(LARGE, "jpeg-baseline", codecs=("imagecodecs",))
    assert outcome.verification == "same-code-base"


def test_without_verification_no_other_library_is_asked(converter: Converter) -> None:
    assert converter.convert(LARGE, "jpeg-baseline", verify="none").verification == "same-code-base"


def test_what_another_library_decodes_worse_is_not_written(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codec that encodes takes its own wrong streams for right ones."""
    encode: Callable[..., bytes] = lossless.encode

    def wrong(frame: Frame, *rest: Any) -> bytes:
        data = bytearray(frame.data)
        data[-1] ^= 0xFF
        return encode(Frame(bytes(data), frame.image), *rest)

    right = image(1024, 1024)
    pixels = bytes(n % 251 for n in range(right.frame_bytes))
    monkeypatch.setattr(lossless, "encode", wrong)
    monkeypatch.setattr(lossless, "decode", lambda *_: Frame(pixels, right))
    outcome = converter.convert(LARGE, "jpeg-ls-near-lossless", near=2)
    error = converter.failed(outcome, ExitCode.VERIFICATION)
    assert "gdcm decodes it less accurately than imagecodecs" in error


@pytest.mark.parametrize(("kept", "times"), [(1 << 26, 3), (0, 6)])
def test_few_small_frames_are_decoded_once(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, kept: int, times: int
) -> None:
    """For the range of all values, and to be encoded."""
    converter.done(hills(64, 64, frames=3), "rle")
    decode: Callable[..., Frame] = lossless.decode
    seen: list[str] = []

    def counted(stream: bytes, syntax: Any, pixel: Any) -> Frame:
        seen.append(syntax.slug)
        return decode(stream, syntax, pixel)

    monkeypatch.setattr(lossless, "decode", counted)
    monkeypatch.setattr(pipeline, "KEPT", kept)
    outcome = converter.convert(converter.out.read_bytes(), "jpeg2000", psnr=40.0)
    assert outcome.status == "done", outcome.error
    assert seen.count("rle-lossless") == times


def test_why_a_figure_is_much_better_than_asked_is_told(converter: Converter) -> None:
    outcome = converter.convert(
        file("image_dfl.dcm").read_bytes(), "jpeg-ls-near-lossless", psnr=45.0
    )
    told = "frame 1: --psnr 45: NEAR 2 gives 44.64 dB, NEAR 1 gives 49.60 dB"
    assert told in outcome.warnings


def test_of_many_frames_the_first_is_told_and_how_many_more(converter: Converter) -> None:
    outcome = converter.convert(hills(64, 64, frames=3), "jpeg-ls-near-lossless", psnr=46.0)
    notes = [warning for warning in outcome.warnings if "NEAR" in warning]
    assert len(notes) == 1
    assert notes[0].startswith("frame 1 (and 2 more): --psnr 46: NEAR ")
