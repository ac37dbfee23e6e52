"""JPEG streams in JPEG XL: the same bytes come back, and nothing counts as lossy."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.codecs.imagecodecs import recompression
from dicomtx.errors import CodecError, ExitCode
from dicomtx.transfer_syntaxes import find
from tests import corpus
from tests.converter import Converter
from tests.dicom import builder
from tests.sampling import sampled
from tests.traps.altered_files import encapsulated, streams

BASELINE = find("jpeg-baseline").uid


def _is_baseline(path: Path) -> bool:
    data_set = dcmread(path, force=True, stop_before_pixels=True)
    return bool(getattr(data_set, "file_meta", {}).get("TransferSyntaxUID") == BASELINE)


FILES = [path.name for path in corpus.files() if _is_baseline(path)]


def test_there_are_baseline_files() -> None:
    assert len(FILES) >= 10


@pytest.mark.parametrize("name", sampled(FILES, 3))
def test_every_jpeg_comes_back_as_it_was(converter: Converter, name: str) -> None:
    source = dcmread(corpus.file(name), force=True)
    packed = converter.done(corpus.file(name).read_bytes(), "jpeg-xl-recompression")
    assert packed.file_meta.TransferSyntaxUID == find("jpeg-xl-recompression").uid
    back = converter.done(converter.out.read_bytes(), "jpeg-baseline")
    before, after = ([s.rstrip(b"\0") for s in streams(d)] for d in (source, back))
    assert before == after
    history = ("SOPInstanceUID", "LossyImageCompression", "LossyImageCompressionRatio")
    for data_set in (packed, back):
        assert [data_set.get(name) for name in history] == [source.get(n) for n in history]


def test_what_is_packed_decodes_as_the_jpeg_does(converter: Converter) -> None:
    data = corpus.file("examples_ybr_color.dcm").read_bytes()
    expected = converter.done(data).PixelData
    converter.done(data, "jpeg-xl-recompression")
    assert converter.done(converter.out.read_bytes()).PixelData == expected


def test_what_libjxl_does_not_take_fails_and_says_so(converter: Converter) -> None:
    name = "SC_rgb_jpeg_dcmtk.dcm"
    stream = streams(dcmread(corpus.file(name)))[0].rstrip(b"\0")
    cut = stream[: len(stream) // 2] + b"\xff\xd9"
    outcome = converter.convert(
        encapsulated(name, [cut + b"\0" * (len(cut) % 2)]), "jpeg-xl-recompression"
    )
    assert outcome.exit_code in (ExitCode.CODEC, ExitCode.DONE)
    if outcome.exit_code:
        assert "imagecodecs" in converter.failed(outcome, ExitCode.CODEC)


def test_a_stream_without_a_jpeg_in_it_is_refused() -> None:
    with pytest.raises(CodecError, match="imagecodecs"):
        recompression.unpacked(b"\xff\x0a\x00\x00")


def _stream(rows: int) -> bytes:
    """Returns a grey JPEG stream of 16 columns."""
    made = bytes(imagecodecs.jpeg8_encode(np.zeros((rows, 16), np.uint8)))
    return made + b"\0" * (len(made) % 2)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (_stream(16).replace(b"\xff\xc0", b"\xff\xc2", 1), "not a JPEG Baseline"),
        (_stream(8), "8 x 16"),
    ],
)
def test_a_later_frame_that_would_never_come_back_is_not_packed(
    converter: Converter, second: bytes, said: str
) -> None:
    pixels = builder.encapsulated([_stream(16), second])
    data_set = builder.identity() + builder.module(builder.image(16, 16), frames="2") + pixels
    outcome = converter.convert(builder.part10("jpeg-baseline", data_set), "jpeg-xl-recompression")
    assert said in converter.failed(outcome, ExitCode.SOURCE)
