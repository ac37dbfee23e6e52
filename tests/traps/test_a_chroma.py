"""Section A of what goes wrong in other transcoders: YCbCr of other sizes and ranges."""

import numpy as np
import pytest

from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.subsampled_streams import COLOURS, planes, subsampled, whole
from tests.traps.altered_files import values

TARGETS = ("explicit", "rle", "jpeg-ls-lossless", "jpeg2000-lossless", "jpeg-xl-lossless")


def coded(syntax: str, label: str, distances: tuple[int, int]) -> bytes:
    """Returns a file with one subsampled stream of 47 x 63 pixels."""
    parts = planes(47, 63, *distances)
    stream = subsampled(parts, find(syntax).uid, *distances)
    pixel = image(47, 63, samples=3, photometric=label)
    return part10(
        syntax, builder.identity() + builder.module(pixel) + builder.encapsulated([stream])
    )


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("syntax", ["jpeg2000-lossless", "jpeg2000", "htj2k-lossless", "htj2k"])
@pytest.mark.parametrize("distances", [(2, 1), (2, 2)])
def test_a8_subsampled_jpeg_2000_keeps_its_components(
    converter: Converter, syntax: str, distances: tuple[int, int], to: str
) -> None:
    data = coded(syntax, "YBR_FULL_422", distances)
    outcome = converter.convert(data, to)
    assert (outcome.status, outcome.exit_code) == ("done", 0), outcome.error
    assert not any("Photometric" in warning for warning in outcome.warnings)
    if outcome.action not in {"rewrite", "copy"}:
        assert converter.done(data, to).PhotometricInterpretation == "YBR_FULL"
    made = converter.done(converter.out.read_bytes())
    assert made.PhotometricInterpretation == "YBR_FULL"
    expected = whole(planes(47, 63, *distances), *distances).astype(np.int32)
    assert np.abs(values(made)[0] - expected).max() <= (2 if find(syntax).lossy else 0)


@pytest.mark.parametrize("label", ["RGB", "YBR_RCT", "YBR_ICT"])
def test_a8_sizes_win_over_the_label_with_a_warning(converter: Converter, label: str) -> None:
    outcome = converter.convert(coded("jpeg2000-lossless", label, (2, 1)))
    assert any(f"is {label}, but the code stream is" in warning for warning in outcome.warnings)
    made = converter.done(coded("jpeg2000-lossless", label, (2, 1)))
    assert made.PhotometricInterpretation == "YBR_FULL"
    assert tuple(values(made)[0, 0, 0]) == COLOURS[0]


@pytest.mark.parametrize(
    ("label", "expected"),
    [("YBR_FULL_422", "YBR_FULL_422"), ("YBR_FULL", "YBR_FULL_422"), ("RGB", "YBR_FULL_422")],
)
def test_a8_streams_that_pass_have_the_label_of_their_sizes(
    converter: Converter, label: str, expected: str
) -> None:
    data = coded("jpeg2000-lossless", label, (2, 1))
    assert converter.done(data, repair=True).PhotometricInterpretation == "YBR_FULL"
    assert (
        converter.done(data, "jpeg2000-lossless", repair=True).PhotometricInterpretation == expected
    )


def test_a8_a_component_transform_of_different_sizes_is_refused(converter: Converter) -> None:
    data = coded("jpeg2000-lossless", "YBR_RCT", (2, 1))
    at = data.index(b"\xff\x52") + 8
    outcome = converter.convert(data[:at] + b"\1" + data[at + 1 :])
    assert outcome.status == "failed"
    assert "the JPEG 2000 stream transforms components of different sizes" in outcome.error


KEPT = ExitCode.UNSUPPORTED


def partial(label: str = "YBR_PARTIAL_422", columns: int = 6) -> bytes:
    """Returns a native file of pairs that are white, black, and grey with some red."""
    pixel = image(1, columns, samples=3, photometric=label)
    pairs = bytes((235, 235, 128, 128, 16, 16, 128, 128, 81, 81, 90, 240))
    return part10("explicit", native(pixel, pairs[: 2 * columns]))


RED = [255] * 6 + [0] * 6 + [254, 0, 0] * 2
"""BT.601: 81, 90, 240 of partial range is red."""


@pytest.mark.parametrize("to", TARGETS[1:])
def test_a9_partial_range_becomes_rgb_by_its_own_matrix(converter: Converter, to: str) -> None:
    outcome = converter.convert(partial(), to)
    assert any("converted to RGB" in warning for warning in outcome.warnings)
    assert values(converter.there_and_back(partial(), to)).ravel().tolist() == RED
    assert "to RGB rounds the samples" in converter.failed(
        converter.convert(partial(), to, strict=True), KEPT
    )


def test_a9_partial_range_that_stays_native_keeps_its_bytes(converter: Converter) -> None:
    made = converter.done(partial(), "implicit", strict=True)
    assert made.PhotometricInterpretation == "YBR_PARTIAL_422"
    assert bytes(made.PixelData) in partial()


@pytest.mark.parametrize("syntax", ["jpeg2000-lossless", "jpeg-ls-lossless", "rle"])
@pytest.mark.parametrize("label", ["YBR_PARTIAL_422", "YBR_PARTIAL_420"])
def test_a9_partial_range_in_a_stream_becomes_rgb(
    converter: Converter, syntax: str, label: str
) -> None:
    full = image(1, 6, samples=3, photometric="YBR_FULL")
    pixels = bytes((235, 128, 128) * 2 + (16, 128, 128) * 2 + (81, 90, 240) * 2)
    converter.done(part10("explicit", native(full, pixels)), syntax)
    data = converter.out.read_bytes()
    said = builder.text(0x00280004, "CS", "YBR_FULL")
    made = converter.done(data.replace(said, builder.text(0x00280004, "CS", label)))
    assert made.PhotometricInterpretation == "RGB"
    assert values(made).ravel().tolist() == RED


@pytest.mark.parametrize("to", ["explicit", "jpeg2000-lossless"])
def test_a9_jpeg_that_is_said_to_be_partial_is_refused(converter: Converter, to: str) -> None:
    pixel = image(16, 16, samples=3, photometric="RGB")
    grey = part10("explicit", native(pixel, bytes(100 for _ in range(pixel.frame_bytes))))
    converter.done(grey, "jpeg-baseline")
    said = builder.text(0x00280004, "CS", "YBR_FULL_422")
    assert said in converter.out.read_bytes()
    other = builder.text(0x00280004, "CS", "YBR_PARTIAL_422")
    data = converter.out.read_bytes().replace(said, other)
    assert "16 to 235" in converter.failed(converter.convert(data, to), KEPT)


@pytest.mark.parametrize(
    "data", [partial("YBR_PARTIAL_420"), partial(columns=5)], ids=["420", "odd"]
)
def test_a9_native_partial_range_without_a_defined_order_is_refused(
    converter: Converter, data: bytes
) -> None:
    assert "sample order" in converter.failed(converter.convert(data, "rle"), KEPT)
