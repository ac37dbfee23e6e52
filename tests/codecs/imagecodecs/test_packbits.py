"""RLE streams that hold just their samples, and those with more behind them."""

import pytest

from dicomtx.codecs import stream_repair
from dicomtx.codecs.imagecodecs import packbits
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import find
from tests.codecs import references

RLE = find("rle-lossless")
KINDS = {
    "8 bits": references.kind(8, 8),
    "12 bits": references.kind(12, 16),
    "32 bits": references.kind(32, 32),
    "16 bits signed": references.kind(16, 16, signed=True),
    "RGB": references.kind(8, 8, samples=3, photometric="RGB"),
    "RGB of 16 bits": references.kind(16, 16, samples=3, photometric="RGB"),
}


@pytest.fixture(params=KINDS)
def frame(request: pytest.FixtureRequest) -> Frame:
    return references.frame(KINDS[request.param], "odd noise")


def _segments(frame: Frame) -> list[bytes]:
    return stream_repair.segments(packbits.encode(frame))


def test_a_frame_is_exact_if_its_segments_hold_nothing_else(frame: Frame) -> None:
    decoded = packbits.decode(packbits.encode(frame), RLE, frame.image)
    assert (decoded, decoded.exact) == (frame, True)


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("tail", [b"\x01ab", b"\xfea", b"\0\0"])
def test_a_frame_with_more_in_a_segment_is_the_same_but_not_exact(
    frame: Frame, number: int, tail: bytes
) -> None:
    segments = _segments(frame)
    segments[number] += tail
    decoded = packbits.decode(stream_repair.rle(segments), RLE, frame.image)
    assert (decoded, decoded.exact) == (frame, False)


def test_a_short_segment_is_never_filled_in(frame: Frame) -> None:
    segments = _segments(frame)
    segments[-1] = b"\x01ab"
    with pytest.raises(CodecError, match="segments hold"):
        packbits.decode(stream_repair.rle(segments), RLE, frame.image)
