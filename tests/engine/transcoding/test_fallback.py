"""Codecs that fail, and those that come after them."""

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.encaps import generate_frames

from dicomtx.codecs import openjpeg
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.codecs.registry import Codecs
from dicomtx.errors import CodecError, ExitCode
from dicomtx.image_pixel import Frame
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom.builder import image, native, part10


def fail(*_: Any) -> Any:
    raise CodecError("cannot")


def test_a_codec_that_fails_is_followed_by_the_next(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lossless, "encode", fail)
    data = grey(64, 64)
    converter.source.write_bytes(data)
    outcome = converter.convert(data, "jpeg2000-lossless")
    assert (outcome.status, outcome.encoder) == ("done", "openjpeg")
    assert [(a.codec, a.direction, a.reason) for a in outcome.attempts] == [
        ("imagecodecs", "encode", "frame 1: cannot")
    ]


def test_a_failing_codec_leaves_none_of_its_frames(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Callable[..., bytes] = lossless.encode
    frames = [bytes([n]) * 4096 for n in (1, 2, 3)]

    def fails_at_the_last(frame: Frame, *rest: Any) -> bytes:
        return fail() if bytes(frame.data) == frames[2] else right(frame, *rest)

    monkeypatch.setattr(lossless, "encode", fails_at_the_last)
    data = part10("explicit", native(image(64, 64), b"".join(frames), frames="3"))
    encoded = converter.done(data, "jpeg2000-lossless")
    assert len(list(generate_frames(encoded.PixelData, number_of_frames=3))) == 3
    assert converter.done(converter.out.read_bytes()).PixelData == b"".join(frames)


def test_when_every_codec_fails_each_is_told(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for codec in (lossless, openjpeg):
        monkeypatch.setattr(codec, "decode", fail)
    data = file("MR_small_jp2klossless.dcm").read_bytes()
    outcome = converter.convert(data, codecs=("imagecodecs", "openjpeg"))
    error = converter.failed(outcome, ExitCode.SOURCE)
    assert [a.codec for a in outcome.attempts] == ["imagecodecs", "openjpeg"]
    assert "imagecodecs" in error
    assert "openjpeg" in error


def test_a_builtin_that_cannot_be_imported_is_followed_by_the_next(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Codecs.open

    def broken(self: Codecs, spec: Any, frames: int, **more: Any) -> Any:
        return fail() if spec.name == "imagecodecs" else right(self, spec, frames, **more)

    monkeypatch.setattr(Codecs, "open", broken)
    outcome = converter.convert(file("MR_small_jp2klossless.dcm").read_bytes())
    assert (outcome.status, outcome.decoder) == ("done", "openjpeg")


def test_other_packages_are_not_asked_where_a_builtin_does_it(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(self: Codecs) -> Any:
        raise AssertionError("the entry points were read")

    monkeypatch.setattr(Codecs, "_third_party", ask)
    assert converter.there_and_back(grey(), "jpeg2000-lossless")
