"""Collects native (PS3.5 8.1) and encapsulated (PS3.5 A.4) frames in a spool."""

import struct
from array import array
from typing import Final
from zlib import crc32

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.rope import PixelData, Rope, Sum
from dicomtx.errors import UnsupportedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.storage.checksum import Crc
from dicomtx.storage.source import Spool

HIGHEST_OFFSET: Final = 0xFFFFFFFF


class NativeWriter:
    """Collects native frames in a spool."""

    def __init__(self, spool: Spool, image: ImagePixel) -> None:
        """Starts without frames; ``image`` describes the frames to write."""
        self._spool = spool
        self._image = image
        self._carry = 0
        self._carried = 0

    def add(self, data: bytes | bytearray | memoryview) -> None:
        """Appends one frame, little endian and colour-by-pixel."""
        bits = self._image.bits_per_frame
        if bits % 8 == 0 and not self._carried:
            self._spool.write(data)
            return
        # one-bit frames follow each other without padding (PS3.5 8.1.1)
        number = int.from_bytes(data, "little") & ((1 << bits) - 1)
        number = number << self._carried | self._carry
        whole, self._carried = divmod(bits + self._carried, 8)
        self._spool.write((number & ((1 << whole * 8) - 1)).to_bytes(whole, "little"))
        self._carry = number >> whole * 8

    def pixel_data(self, *, big_endian: bool) -> PixelData:
        """Returns the Pixel Data of all frames, padded to even length."""
        if self._carried:
            self._spool.write(bytes([self._carry]))
            self._carried = 0
        if self._spool.size % 2:
            self._spool.write(b"\0")
        vr = "OW" if self._image.bits_allocated > 8 else "OB"
        rope = Rope()
        word = 2 if big_endian and vr == "OW" else 1
        rope.span(self._spool.source(), 0, self._spool.size, word)
        return PixelData(rope, vr, encapsulated=False)

    def edits(self) -> list[Edit]:
        """Returns the edits that remove offset tables."""
        return _without_tables()

    def expecting(self, count: int) -> "NativeWriter":  # noqa: ARG002 - as the other writer
        """Returns a writer whose result has the size of ``count`` frames outside of the frames."""
        return NativeWriter(Spool(""), self._image)


class EncapsulatedWriter:
    """Collects encapsulated frames in a spool: one fragment per frame, padded to even length."""

    def __init__(self, spool: Spool, table: str = "auto", crc: Crc = crc32) -> None:
        """Starts without frames.

        Args:
            spool: the place for the frames.
            table: the offset table to write, see ``Settings.offset_table``.
            crc: computes the checksum of the frames, as ``zlib.crc32`` does.
        """
        self._spool = spool
        self._table = table
        self._offsets = array("Q")
        self._lengths = array("Q")
        self._crc = 0
        self._next_crc = crc

    def add(self, stream: bytes | bytearray | memoryview) -> None:
        """Appends one frame.

        Raises:
            UnsupportedError: the Basic Offset Table is required and cannot hold its offset.
        """
        if self._table == "basic" and self._spool.size > HIGHEST_OFFSET:
            raise UnsupportedError(
                f"the Basic Offset Table holds 32-bit offsets, and frame {len(self._offsets) + 1}"
                " begins beyond them (PS3.5 A.4). Try --offset-table extended."
            )
        self._offsets.append(self._spool.size)
        self._lengths.append(len(stream))
        odd = len(stream) % 2
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(stream) + odd)
        parts = item, stream, b"\0" * odd
        self._spool.write(*parts)
        for part in parts:
            self._crc = self._next_crc(part, self._crc)

    @property
    def extended(self) -> bool:
        """Whether the Extended Offset Table is written; by default if an offset needs it."""
        beyond = bool(self._offsets) and self._offsets[-1] > HIGHEST_OFFSET
        return self._table == "extended" or (self._table == "auto" and beyond)

    def pixel_data(self, *, big_endian: bool) -> PixelData:  # noqa: ARG002 - always little (A.4)
        """Returns the Pixel Data of all frames: offset table, items and delimiter."""
        table = () if self.extended or self._table == "empty" else self._offsets
        rope = Rope()
        rope.add(struct.pack(f"<HHI{len(table)}I", 0xFFFE, 0xE000, 4 * len(table), *table))
        rope.span(self._spool.source(), 0, self._spool.size)
        rope.add(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
        lead = 8 + 4 * len(table)
        items = Sum(lead, self._spool.size, self._crc)
        return PixelData(rope, "OB", encapsulated=True, items=items, lead=lead)

    def expecting(self, count: int) -> "EncapsulatedWriter":
        """Returns a writer whose result has the size of ``count`` frames outside of the frames."""
        writer = EncapsulatedWriter(Spool(""), self._table)
        writer._offsets = writer._lengths = array("Q", bytes(8 * count))
        return writer

    def edits(self) -> list[Edit]:
        """Returns the edits that remove stale offset tables, and add the extended ones."""
        if not self.extended:
            return _without_tables()
        count = len(self._offsets)
        return [
            Edit(tags.EXTENDED_OFFSET_TABLE, "OV", struct.pack(f"<{count}Q", *self._offsets)),
            Edit(
                tags.EXTENDED_OFFSET_TABLE_LENGTHS, "OV", struct.pack(f"<{count}Q", *self._lengths)
            ),
            Edit(tags.ENCAPSULATED_TOTAL_LENGTH),
        ]


def _without_tables() -> list[Edit]:
    tables = (
        tags.EXTENDED_OFFSET_TABLE,
        tags.EXTENDED_OFFSET_TABLE_LENGTHS,
        tags.ENCAPSULATED_TOTAL_LENGTH,
    )
    return [Edit(tag) for tag in tables]
