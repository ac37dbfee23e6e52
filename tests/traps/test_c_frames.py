"""Section C: where code streams end, and how many frames there are."""

import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.workflows.info import describe
from tests.converter import Converter
from tests.traps.altered_files import fragments, offsets, right_offsets
from tests.traps.three_frames import FRAMES, Made, check_all

# ------------------------------------------------------------------ frames that share fragments


def test_all_frames_in_one_fragment_are_split_where_their_streams_end(
    converter: Converter, made: Made
) -> None:
    joined = b"".join(made.streams)
    check_all(converter, made.file([joined], table=(0,)), made, "3 code streams share 1 fragment")


@pytest.mark.parametrize("size", [2, 64, 100])
def test_frames_in_fragments_that_are_cut_anywhere_are_found(
    converter: Converter, plain: Made, size: int
) -> None:
    joined = b"".join(plain.streams)
    size = max(size, 64)  # the first fragment has to show what the streams are
    parts = [joined[at : at + size] for at in range(0, len(joined), size)]
    check_all(converter, plain.file(parts), plain, "3 code streams share")


def test_some_frames_in_one_fragment_are_split(converter: Converter, plain: Made) -> None:
    first, second, third = plain.streams
    check_all(converter, plain.file([first + second, third]), plain, "3 code streams share 2")
    check_all(converter, plain.file([first, second + third, b""]), plain, "3 code streams share")


def test_as_many_fragments_as_frames_need_not_be_the_frames(
    converter: Converter, plain: Made
) -> None:
    joined = b"".join(plain.streams)
    third = len(joined) // 6 * 2 + 4
    parts = [joined[:third], joined[third : 2 * third], joined[2 * third :]]
    check_all(converter, plain.file(parts), plain, "3 code streams share 3 fragments")


def test_repair_gives_frames_of_one_fragment_a_fragment_each(
    converter: Converter, plain: Made
) -> None:
    data = plain.file([b"".join(plain.streams)])
    outcome = converter.convert(data, plain.syntax, repair=True)
    assert (outcome.status, outcome.action) == ("done", "rewrite"), outcome.error
    mended = dcmread(converter.out)
    parts = fragments(mended)
    assert (mended.NumberOfFrames, len(parts)) == (FRAMES, FRAMES)
    assert offsets(mended) == right_offsets(parts)
    assert converter.done(converter.out.read_bytes()).PixelData == plain.pixels


def test_frames_of_one_fragment_are_described(converter: Converter, plain: Made) -> None:
    converter.source.write_bytes(plain.file([b"".join(plain.streams)]))
    found = describe(str(converter.source))
    assert (found.fragments, found.number_of_frames) == (1, FRAMES)
    assert any("3 code streams share 1 fragment" in warning for warning in found.warnings)


@pytest.mark.parametrize("frames", ["2", "4"])
def test_streams_that_number_of_frames_does_not_count_are_refused(
    converter: Converter, plain: Made, frames: str
) -> None:
    outcome = converter.convert(plain.file([b"".join(plain.streams)], frames))
    told = f"Number of Frames is {frames}, but Pixel Data has 3 frames"
    assert told in converter.failed(outcome, ExitCode.SOURCE)


@pytest.mark.parametrize("frames", ["", "1"])
@pytest.mark.parametrize("repair", [False, True])
def test_a_second_stream_in_a_single_frame_is_never_dropped(
    converter: Converter, made: Made, frames: str, *, repair: bool
) -> None:
    data = made.file([b"".join(made.streams)], frames)
    outcome = converter.convert(data, made.syntax if repair else "implicit", repair=repair)
    assert "frame 1: holds 3 code streams" in converter.failed(outcome, ExitCode.SOURCE)
    check_all(converter.salvaging(), data, made, "Number of Frames is")


# ------------------------------------------------------------------ Number of Frames


@pytest.mark.parametrize("frames", ["", "1", "2"])
def test_more_frames_than_number_of_frames_says_are_all_kept(
    converter: Converter, made: Made, frames: str
) -> None:
    told = f"Number of Frames is {frames or 'missing'}, but Pixel Data has 3 frames"
    check_all(converter, made.file(made.streams, frames), made, told)


@pytest.mark.parametrize("frames", ["4", "300"])
def test_fewer_frames_than_number_of_frames_says_are_refused_or_salvaged(
    converter: Converter, made: Made, frames: str
) -> None:
    told = f"Number of Frames is {frames}, but Pixel Data has 3 frames"
    data = made.file(made.streams, frames)
    error = converter.failed(converter.convert(data), ExitCode.SOURCE)
    assert told in error
    assert "--salvage" in error
    check_all(converter.salvaging(), data, made, f"salvaged: {told}")


def test_a_frame_of_the_source_that_is_refused_stays_in_place(
    converter: Converter, plain: Made
) -> None:
    data = plain.file([b"".join(plain.streams)], "5")
    converter.source.write_bytes(data)
    outcome = converter.again(converter.source, converter.source, "implicit", in_place=True)
    assert outcome.exit_code == ExitCode.SOURCE
    assert converter.source.read_bytes() == data


# ------------------------------------------------------------------ frames of other codecs


@pytest.mark.parametrize(
    ("syntax", "other", "kind"),
    [
        ("jpeg2000-lossless", "jpeg-ls-lossless", "grey 8"),
        ("jpeg-ls-lossless", "jpeg-lossless-sv1", "grey 12"),
        ("jpeg-baseline", "rle-lossless", "RGB"),
        ("rle-lossless", "jpeg-xl-lossless", "grey 16"),
    ],
)
def test_a_frame_of_another_codec_is_named(
    converter: Converter, syntax: str, other: str, kind: str
) -> None:
    made, odd = Made(syntax, kind), Made(other, kind)
    data = made.file([made.streams[0], odd.streams[1], made.streams[2]])
    outcome = converter.convert(data)
    error = converter.failed(outcome, ExitCode.SOURCE)
    assert error.startswith("frame 2: ")
    assert "but the transfer syntax says" in error
    assert "could not decode" not in error
