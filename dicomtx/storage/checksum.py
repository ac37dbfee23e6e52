"""The checksum of bytes that were written, read back through one small buffer."""

from typing import Final
from zlib import crc32

from dicomtx.storage.source import Source

BUFFER: Final = 1 << 18  # bytes: stays in the processor's cache, and costs no new pages


def checksum(source: Source, offset: int, size: int) -> int:
    """Returns the CRC-32 of ``size`` bytes from ``offset``.

    Raises:
        DicomtxError: the source was truncated, or cannot be read.
    """
    buffer, found = memoryview(bytearray(min(size, BUFFER))), 0
    for at in range(0, size, BUFFER):
        part = buffer[: size - at]
        source.read_into((part,), offset + at)
        found = crc32(part, found)
    return found
