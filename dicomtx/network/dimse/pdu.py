"""The protocol data units of the DICOM upper layer (PS3.8 9.3): their frame, and the short ones.

The bytes come from strangers. So every length is checked against the bytes that are there. All
numbers are big endian.
"""

import struct
from collections.abc import Iterator
from typing import Final

from dicomtx.errors import NetworkError

ASSOCIATE_RQ: Final = 0x01
ASSOCIATE_AC: Final = 0x02
ASSOCIATE_RJ: Final = 0x03
P_DATA: Final = 0x04
RELEASE_RQ: Final = 0x05
RELEASE_RP: Final = 0x06
ABORT: Final = 0x07

HEADER: Final = struct.Struct(">BxI")
"""Type of the PDU and length of the rest."""
ITEM: Final = struct.Struct(">BxH")
"""Type and length of an item."""
PDV: Final = struct.Struct(">IBB")
"""Length, presentation context ID and message control header (PS3.8 9.3.5, E.2)."""
COMMAND: Final = 1
LAST: Final = 2
LARGEST_ANSWER: Final = 1 << 20
"""Bytes of an A-ASSOCIATE-AC; 128 contexts need less than 20 kB."""

REJECTIONS: Final = {
    (1, 1): "no reason given",
    (1, 2): "application context not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit of associations exceeded",
}
"""Why an association is rejected, by source and reason (PS3.8 9.3.4)."""
ABORTS: Final = (
    "no reason given",
    "unrecognized PDU",
    "unexpected PDU",
    "",
    "unrecognized PDU parameter",
    "unexpected PDU parameter",
    "invalid PDU parameter",
)
"""Why the peer's service provider aborts (PS3.8 9.3.8)."""


class PduError(NetworkError):
    """The peer sent bytes that are not a valid PDU or message.

    Attributes:
        reason: the reason of the A-ABORT PDU that answers them (PS3.8 9.3.8).
    """

    def __init__(self, message: str, reason: int = 6) -> None:
        """Keeps the reason; 6 is an invalid value of a parameter."""
        super().__init__(message)
        self.reason = reason


def pdu(kind: int, body: bytes) -> bytes:
    """Returns a PDU with its type and length."""
    return HEADER.pack(kind, len(body)) + body


def item(kind: int, value: bytes) -> bytes:
    """Returns an item of a PDU with its type and length."""
    return ITEM.pack(kind, len(value)) + value


def items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields type and value of each item (PS3.8 9.3.2, 9.3.3).

    Raises:
        PduError: an item is longer than the data.
    """
    at = 0
    while at < len(data):
        if at + ITEM.size > len(data):
            raise PduError("an item of a PDU is truncated")
        kind, length = ITEM.unpack_from(data, at)
        at += ITEM.size
        if at + length > len(data):
            raise PduError("an item of a PDU is longer than the PDU")
        yield kind, data[at : at + length]
        at += length


def release_request() -> bytes:
    """Returns an A-RELEASE-RQ PDU (PS3.8 9.3.6)."""
    return pdu(RELEASE_RQ, bytes(4))


def released() -> bytes:
    """Returns an A-RELEASE-RP PDU (PS3.8 9.3.7)."""
    return pdu(RELEASE_RP, bytes(4))


def rejected(result: int, source: int, reason: int) -> bytes:
    """Returns an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""
    return pdu(ASSOCIATE_RJ, bytes((0, result, source, reason)))


def aborted(reason: int | None = None) -> bytes:
    """Returns an A-ABORT PDU (PS3.8 9.3.8): of the user, or of the provider with its reason."""
    return pdu(ABORT, bytes(4) if reason is None else bytes((0, 0, 2, reason)))


def rejection(body: bytes) -> str:
    """Returns why the association is rejected, from the bytes of an A-ASSOCIATE-RJ."""
    result, source, reason = body[1:4] if len(body) >= 4 else (1, 1, 1)
    why = REJECTIONS.get((source, reason), f"reason {reason} of source {source}")
    return f"rejected the association: {why}" + (" (transient)" if result == 2 else "")


def abortion(body: bytes) -> str:
    """Returns who aborts and why, from the bytes of an A-ABORT."""
    source, reason = body[2:4] if len(body) >= 4 else (0, 0)
    if source != 2:  # only the service provider gives a reason
        return "aborted the association"
    why = ABORTS[reason] if reason < len(ABORTS) else f"reason {reason}"
    return f"aborted the association: {why}"


def fragments(context: int, kind: int, data: memoryview, room: int, *, last: bool) -> list[bytes]:
    """Returns P-DATA-TF PDUs as pieces of bytes: header and content in turn (PS3.8 9.3.5).

    Args:
        context: ID of the presentation context.
        kind: ``COMMAND`` for a command set, or 0 for a data set.
        data: the bytes of the message.
        room: bytes of the message in each PDU, an even number.
        last: whether the message ends with these bytes.
    """
    pieces: list[bytes] = []
    full = heading(context, kind, room)
    end = len(data)
    for start in range(0, end, room):
        stop = min(start + room, end)
        flags = kind | LAST if last and stop == end else kind
        is_full = stop - start == room and flags == kind
        pieces.append(full if is_full else heading(context, flags, stop - start))
        pieces.append(data[start:stop])  # type: ignore[arg-type] # join() takes views, too
    return pieces


def heading(context: int, flags: int, size: int) -> bytes:
    """Returns what precedes ``size`` bytes of a message in a P-DATA-TF with one PDV."""
    return HEADER.pack(P_DATA, size + PDV.size) + PDV.pack(size + 2, context, flags)
