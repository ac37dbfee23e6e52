"""Section D: objects that are not the usual image."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless

from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.test_every_file import LOSSLESS, NATIVE, TARGETS
from tests.traps.altered_files import (
    fragments,
    offsets,
    pixel_data_at,
    right_offsets,
    saved,
    streams,
)


def _bits(data: bytes, count: int) -> bytes:
    return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].tobytes()


def _not_byte_aligned() -> bytes:
    """Returns three one-bit frames that begin within bytes."""
    pixels = bytes(n * n % 251 for n in range(14))[:-1] + b"\1"
    return part10("explicit", native(image(5, 7, allocated=1), pixels, frames="3"))


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize(
    "data", [file("liver_1frame.dcm").read_bytes(), _not_byte_aligned()], ids=["whole", "shifted"]
)
def test_d1_one_bit_segmentations_are_right_or_refused(
    converter: Converter, data: bytes, to: str
) -> None:
    source = dcmread(io.BytesIO(data))
    count = source.Rows * source.Columns * int(source.get("NumberOfFrames", 1))
    outcome = converter.convert(data, to)
    if outcome.status == "refused":
        assert "; try --to " in converter.failed(outcome, ExitCode.UNSUPPORTED)
        return
    back = converter.done(converter.out.read_bytes())
    assert (back.BitsAllocated, back.BitsStored) == (1, 1)
    assert _bits(back.PixelData, count) == _bits(source.PixelData, count)


def _floats(tag: int, vr: str) -> bytes:
    """Returns a parametric map: float pixel data in place of Pixel Data."""
    content = builder.identity() + builder.module(image(2, 2, allocated=32))
    pixels = builder.element(tag, vr, struct.pack("<4d", 0.5, -1.5, 1e30, 3))
    return part10("explicit", content + pixels)


NO_PIXELS = {
    "plan": file("rtplan.dcm").read_bytes(),
    "report": file("reportsi.dcm").read_bytes(),
    "waveform": file("waveform_ecg.dcm").read_bytes(),
    "float": _floats(0x7FE00008, "OF"),
    "double": _floats(0x7FE00009, "OD"),
}


@pytest.mark.parametrize("kind", NO_PIXELS)
@pytest.mark.parametrize("to", TARGETS)
def test_d2_what_has_no_pixels_to_compress_is_kept(
    converter: Converter, kind: str, to: str
) -> None:
    data = NO_PIXELS[kind]
    outcome = converter.convert(data, to)
    assert outcome.exit_code == 0
    if to in LOSSLESS:
        assert outcome.status == "kept"
        assert outcome.warnings
        assert converter.out.read_bytes() == data
        return
    assert outcome.status == "done"
    source, made = dcmread(io.BytesIO(data)), dcmread(converter.out)
    assert made.file_meta.TransferSyntaxUID == outcome.target_syntax
    assert [element.tag for element in made] == [element.tag for element in source]


@pytest.mark.parametrize("name", ["MR-SIEMENS-DICOM-WithOverlays.dcm", "examples_overlay.dcm"])
@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "implicit"])
def test_d3_a_native_icon_is_left_alone(converter: Converter, name: str, to: str) -> None:
    source = dcmread(file(name)).IconImageSequence[0]
    made = converter.done(file(name).read_bytes(), to).IconImageSequence[0]
    assert made["PixelData"].VR == source["PixelData"].VR
    assert made == source


def _with_coded_icon() -> tuple[bytes, bytes]:
    """Returns a JPEG 2000 file whose icon is JPEG 2000 as well, and the icon's code stream."""
    name = "MR_small_jp2klossless.dcm"
    data = file(name).read_bytes()
    stream = streams(dcmread(file(name)))[0]
    pixel = image(64, 64, allocated=16, signed=True)
    item = builder.module(pixel) + builder.encapsulated([stream])
    icon = builder.sequence(0x00880200, [item], undefined=True)
    at = pixel_data_at(data)
    return data[:at] + icon + data[at:], stream


@pytest.mark.parametrize("to", [*NATIVE, "rle", "jpeg-ls-lossless"])
def test_d3_a_coded_icon_becomes_native_along_with_the_image(converter: Converter, to: str) -> None:
    data, _ = _with_coded_icon()
    made = converter.done(data, to)
    icon = made.IconImageSequence[0]
    assert not icon["PixelData"].is_undefined_length
    around = made if to in NATIVE else converter.done(converter.out.read_bytes())
    assert icon.PixelData == around.PixelData


def test_d3_a_coded_icon_stays_where_it_may(converter: Converter) -> None:
    data, stream = _with_coded_icon()
    icon = converter.done(data, "jpeg2000", allow_generation_loss=True, reversible=True)
    assert streams(icon.IconImageSequence[0]) == [stream]


def test_d3_an_icon_that_was_left_behind_in_another_syntax_is_decoded(converter: Converter) -> None:
    data, _ = _with_coded_icon()
    made = dcmread(io.BytesIO(data))
    rle = dcmread(file("MR_small_RLE.dcm"))
    made.PixelData, made.file_meta.TransferSyntaxUID = rle.PixelData, RLELossless
    icon = converter.done(saved(made)).IconImageSequence[0]
    assert icon.PixelData == dcmread(file("MR_small.dcm")).PixelData


def test_d3_an_empty_icon_sequence_is_no_icon(converter: Converter, ct: Path) -> None:
    content = builder.identity() + builder.sequence(0x00880200, [])
    rest = native(image(), bytes(range(6)))[len(builder.identity()) :]
    made = converter.there_and_back(part10("explicit", content + rest), "rle")
    assert len(made.IconImageSequence) == 0
    assert made.PixelData == bytes(range(6))


