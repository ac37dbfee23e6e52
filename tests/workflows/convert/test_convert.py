"""One file to one file, whole: right, or an error and nothing changed."""

import os
import struct
import subprocess
import sys
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames

from dicomtx.dicom.elements import IMPLICIT
from dicomtx.dicom.pixel_data import frame_writers
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import element, image, native, part10, text

# ------------------------------------------------------------------ the rest of the data set


@pytest.mark.parametrize("to", ["implicit", "big-endian", "rle"])
def test_stale_offset_tables_are_removed(converter: Converter, to: str) -> None:
    stream = next(
        generate_frames(dcmread(file("MR_small_jp2klossless.dcm")).PixelData, number_of_frames=1)
    )
    pixel = image(64, 64, allocated=16, signed=True)
    tables = b"".join(element(tag, "OV", bytes(8)) for tag in range(0x7FE00001, 0x7FE00004))
    data = builder.identity() + builder.module(pixel) + tables + builder.encapsulated([stream])
    back = converter.done(part10("jpeg2000-lossless", data), to)
    assert [int(e.tag) for e in back if e.tag.group == 0x7FE0] == [0x7FE00010]


def test_group_lengths_are_right_afterwards(converter: Converter) -> None:
    data = native(image(), bytes(6))
    at = data.index(b"\x28\0\x02\0")
    data = data[:at] + element(0x00280000, "UL", struct.pack("<I", 7)) + data[at:]
    back = converter.done(part10("explicit", data), "implicit")
    whole = builder.module(image(), IMPLICIT)
    assert back[0x00280000].value == len(whole)


def test_elements_out_of_order_are_edited_where_they_stand(converter: Converter) -> None:
    data_set = dcmread(file("SC_rgb_dcmtk_+eb+cy+s2.dcm"))
    said = text(0x00280004, "CS", data_set.PhotometricInterpretation)
    data = file("SC_rgb_dcmtk_+eb+cy+s2.dcm").read_bytes()
    assert said in data
    later = data.index(b"\x28\0\x10\0US")
    moved = data[:later].replace(said, b"") + data[later : later + 10] + said + data[later + 10 :]
    assert converter.convert(moved).status == "done"
    assert converter.out.read_bytes().count(b"\x28\0\x04\0CS") == 1
    assert dcmread(converter.out).PhotometricInterpretation == "RGB"


def test_what_could_not_stay_is_told(converter: Converter) -> None:
    long = element(0x00104000, "LT", b"x" * 70_000, IMPLICIT)
    signature = element(0xFFFAFFFA, "SQ", b"", IMPLICIT)
    data = builder.identity(IMPLICIT) + long + signature
    outcome = converter.convert(part10("implicit", data, preamble=b"II*\0" * 32))
    told = " ".join(outcome.warnings)
    assert "too many for LT" in told
    assert "signatures" in told
    assert "preamble" in told


@pytest.mark.parametrize(
    "pixel",
    [
        image(4, 4, allocated=16, stored=12)._replace(high_bit=17),
        image(4, 4, allocated=24, stored=20),
        image(4, 4, allocated=12),
        image(4, 4, allocated=12, stored=10),
        image(4, 4, samples=3, photometric="RGB", allocated=1)._replace(planar_configuration=1),
        image(4, 4, samples=3, photometric="RGB", allocated=24)._replace(planar_configuration=1),
        image(4, 4, samples=2, photometric="RGB"),
        image(4, 4, photometric="YBR_FULL_422"),
        image(4, 3, samples=3, photometric="YBR_FULL_422"),
    ],
    ids=lambda pixel: f"{pixel.bits_allocated}-{pixel.bits_stored}-{pixel.samples_per_pixel}",
)
@pytest.mark.parametrize(
    "to", ["rle", "jpeg2000-lossless", "encapsulated-uncompressed", "deflated-image-frame"]
)
def test_an_odd_image_is_right_or_refused_and_never_a_crash(
    converter: Converter, pixel: Any, to: str
) -> None:
    data = bytes(n % 16 for n in range(pixel.frame_bytes))  # no bits above those stored
    outcome = converter.convert(part10("explicit", native(pixel, data)), to)
    if outcome.status == "done" and not pixel.planar_configuration:
        assert converter.done(converter.out.read_bytes()).PixelData.startswith(data)
    else:
        assert outcome.exit_code in (0, 3, 4, 5), outcome


# ------------------------------------------------------------------ offset tables


