"""``--assume-colour``: JPEG streams without markers are read as the option says."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset

from dicomtx.cli import main
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, part10

SIDE = 16
# red, of 8 x 8 blocks of one colour, so that no encoder has to round
RGB = np.full((SIDE, SIDE, 3), (200, 40, 60), np.uint8)
YBR = np.full((SIDE, SIDE, 3), (90, 111, 206), np.uint8)  # the same colour (PS3.3 C.7.6.3.1.2)
SYNTAXES = [("jpeg-baseline", {}), ("jpeg-extended", {}), ("jpeg-lossless-sv1", {"lossless": True})]


def without_markers(samples: Any, **options: Any) -> bytes:
    """Returns a JPEG stream of these components that does not declare their colours."""
    same: Any = {"colorspace": "RGB", "outcolorspace": "RGB", "subsampling": "444"} | options
    stream = bytearray(imagecodecs.jpeg8_encode(samples, 100, **same))
    while stream[2:3] == b"\xff" and stream[3] in (0xE0, 0xEE):
        del stream[2 : 4 + int.from_bytes(stream[4:6], "big")]
    found = (stream.find(bytes((0xFF, marker))) for marker in (0xC0, 0xC1, 0xC3))
    sof = next(at for at in found if at > 0)
    sos = stream.index(b"\xff\xda")
    for n in range(3):
        stream[sof + 10 + 3 * n] = stream[sos + 5 + 2 * n] = n + 1
    return bytes(stream)


def labelled(syntax: str, stream: bytes, label: str) -> bytes:
    pixel = image(SIDE, SIDE, samples=3, photometric=label)
    data = builder.identity() + builder.module(pixel) + builder.encapsulated([_even(stream)])
    return part10(syntax, data)


def _even(stream: bytes) -> bytes:
    return stream + b"\0" * (len(stream) % 2)


def colours(data_set: Dataset) -> Any:
    return np.frombuffer(data_set.PixelData, np.uint8).reshape(-1, 3)[0].astype(int)


@pytest.mark.parametrize(("syntax", "options"), SYNTAXES)
def test_what_is_assumed_counts_more_than_a_wrong_label(
    converter: Converter, syntax: str, options: dict[str, Any]
) -> None:
    for samples, right, wrong in ((RGB, "rgb", "YBR_FULL"), (YBR, "ybr", "RGB")):
        data = labelled(syntax, without_markers(samples, **options), wrong)
        outcome = converter.convert(data, assume_colour=right)
        made = converter.done(data, assume_colour=right)
        lossy = syntax != "jpeg-lossless-sv1"
        converted = lossy or right == "rgb"
        assert made.PhotometricInterpretation == ("RGB" if converted else "YBR_FULL")
        wanted = RGB[0, 0] if converted else YBR[0, 0]
        assert abs(colours(made) - wanted).max() <= 2
        assert any(f"Interpretation is {wrong}" in warning for warning in outcome.warnings)
        untold = converter.done(data)
        assert (
            abs(colours(untold) - wanted).max() > 20
            or untold.PhotometricInterpretation != made.PhotometricInterpretation
        )


@pytest.mark.parametrize(("syntax", "options"), SYNTAXES)
def test_a_file_of_the_same_syntax_gets_the_right_label_and_keeps_its_stream(
    converter: Converter, syntax: str, options: dict[str, Any]
) -> None:
    stream = without_markers(RGB, **options)
    data = labelled(syntax, stream, "YBR_FULL")
    assert converter.convert(data, syntax).action == "copy"
    made = converter.done(data, syntax, assume_colour="rgb")
    assert made.PhotometricInterpretation == "RGB"
    assert stream in made.PixelData
    assert (
        converter.convert(converter.out.read_bytes(), syntax, assume_colour="rgb").action == "copy"
    )
    same = converter.convert(labelled(syntax, stream, "RGB"), assume_colour="rgb")
    assert not any("assume" in warning for warning in same.warnings)


@pytest.mark.parametrize(("assume", "outcolour"), [("rgb", "YCBCR"), ("ybr", "RGB")])
def test_a_stream_that_declares_its_colours_is_right(
    converter: Converter, assume: str, outcolour: str
) -> None:
    stream = imagecodecs.jpeg8_encode(
        RGB, 100, colorspace="RGB", outcolorspace=outcolour, subsampling="444"
    )
    data = labelled("jpeg-baseline", bytes(stream), "YBR_FULL" if outcolour == "YCBCR" else "RGB")
    outcome = converter.convert(data, assume_colour=assume)
    told = f"--assume-colour {assume} was not applied: the code stream declares"
    assert any(told in warning for warning in outcome.warnings)
    assert abs(colours(converter.done(data, assume_colour=assume)) - RGB[0, 0]).max() <= 2


def test_lossless_jpeg_declares_nothing(converter: Converter) -> None:
    stream = imagecodecs.jpeg8_encode(RGB, lossless=True, predictor=1, colorspace="RGB")
    data = labelled("jpeg-lossless-sv1", bytes(stream), "YBR_FULL")
    made = converter.done(data, assume_colour="rgb")
    assert made.PhotometricInterpretation == "RGB"
    assert np.array_equal(colours(made), RGB[0, 0])


@pytest.mark.parametrize("option", ["--assume-colour", "--assume-color"])
def test_both_spellings_are_read(tmp_path: Path, option: str) -> None:
    path, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(labelled("jpeg-baseline", without_markers(YBR), "RGB"))
    assert main(["convert", str(path), str(out), option, "ybr", "-q"]) == 0
