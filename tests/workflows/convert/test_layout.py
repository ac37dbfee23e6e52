"""``--progression``, ``--tile-size`` and ``--levels``: what the streams really have."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames

from dicomtx import code_stream, transcode
from dicomtx.cli import main
from dicomtx.code_stream import CodeStream
from dicomtx.code_stream.jpeg2000 import PROGRESSIONS
from dicomtx.errors import ExitCode, SettingsError, UsageError
from dicomtx.settings.values import tile_of
from tests.converter import Converter, grey
from tests.dicom.builder import image, native, part10

GREY = image(96, 70, allocated=16, stored=12)
SIGNED = image(80, 96, allocated=16, signed=True)
COLOUR = image(64, 96, samples=3, photometric="RGB")
BY_RESOLUTION, BY_COMPONENT = PROGRESSIONS[:3], PROGRESSIONS[3:]


def source(pixel: Any) -> bytes:
    size = pixel.frame_bytes
    data = bytes((n // 7 * 13 + n % 5) % 256 if n % 2 == 0 else n // 900 % 8 for n in range(size))
    return part10("explicit", native(pixel, data))


def written(converter: Converter) -> CodeStream:
    """Returns the header of the stream in the output."""
    (stream,) = generate_frames(dcmread(converter.out).PixelData, number_of_frames=1)
    said = code_stream.read(stream)
    assert said
    return said


@pytest.mark.parametrize("progression", PROGRESSIONS)
@pytest.mark.parametrize(
    ("to", "pixel"),
    [
        ("jpeg2000-lossless", GREY),
        ("jpeg2000", COLOUR),
        ("htj2k-lossless", COLOUR),
        ("htj2k", SIGNED),
    ],
)
def test_a_stream_has_the_progression_and_levels_or_is_refused_by_name(
    converter: Converter, to: str, pixel: Any, progression: str
) -> None:
    outcome = converter.convert(source(pixel), to, progression=progression, levels=2)
    if pixel is COLOUR and progression in BY_COMPONENT:
        told = converter.failed(outcome, ExitCode.UNSUPPORTED)
        assert f"writes {progression} in {to} for 64 x 96" in told
        return
    assert (outcome.status, outcome.frames_verified) == ("done", 1), outcome.error
    assert (written(converter).progression, written(converter).levels) == (progression, 2)
    same = converter.out.read_bytes()
    assert converter.convert(same, to, progression=progression, levels=2).action == "copy"


@pytest.mark.parametrize("pixel", [GREY, SIGNED, COLOUR])
@pytest.mark.parametrize("to", ["htj2k-lossless", "htj2k-lossless-rpcl"])
@pytest.mark.parametrize("size", [(32, 48), (64, 64), (4096, 16)])
def test_tiles_have_the_size_that_was_asked_for(
    converter: Converter, to: str, pixel: Any, size: tuple[int, int]
) -> None:
    converter.done(source(pixel), to, tile_size=size, levels=1)
    limits = pixel.columns, pixel.rows
    assert tuple(map(min, written(converter).tile_size, limits)) == tuple(map(min, size, limits))
    back = converter.done(converter.out.read_bytes())
    assert back.PixelData == converter.done(source(pixel)).PixelData


@pytest.mark.parametrize(
    ("to", "pixel", "layout", "told"),
    [
        ("jpeg2000-lossless", GREY, {"tile_size": (32, 32)}, "no encoder of dicomtx writes tiles"),
        ("jpeg2000", COLOUR, {"tile_size": (32, 32)}, "no encoder of dicomtx writes tiles"),
        ("jpeg2000-lossless", GREY, {"levels": 4}, "too many for a side of 70"),
        ("htj2k-lossless", GREY, {"levels": 7}, "too many for a side of 70"),
        ("htj2k-lossless", GREY, {"levels": 6, "tile_size": (32, 90)}, "too many for a side of 32"),
        ("htj2k", GREY, {"levels": 0}, "at least 1 decomposition level"),
        ("htj2k-lossless-rpcl", GREY, {"progression": "LRCP"}, "needs the progression RPCL"),
        ("htj2k-lossless-rpcl", image(300, 70), {"levels": 2}, "too few for a side of 300"),
        ("htj2k-lossless", image(300, 300), {"tile_size": (1, 1)}, "90000 tiles"),
        ("jpeg2000", image(8, 300), {"progression": "CPRL"}, "writes CPRL in jpeg2000 for 8 x 300"),
    ],
)
def test_what_an_encoder_cannot_do_is_refused_before_any_work(
    converter: Converter, to: str, pixel: Any, layout: dict[str, Any], told: str
) -> None:
    outcome = converter.convert(source(pixel), to, **layout)
    assert told in converter.failed(outcome, ExitCode.UNSUPPORTED)
    assert not outcome.attempts


@pytest.mark.parametrize("progression", BY_RESOLUTION)
@pytest.mark.parametrize("samples", [1, 3])
def test_a_lossy_stream_of_several_precincts_keeps_the_order_of_its_packets(
    converter: Converter, samples: int, progression: str
) -> None:
    pixel = image(40, 300, samples=samples, photometric="RGB" if samples == 3 else "MONOCHROME2")
    outcome = converter.convert(source(pixel), "jpeg2000", progression=progression, psnr=40)
    if samples == 3 and progression != "RPCL":
        assert f"writes {progression}" in converter.failed(outcome, ExitCode.UNSUPPORTED)
        return
    assert (outcome.status, outcome.frames_verified) == ("done", 1), outcome.error
    assert written(converter).progression == progression
    levels = {"progression": progression, "codecs": ("gdcm",), "order": "plugins-first"}
    assert converter.convert(converter.out.read_bytes(), "explicit", **levels).decoder == "gdcm"


def test_a_codec_that_ignores_the_layout_has_failed(converter: Converter) -> None:
    outcome = converter.convert(source(GREY), "jpeg2000-lossless", levels=2, codecs=("openjpeg",))
    told = converter.failed(outcome, ExitCode.CODEC)
    assert "decomposition levels, not 2" in told
    made = converter.convert(
        source(GREY), "jpeg2000-lossless", levels=2, codecs=("openjpeg", "imagecodecs")
    )
    assert (made.status, made.encoder) == ("done", "imagecodecs")


def test_a_file_of_the_same_syntax_is_coded_again_if_it_is_arranged_in_another_way(
    converter: Converter,
) -> None:
    pixels = converter.done(source(GREY)).PixelData
    converter.done(source(GREY), "htj2k-lossless")
    outcome = converter.convert(converter.out.read_bytes(), "htj2k-lossless", levels=3)
    assert (outcome.status, outcome.action) == ("done", "recode")
    assert written(converter).levels == 3
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize(
    ("to", "options", "told"),
    [
        ("rle", ["--progression", "RPCL"], "needs a JPEG 2000 or HTJ2K target"),
        ("jpeg-ls-lossless", ["--levels", "3"], "needs a JPEG 2000 or HTJ2K target"),
        ("explicit", ["--tile-size", "64"], "needs a JPEG 2000 or HTJ2K target"),
        ("htj2k-lossless-rpcl", ["--progression", "LRCP"], "needs the progression RPCL"),
        ("htj2k-lossless", ["--tile-size", "0"], "use columns and rows"),
        ("htj2k-lossless", ["--levels", "33"], "0 to 32"),
    ],
)
def test_contradictory_options_are_a_usage_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], to: str, options: list[str], told: str
) -> None:
    path, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(grey())
    assert main(["convert", str(path), str(out), "--to", to, *options]) == ExitCode.USAGE
    assert told in " ".join(capfd.readouterr().err.split())
    assert not out.exists()


def test_python_says_so_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="levels needs a JPEG 2000"):
        transcode(tmp_path / "in.dcm", tmp_path / "out.dcm", to="rle", levels=2)


@pytest.mark.parametrize("value", ["64,32", "64x32", [64, 32], (64, 32), " 64 , 32 "])
def test_a_tile_size_has_many_spellings(value: object) -> None:
    assert tile_of("here", value) == (64, 32)
    assert tile_of("here", 64) == tile_of("here", "64") == (64, 64)


@pytest.mark.parametrize("value", ["", "0", "1,2,3", "a", "-4", 0, [0, 4], True, 2.5])
def test_other_tile_sizes_are_refused(value: object) -> None:
    with pytest.raises(SettingsError, match=r"here: .*use columns and rows"):
        tile_of("here", value)