def test_offsets_beyond_32_bits_are_written_and_read_again(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_writers, "HIGHEST_OFFSET", 50)
    frames = bytes(n for n in range(5) for _ in range(64))
    data = part10("explicit", native(image(8, 8), frames, frames="5"))
    encoded = converter.done(data, "rle")
    offsets = struct.unpack("<5Q", encoded.ExtendedOffsetTable)
    lengths = struct.unpack("<5Q", encoded.ExtendedOffsetTableLengths)
    ends = [at + 8 + size + size % 2 for at, size in zip(offsets, lengths, strict=True)]
    assert [0, *ends[:-1]] == list(offsets)
    tables = (encoded.ExtendedOffsetTable, encoded.ExtendedOffsetTableLengths)
    theirs = generate_frames(encoded.PixelData, number_of_frames=5, extended_offsets=tables)
    assert len(list(theirs)) == 5
    back = converter.done(converter.out.read_bytes())
    assert back.PixelData == frames
    assert "ExtendedOffsetTable" not in back


@pytest.mark.parametrize("said", ["9", "", "0"])
def test_a_wrong_number_of_frames_is_mended(converter: Converter, said: str) -> None:
    data = file("emri_small_jpeg_2k_lossless.dcm").read_bytes()
    right = text(0x00280008, "IS", "10")
    assert data.count(right) == 1
    changed = data.replace(right, text(0x00280008, "IS", said) if said else b"")
    back = converter.done(changed)
    assert back.NumberOfFrames == 10
    assert back.PixelData == converter.done(data).PixelData


# ------------------------------------------------------------------ places


def test_source_and_destination_are_not_the_same_file_by_accident(converter: Converter) -> None:
    converter.source.write_bytes(grey())
    (converter.source.parent / "link.dcm").symlink_to("in.dcm")
    os.link(converter.source, converter.source.parent / "hard.dcm")
    for name in ("in.dcm", "link.dcm", "hard.dcm"):
        outcome = converter.again(
            converter.source, converter.source.parent / name, "rle", overwrite=True
        )
        assert outcome.exit_code == ExitCode.USAGE
        assert "--in-place" in outcome.error
    assert converter.source.read_bytes() == grey()


def test_a_file_is_replaced_in_place(converter: Converter) -> None:
    converter.source.write_bytes(grey())
    outcome = converter.again(converter.source, converter.source, "rle", in_place=True)
    assert outcome.status == "done", outcome.error
    assert dcmread(converter.source).file_meta.TransferSyntaxUID == find("rle").uid
    assert list(converter.source.parent.iterdir()) == [converter.source]


def test_in_place_is_no_leave_to_replace_another_file(converter: Converter) -> None:
    converter.source.write_bytes(grey())
    converter.out.write_bytes(b"mine")
    outcome = converter.again(converter.source, converter.out, "rle", in_place=True)
    assert outcome.exit_code in (ExitCode.DESTINATION, ExitCode.USAGE)
    assert converter.out.read_bytes() == b"mine"


@pytest.mark.parametrize("to", ["implicit", "rle", "explicit"])
def test_pipes_give_the_same_bytes_as_files(converter: Converter, to: str) -> None:
    data = grey(64, 64)
    converter.done(data, to)
    command = [sys.executable, "-m", "dicomtx", "convert", "-", "-", "--to", to, "-q"]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    assert done.stdout == converter.out.read_bytes()


def test_a_copy_and_a_kept_file_are_the_same_bytes(converter: Converter) -> None:
    data = part10("explicit", builder.identity(), preamble=b"keep" * 32) + bytes(99)
    assert converter.convert(data).action == "copy"
    assert converter.out.read_bytes() == data
    outcome = converter.convert(data, "rle")
    assert (outcome.status, outcome.target_syntax) == ("kept", find("explicit").uid)
    assert "no pixel data" in outcome.warnings[0]
    assert converter.out.read_bytes() == data
    strict = converter.convert(data, "rle", strict=True)
    assert "no pixel data" in converter.failed(strict, ExitCode.UNSUPPORTED)


def test_a_value_of_odd_length_is_kept_and_told(converter: Converter) -> None:
    data = part10("explicit", builder.identity() + builder.element(0x00100010, "PN", b"A^B"))
    outcome = converter.convert(data, "implicit")
    assert "(0010,0010) has an odd length; left unchanged" in outcome.warnings
    assert b"\x10\x00\x10\x00\x03\x00\x00\x00A^B" in converter.out.read_bytes()
