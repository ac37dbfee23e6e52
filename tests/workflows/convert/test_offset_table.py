"""``--offset-table``: which table the output has, and that code streams keep their bytes."""

import struct
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames

from dicomtx import transcode
from dicomtx.cli import main
from dicomtx.dicom.pixel_data import frame_writers
from dicomtx.errors import ExitCode, UsageError
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import image, native, part10

FRAMES = 3
GREY = image(16, 17, allocated=16, stored=12)
COLOUR = image(16, 17, samples=3, photometric="RGB")
ODD = image(7, 9)
KINDS = [("rle", GREY), ("jpeg2000-lossless", COLOUR), ("jpeg-ls-lossless", ODD)]
TABLES = ["basic", "extended", "empty"]


def source(pixel: Any) -> bytes:
    """Returns a native file of several frames; no two are equally long when they are encoded."""
    size = pixel.frame_bytes
    frames = b"".join(bytes(n * frame % 7 for n in range(size)) for frame in range(1, FRAMES + 1))
    return part10("explicit", native(pixel, frames, frames=str(FRAMES)))


def streams(data_set: Dataset) -> list[bytes]:
    """Returns the padded streams, found by pydicom through the table that the file has."""
    extended = None
    if "ExtendedOffsetTable" in data_set:
        extended = (data_set.ExtendedOffsetTable, data_set.ExtendedOffsetTableLengths)
    pixels = data_set.PixelData
    found = generate_frames(pixels, number_of_frames=FRAMES, extended_offsets=extended)
    return [stream + b"\0" * (len(stream) % 2) for stream in found]


def table_of(data_set: Dataset) -> str:
    """Returns which table the file has, after comparing its offsets with the items."""
    pixels, lengths = data_set.PixelData, [len(stream) for stream in streams(data_set)]
    starts = (0, *accumulate(8 + length for length in lengths))[:FRAMES]
    size = struct.unpack_from("<I", pixels, 4)[0]
    basic = struct.unpack_from(f"<{size // 4}I", pixels, 8)
    extended = data_set.get("ExtendedOffsetTable", b"")
    assert basic in ((), starts)
    assert extended in (b"", struct.pack(f"<{FRAMES}Q", *starts))
    assert not (basic and extended)
    assert ("ExtendedOffsetTableLengths" in data_set) == bool(extended)
    return "basic" if basic else "extended" if extended else "empty"


@pytest.mark.parametrize(("to", "pixel"), KINDS)
def test_every_table_can_be_written_and_exchanged_and_the_streams_keep_their_bytes(
    converter: Converter, to: str, pixel: Any
) -> None:
    usual = converter.done(source(pixel), to)
    assert table_of(usual) == "basic"
    for table in ("empty", "extended", "basic"):
        before = converter.out.read_bytes()
        assert table_of(converter.done(source(pixel), to, offset_table=table)) == table
        outcome = converter.convert(before, to, offset_table=table)
        assert (outcome.status, outcome.action) == ("done", "rewrite")
        assert outcome.verification == "bytes-only"
        made = dcmread(converter.out)
        assert table_of(made) == table
        assert streams(made) == streams(usual)
        same = converter.out.read_bytes()
        assert converter.convert(same, to, offset_table=table).action == "copy"
        assert converter.out.read_bytes() == same
        assert converter.convert(same, to).action == "copy"


@pytest.mark.parametrize("table", TABLES)
def test_a_file_with_another_number_of_entries_or_with_both_tables_is_written_anew(
    converter: Converter, table: str
) -> None:
    converter.done(source(GREY), "rle")
    parts = streams(dcmread(converter.out))
    frames = builder.text(0x00280008, "IS", str(FRAMES))
    head = builder.identity() + frames + builder.module(GREY)
    both = b"".join(builder.element(t, "OV", bytes(8 * FRAMES)) for t in (0x7FE00001, 0x7FE00002))
    for extra, offsets in ((b"", (0,)), (both, (0, 1, 2)), (both, (0,))):
        data = part10("rle", head + extra + builder.encapsulated(parts, offsets))
        assert converter.convert(data, "rle", offset_table=table).action == "rewrite"
        made = dcmread(converter.out)
        assert table_of(made) == table
        assert streams(made) == parts


def test_a_basic_table_that_cannot_hold_the_offsets_is_refused(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_writers, "HIGHEST_OFFSET", 50)
    told = converter.failed(
        converter.convert(source(GREY), "rle", offset_table="basic"), ExitCode.UNSUPPORTED
    )
    assert "32-bit offsets" in told
    assert "--offset-table extended" in told
    assert table_of(converter.done(source(GREY), "rle")) == "extended"


@pytest.mark.parametrize("table", ["extended", "empty"])
def test_jpeg_in_jpeg_xl_gets_the_table_too(converter: Converter, table: str) -> None:
    data = file("SC_rgb_jpeg_dcmtk.dcm").read_bytes()
    made = converter.done(data, "jpeg-xl-recompression", offset_table=table)
    assert ("ExtendedOffsetTable" in made) == (table == "extended")
    assert made.PixelData[4:8] == bytes(4)


def test_a_native_target_has_no_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(grey())
    arguments = ["convert", str(path), str(out), "--offset-table", "basic", "--to", "explicit"]
    assert main(arguments) == ExitCode.USAGE
    told = "needs a compressed target, but the target is explicit-vr-little-endian"
    assert f"--offset-table {told}" in capfd.readouterr().err
    with pytest.raises(UsageError, match=f"offset_table {told}"):
        transcode(path, out, offset_table="basic")
    assert main([*arguments[:3], "--offset-table", "auto"]) == 0
