"""Identifiers of queries: short data sets in implicit VR little endian (PS3.4 C)."""

import struct
from collections.abc import Mapping
from typing import Final

from dicomtx.errors import NetworkError

SOP_CLASS, INSTANCE, LEVEL = 0x00080016, 0x00080018, 0x00080052
MODALITY, STUDY, SERIES = 0x00080060, 0x0020000D, 0x0020000E
HEADER: Final = struct.Struct("<HHL")


def identifier(level: str, uids: Mapping[int, str]) -> bytes:
    """Returns an identifier.

    Args:
        level: STUDY, SERIES or IMAGE.
        uids: UIDs to match by their tags; an empty one is to be returned.
    """
    values = {tag: uid.encode() + b"\0" * (len(uid) % 2) for tag, uid in uids.items()}
    values[LEVEL] = level.encode() + b" " * (len(level) % 2)
    return b"".join(
        HEADER.pack(tag >> 16, tag & 0xFFFF, len(value)) + value
        for tag, value in sorted(values.items())
    )


def read_identifier(data: bytes) -> dict[int, str]:
    """Returns the values of an identifier by tag.

    Raises:
        NetworkError: it is damaged.
    """
    values: dict[int, str] = {}
    at = 0
    while at < len(data):
        if at + HEADER.size > len(data):
            raise NetworkError("sent a damaged identifier")
        group, element, length = HEADER.unpack_from(data, at)
        at += HEADER.size
        if at + length > len(data):  # a sequence of undefined length, too, which was not asked for
            raise NetworkError("sent a damaged identifier")
        values[group << 16 | element] = data[at : at + length].decode("latin-1").strip("\0 ")
        at += length
    return values