def _video() -> bytes:
    pixel = image(16, 16, samples=3, photometric="YBR_PARTIAL_420")
    parts = [b"\0\0\1\xb3 no picture, but a stream.."]
    content = builder.module(pixel, frames="25") + builder.encapsulated(parts)
    return part10("1.2.840.10008.1.2.4.102", builder.identity() + content)


@pytest.mark.parametrize("to", LOSSLESS)
def test_d4_video_is_kept(converter: Converter, to: str) -> None:
    outcome = converter.convert(_video(), to)
    assert (outcome.status, outcome.exit_code) == ("kept", 0)
    assert any("video" in warning for warning in outcome.warnings)
    assert converter.out.read_bytes() == _video()


@pytest.mark.parametrize("to", NATIVE)
def test_d4_video_is_never_native(converter: Converter, to: str) -> None:
    error = converter.failed(converter.convert(_video(), to), ExitCode.UNSUPPORTED)
    assert "video" in error


def test_d4_video_is_copied_to_its_own_syntax(converter: Converter) -> None:
    outcome = converter.convert(_video(), "1.2.840.10008.1.2.4.102")
    assert (outcome.status, outcome.action) == ("done", "copy")
    assert converter.out.read_bytes() == _video()


@pytest.mark.parametrize("name", ["emri_small.dcm", "eCT_Supplemental.dcm"])
@pytest.mark.parametrize("to", ["rle", "jpeg-ls-lossless", "htj2k-lossless"])
def test_d5_enhanced_objects_keep_their_class_and_functional_groups(
    converter: Converter, name: str, to: str
) -> None:
    source = dcmread(file(name))
    back = converter.there_and_back(file(name).read_bytes(), to)
    assert back.SOPClassUID == source.SOPClassUID
    for tag in (0x52009229, 0x52009230):
        assert back.get(tag) == source.get(tag)
    assert back.PixelData == source.PixelData


def test_d5_empty_functional_groups_stay_empty(converter: Converter) -> None:
    made = native(image(), bytes(range(6)))
    at = made.rindex(b"\xe0\x7f\x10\0")
    data = made[:at] + builder.sequence(0x52009229, []) + made[at:]
    assert len(converter.there_and_back(part10("explicit", data), "rle")[0x52009229].value) == 0


def test_d6_thousands_of_frames_have_a_right_offset_table(converter: Converter) -> None:
    frames = 3000
    data = bytes(n % 251 for n in range(frames * 4))
    made = converter.done(part10("explicit", native(image(2, 2), data, frames=str(frames))), "rle")
    parts = fragments(made)
    assert len(parts) == frames
    assert offsets(made) == right_offsets(parts)
    assert converter.done(converter.out.read_bytes()).PixelData == data


MEMORY = """
import resource, sys
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
for source in sys.argv[1:3]:
    request = Request(LocalFile(source), source + ".out", find("rle"), settings=Settings(threads=2))
    assert convert(request).status == "done"
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.long
def test_d6_memory_does_not_grow_with_the_number_of_frames(tmp_path: Path) -> None:
    pixel = image(512, 512)
    frame = np.arange(512 * 512, dtype=np.uint32).astype(np.uint8).tobytes()
    for frames in (8, 400):
        data = part10("explicit", native(pixel, frame * frames, frames=str(frames)))
        (tmp_path / f"{frames}.dcm").write_bytes(data)
    paths = [str(tmp_path / "8.dcm"), str(tmp_path / "400.dcm")]
    command = [sys.executable, "-c", MEMORY, *paths]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    few, many = (int(line) * 1024 for line in done.stdout.split())
    assert many - few < 32 << 20  # the pixels alone are 100 MiB more


TINY = [(1, 1), (3, 3), (31, 33), (32, 32)]
THIN = [(1, 512), (512, 1)]
RPCL = "htj2k-lossless-rpcl"


def _small(size: tuple[int, int], samples: int, allocated: int) -> tuple[bytes, bytes]:
    """Returns a file with a small image, and its pixels."""
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    pixel = image(*size, samples=samples, photometric=photometric, allocated=allocated)
    data = bytes(n * n % 253 for n in range(pixel.frame_bytes))
    return part10("explicit", native(pixel, data)), data


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(
    ("to", "size"),
    [(to, size) for to in LOSSLESS for size in TINY + THIN if to != RPCL or size in TINY],
    ids=str,
)
def test_d7_tiny_images_are_right(
    converter: Converter, to: str, samples: int, size: tuple[int, int]
) -> None:
    for allocated in (8, 16):
        source, data = _small(size, samples, allocated)
        back = converter.there_and_back(source, to)
        assert back.PixelData[: len(data)] == data
        assert struct.pack("<2H", back.Rows, back.Columns) == struct.pack("<2H", *size)


@pytest.mark.parametrize("size", THIN, ids=str)
@pytest.mark.parametrize("samples", [1, 3])
def test_d7_a_thin_image_has_the_resolutions_of_rpcl_or_is_refused(
    converter: Converter, samples: int, size: tuple[int, int]
) -> None:
    """imagecodecs 2026.10 halves the image only as often as its smaller side can be halved."""
    source, data = _small(size, samples, 8)
    outcome = converter.convert(source, RPCL)
    if outcome.exit_code == ExitCode.CODEC:
        assert "(PS3.5 10.18). Try --to htj2k-lossless" in converter.failed(outcome, ExitCode.CODEC)
        return
    assert outcome.status == "done", outcome.error
    assert converter.done(converter.out.read_bytes()).PixelData[: len(data)] == data
