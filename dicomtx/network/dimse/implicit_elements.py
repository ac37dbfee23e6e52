"""Elements in implicit VR little endian without nesting: command sets and identifiers."""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from dicomtx.network.dimse.pdu import PduError

HEADER: Final = struct.Struct("<HHL")  # group, element, length


def written(values: Mapping[int, bytes]) -> bytes:
    """Returns elements by tag as bytes, in the order of their tags."""
    return b"".join(
        HEADER.pack(tag >> 16, tag & 0xFFFF, len(value)) + value
        for tag, value in sorted(values.items())
    )


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields tag and value of each element.

    Raises:
        PduError: an element is longer than the data, or of undefined length.
    """
    at = 0
    while at < len(data):
        if at + HEADER.size > len(data):
            raise PduError("a command set or identifier is truncated")
        group, element, length = HEADER.unpack_from(data, at)
        at += HEADER.size
        if at + length > len(data):
            raise PduError("a command set or identifier is damaged")
        yield group << 16 | element, data[at : at + length]
        at += length
