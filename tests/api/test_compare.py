"""``dicomtx.compare``: how two files differ."""

import io

import pytest

import dicomtx
from dicomtx.errors import DicomtxError
from tests.converter import grey


def test_a_conversion_is_the_same_and_names_are_those_of_the_arguments() -> None:
    data, _ = dicomtx.transcode_bytes(grey(), to="jpeg-ls-lossless")
    comparison = dicomtx.compare(io.BytesIO(grey()), io.BytesIO(data))
    assert comparison.same
    assert (comparison.a.path, comparison.b.path) == ("<stream>", "<stream>")
    strict = dicomtx.compare(io.BytesIO(grey()), io.BytesIO(data), every_element=True)
    assert not strict.same


def test_a_lossy_conversion_differs_within_a_tolerance() -> None:
    data, outcome = dicomtx.transcode_bytes(grey(), to="jpeg-ls-near-lossless", near=2)
    assert outcome.quality
    a, b = grey(), data
    assert not dicomtx.compare(io.BytesIO(a), io.BytesIO(b), pixels_only=True).same
    assert dicomtx.compare(io.BytesIO(a), io.BytesIO(b), pixels_only=True, tolerance=2).same


def test_what_cannot_be_read_is_an_error() -> None:
    with pytest.raises(DicomtxError, match="not a DICOM file"):
        dicomtx.compare(io.BytesIO(b"no DICOM" * 99), io.BytesIO(grey()))
