"""Pixel Data as it is written: frames, padding and offset tables."""

import struct
from pathlib import Path

import pytest

from dicomtx.dicom.pixel_data import frame_writers
from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter, NativeWriter
from dicomtx.errors import UnsupportedError
from dicomtx.storage.source import Spool
from tests.dicom import builder
from tests.dicom.builder import bits

TABLES = {0x7FE00001, 0x7FE00002, 0x7FE00003}


def written(writer: NativeWriter | EncapsulatedWriter, *, big: bool = False) -> bytes:
    return b"".join(writer.pixel_data(big_endian=big).value.chunks())


@pytest.mark.parametrize("size", [1, 3, 5, 7, 8, 9, 16, 31])
def test_frames_of_bits_are_packed_without_gaps(tmp_path: Path, size: int) -> None:
    frames = [f"{7919 * n % (1 << size):0{size}b}" for n in range(1, 12)]
    writer = NativeWriter(Spool(str(tmp_path)), builder.image(1, size, allocated=1))
    for frame in frames:
        writer.add(bits(frame))
    expected = bits("".join(frames))
    assert written(writer) == expected + b"\0" * (len(expected) % 2)


@pytest.mark.parametrize(
    ("allocated", "vr", "big", "expected"),
    [
        (8, "OB", False, b"abc\0"),
        (8, "OB", True, b"abc\0"),
        (16, "OW", False, b"abcdef"),
        (16, "OW", True, b"badcfe"),
    ],
)
def test_native_pixel_data_has_the_right_vr_order_and_an_even_length(
    tmp_path: Path, allocated: int, vr: str, expected: bytes, *, big: bool
) -> None:
    writer = NativeWriter(Spool(str(tmp_path)), builder.image(1, 3, allocated=allocated))
    writer.add(b"abcdef"[: 3 * allocated // 8])
    made = writer.pixel_data(big_endian=big)
    assert (made.vr, made.encapsulated) == (vr, False)
    assert b"".join(made.value.chunks()) == expected


def test_an_encapsulated_frame_is_one_fragment_padded_to_even_length(tmp_path: Path) -> None:
    writer = EncapsulatedWriter(Spool(str(tmp_path)))
    for stream in (b"one", b"four", b"seven"):
        writer.add(stream)
    item = struct.Struct("<HHI").pack
    expected = [
        item(0xFFFE, 0xE000, 12) + struct.pack("<3I", 0, 12, 24),
        item(0xFFFE, 0xE000, 4) + b"one\0",
        item(0xFFFE, 0xE000, 4) + b"four",
        item(0xFFFE, 0xE000, 6) + b"seven\0",
        item(0xFFFE, 0xE0DD, 0),
    ]
    assert written(writer) == b"".join(expected)
    made = writer.pixel_data(big_endian=False)
    assert (made.vr, made.encapsulated) == ("OB", True)


def test_offsets_beyond_32_bits_go_to_an_extended_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_writers, "HIGHEST_OFFSET", 23)
    writer = EncapsulatedWriter(Spool(str(tmp_path)))
    for stream in (b"one", b"four"):
        writer.add(stream)
    assert not writer.extended  # the last offset is 12
    assert {edit.tag for edit in writer.edits() if edit.value is None} == TABLES
    writer.add(b"seven")
    assert writer.extended
    assert written(writer).startswith(struct.pack("<HHI", 0xFFFE, 0xE000, 0))
    edits = {edit.tag: edit for edit in writer.edits()}
    assert edits[0x7FE00001].value == struct.pack("<3Q", 0, 12, 24)
    lengths = struct.unpack("<3Q", edits[0x7FE00002].value or b"")
    assert lengths in ((3, 4, 5), (4, 4, 6))
    assert edits[0x7FE00001].vr == edits[0x7FE00002].vr == "OV"
    assert edits[0x7FE00003].value is None


def test_native_pixel_data_has_no_offset_tables(tmp_path: Path) -> None:
    edits = NativeWriter(Spool(str(tmp_path)), builder.image()).edits()
    assert {edit.tag for edit in edits if edit.value is None} == TABLES


def test_offsets_beyond_32_bits_are_refused_if_the_table_must_be_basic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_writers, "HIGHEST_OFFSET", 23)
    writer = EncapsulatedWriter(Spool(str(tmp_path)), "basic")
    for stream in (b"one", b"four"):
        writer.add(stream)
    with pytest.raises(UnsupportedError, match=r"frame 3 .* Try --offset-table extended"):
        writer.add(b"seven")


@pytest.mark.parametrize("table", ["basic", "extended", "empty"])
def test_the_offset_table_is_the_one_that_was_asked_for(tmp_path: Path, table: str) -> None:
    writer = EncapsulatedWriter(Spool(str(tmp_path)), table)
    for stream in (b"one", b"four"):
        writer.add(stream)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 8 if table == "basic" else 0)
    first = item + (struct.pack("<2I", 0, 12) if table == "basic" else b"")
    assert written(writer).startswith(first + struct.pack("<HHI", 0xFFFE, 0xE000, 4) + b"one")
    made = {edit.tag: edit.value for edit in writer.edits()}
    assert made.keys() == TABLES
    assert (made[0x7FE00001] == struct.pack("<2Q", 0, 12)) == (table == "extended")
    assert (made[0x7FE00002] == struct.pack("<2Q", 3, 4)) == (table == "extended")
