"""The checksum of bytes that were written, read back through one small buffer."""

from collections.abc import Callable
from typing import Final
from zlib import crc32

from dicomtx.storage.source import Source

BUFFER: Final = 1 << 18  # bytes: stays in the processor's cache, and costs no new pages


Crc = Callable[[bytes | bytearray | memoryview, int], int]


def checksum(source: Source, offset: int, size: int, crc: Crc = crc32) -> int:
    """Returns the CRC-32 of ``size`` bytes from ``offset``.

    Args:
        source: the bytes.
        offset: where they begin.
        size: how many they are.
        crc: a function like ``zlib.crc32``.

    Raises:
        DicomtxError: the source was truncated, or cannot be read.
    """
    buffer, found = memoryview(bytearray(min(size, BUFFER))), 0
    for at in range(0, size, BUFFER):
        part = buffer[: size - at]
        source.read_into((part,), offset + at)
        found = crc(part, found)
    return found
