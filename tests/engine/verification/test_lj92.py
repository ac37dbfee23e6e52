"""Lossless JPEG is verified by the fastest code base that did not encode it."""

from typing import Any

import pytest

from dicomtx.codecs.imagecodecs import lj92
from dicomtx.codecs.registry import Codecs
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter, grey

TARGETS = ("jpeg-lossless-sv1", "jpeg-lossless")


@pytest.mark.parametrize("to", TARGETS)
def test_it_verifies_results_before_the_slower_ones_and_never_reads_a_source(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    with Codecs(Settings(verify="independent")) as codecs:
        names = [spec.name for spec in codecs.verifiers(find(to))]
    assert names == ["imagecodecs", "lj92", "second"]
    read = []
    decode = lj92.decode

    def counted(stream: bytes, *more: Any) -> Frame:
        read.append(stream)
        return decode(stream, *more)

    monkeypatch.setattr(lj92, "decode", counted)
    encoded = converter.convert(grey(40, 40), to)
    assert (encoded.verification, len(read)) == ("independent", 1)
    back = converter.convert(converter.out.read_bytes(), "explicit", verify="independent")
    assert (back.verification, len(read)) == ("independent", 1)


def test_what_it_cannot_decode_is_verified_by_the_next(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Frame:
        raise CodecError("no")

    monkeypatch.setattr(lj92, "decode", fails)
    outcome = converter.convert(grey(40, 40), TARGETS[0])
    assert (outcome.status, outcome.verification) == ("done", "independent")
