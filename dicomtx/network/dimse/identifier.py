"""Identifiers of queries: short data sets in implicit VR little endian (PS3.4 C)."""

from collections.abc import Mapping

from dicomtx.network.dimse.implicit_elements import elements, written

SOP_CLASS, INSTANCE, LEVEL = 0x00080016, 0x00080018, 0x00080052
MODALITY, STUDY, SERIES = 0x00080060, 0x0020000D, 0x0020000E


def identifier(level: str, uids: Mapping[int, str]) -> bytes:
    """Returns an identifier.

    Args:
        level: STUDY, SERIES or IMAGE.
        uids: UIDs to match by their tags; an empty one is to be returned.
    """
    values = {tag: uid.encode() + b"\0" * (len(uid) % 2) for tag, uid in uids.items()}
    values[LEVEL] = level.encode() + b" " * (len(level) % 2)
    return written(values)


def read_identifier(data: bytes) -> dict[int, str]:
    """Returns the values of an identifier by tag.

    Raises:
        PduError: it is damaged.
    """
    return {tag: value.decode("latin-1").strip("\0 ") for tag, value in elements(data)}
