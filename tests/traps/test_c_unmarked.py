"""Section C: frames without markers, deflated or uncompressed, are told apart by their size."""

import zlib

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.workflows.info import describe
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, part10
from tests.traps.altered_files import fragments

DEFLATED = "deflated-image-frame"
UNCOMPRESSED = "encapsulated-uncompressed"
IMAGES = {
    "grey 8, odd": image(9, 13),
    "grey 16": image(9, 14, allocated=16),
    "RGB": image(8, 11, samples=3, photometric="RGB"),
}


class Made:
    """Three frames and their streams, each of even length, as they stand in fragments."""

    def __init__(self, syntax: str, pixel: ImagePixel, level: int = 6) -> None:
        self.syntax, self.pixel = syntax, pixel
        random = np.random.default_rng(pixel.frame_bytes)
        self.frames = [
            (random.integers(0, 256, pixel.frame_bytes, np.uint8) // 50).tobytes() for _ in range(3)
        ]
        self.streams = [
            _even(_deflated(frame, level) if syntax == DEFLATED else frame) for frame in self.frames
        ]

    def file(self, parts: list[bytes], frames: str) -> bytes:
        """Returns a file with these fragments and this Number of Frames."""
        module = builder.module(self.pixel, frames=frames)
        return part10(self.syntax, builder.identity() + module + builder.encapsulated(parts))

    def check(self, converter: Converter, data: bytes, said: str, count: int = 3) -> None:
        """The first ``count`` frames come out, with a warning."""
        outcome = converter.convert(data)
        assert outcome.status == "done", outcome.error
        assert any(said in warning for warning in outcome.warnings), outcome.warnings
        back = dcmread(converter.out)
        assert (back.get("NumberOfFrames", 1), back.PixelData) == (count, self.pixels(count))

    def pixels(self, count: int) -> bytes:
        """Returns the native Pixel Data of so many frames."""
        return _even(b"".join(self.frames[:count]))


def _deflated(data: bytes, level: int) -> bytes:
    deflater = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)


@pytest.fixture(params=[(DEFLATED, 6), (DEFLATED, 0), (UNCOMPRESSED, 0)], ids=str)
def made(request: pytest.FixtureRequest, pixel: ImagePixel) -> Made:
    """Frames of each syntax; deflate streams also of stored blocks, which begin with 00 or 01."""
    syntax, level = request.param
    return Made(syntax, pixel, level)


@pytest.fixture(params=IMAGES)
def pixel(request: pytest.FixtureRequest) -> ImagePixel:
    """Each kind of image."""
    return IMAGES[request.param]


@pytest.mark.parametrize("frames", ["", "1", "2"])
def test_a_fragment_with_a_whole_frame_is_a_frame(
    converter: Converter, made: Made, frames: str
) -> None:
    told = f"Number of Frames is {frames or 'missing'}, but Pixel Data has 3 frames"
    made.check(converter, made.file(made.streams, frames), told)


def test_all_frames_in_one_fragment_are_split_where_they_end(
    converter: Converter, made: Made
) -> None:
    data = made.file([b"".join(made.streams)], "3")
    made.check(
        converter, data, "3 code streams share 1 fragment of Pixel Data; split at their ends"
    )


def test_frames_without_padding_between_them_are_split(converter: Converter, made: Made) -> None:
    level = 6 if made.syntax == DEFLATED else 0
    bare = [_deflated(f, level) if made.syntax == DEFLATED else f for f in made.frames]
    made.check(converter, made.file([_even(b"".join(bare))], "3"), "split at their ends")


@pytest.mark.parametrize("frames", ["", "1"])
def test_a_second_frame_in_the_fragment_of_one_is_never_dropped(
    converter: Converter, made: Made, frames: str
) -> None:
    data = made.file([b"".join(made.streams[:2])], frames)
    error = converter.failed(converter.convert(data), ExitCode.SOURCE)
    assert error.startswith("frame 1: holds 2 code streams")
    kept = converter.convert(data, made.syntax, repair=True)
    assert "holds 2 code streams" in converter.failed(kept, ExitCode.SOURCE)
    assert any(
        "frame 1 holds 2 code streams" in said for said in describe(str(converter.source)).warnings
    )
    made.check(converter.salvaging(), data, "Number of Frames is", count=2)


def test_frames_that_number_of_frames_does_not_count_are_refused(
    converter: Converter, made: Made
) -> None:
    outcome = converter.convert(made.file([b"".join(made.streams)], "2"))
    told = "Number of Frames is 2, but Pixel Data has 3 frames"
    assert told in converter.failed(outcome, ExitCode.SOURCE)


def test_a_single_frame_in_several_fragments_is_joined(converter: Converter, made: Made) -> None:
    stream = made.streams[0]
    half = len(stream) // 4 * 2
    outcome = converter.convert(made.file([stream[:half], stream[half:]], "1"))
    assert (outcome.status, outcome.warnings) == ("done", ()), outcome.error
    assert dcmread(converter.out).PixelData == made.pixels(1)


def test_repair_gives_each_frame_a_fragment(converter: Converter, made: Made) -> None:
    outcome = converter.convert(made.file([b"".join(made.streams)], "3"), made.syntax, repair=True)
    assert (outcome.status, outcome.action) == ("done", "rewrite"), outcome.error
    assert fragments(dcmread(converter.out)) == made.streams


@pytest.mark.parametrize("pad", [b"\0\0", b"\xff\xff", b"\0\0\0\0"])
def test_padding_behind_a_deflate_stream_needs_no_warning(
    converter: Converter, pixel: ImagePixel, pad: bytes
) -> None:
    made = Made(DEFLATED, pixel)
    outcome = converter.convert(made.file([made.streams[0] + pad], "1"))
    assert (outcome.status, outcome.warnings) == ("done", ()), outcome.error
    assert dcmread(converter.out).PixelData == made.pixels(1)


@pytest.mark.parametrize("cut", [4, 10])
def test_anything_else_behind_a_deflate_stream_is_refused_or_salvaged(
    converter: Converter, pixel: ImagePixel, cut: int
) -> None:
    made = Made(DEFLATED, pixel)
    data = made.file([made.streams[0] + made.streams[1][:cut]], "1")
    error = converter.failed(converter.convert(data), ExitCode.SOURCE)
    assert "unexpected bytes follow the deflate stream" in error
    made.check(converter.salvaging(), data, "ignored as padding", count=1)
