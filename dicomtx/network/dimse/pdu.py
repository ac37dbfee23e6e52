"""The protocol data units of the DICOM upper layer (PS3.8 9.3), for the side that connects.

They are written and read here because pynetdicom takes 0.4 s to import: more than it takes to send
hundreds of images. All numbers are big endian.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dicomtx.errors import NetworkError
from dicomtx.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

ASSOCIATE_RQ: Final = 0x01
ASSOCIATE_AC: Final = 0x02
ASSOCIATE_RJ: Final = 0x03
P_DATA: Final = 0x04
RELEASE_RQ: Final = 0x05
RELEASE_RP: Final = 0x06
ABORT: Final = 0x07
RELEASE_REQUEST: Final = struct.pack(">BxI4x", RELEASE_RQ, 4)
RELEASE_ANSWER: Final = struct.pack(">BxI4x", RELEASE_RP, 4)
ABORT_BY_USER: Final = struct.pack(">BxI4x", ABORT, 4)

HEADER: Final = struct.Struct(">BxI")
"""Type of the PDU and length of the rest."""
PDV: Final = struct.Struct(">IBB")
"""Length, presentation context ID and message control header (PS3.8 9.3.5, E.2)."""
COMMAND: Final = 1
LAST: Final = 2
LARGEST_ANSWER: Final = 1 << 20
"""Bytes of an A-ASSOCIATE-AC; 128 contexts need less than 20 kB."""

APPLICATION_CONTEXT: Final = b"1.2.840.10008.3.1.1.1"
RESULTS: Final = (
    "accepted",
    "rejected by the user",
    "rejected without a reason",
    "SOP class not supported",
    "transfer syntax not supported",
)
"""The answers to a presentation context (PS3.8 9.3.3.2)."""
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


class Accepted(NamedTuple):
    """What an A-ASSOCIATE-AC says.

    Attributes:
        contexts: the result and the transfer syntax of each presentation context, by its ID.
        max_pdu: the largest P-DATA-TF that the peer takes, in bytes; 0 means no limit.
    """

    contexts: dict[int, tuple[int, str]]
    max_pdu: int


def associate_request(
    called: str, calling: str, contexts: Sequence[tuple[str, str]], max_pdu: int
) -> bytes:
    """Returns an A-ASSOCIATE-RQ with one transfer syntax for each presentation context.

    Args:
        called: AE title of the peer.
        calling: our AE title.
        contexts: SOP Class UID and Transfer Syntax UID of each; the IDs are 1, 3, 5 and so on.
        max_pdu: the largest P-DATA-TF that we take, in bytes.
    """
    titles = called.ljust(16).encode() + calling.ljust(16).encode()
    body = struct.pack(">H2x", 1) + titles + bytes(32) + _item(0x10, APPLICATION_CONTEXT)
    for index, (sop_class, syntax) in enumerate(contexts):
        names = _item(0x30, sop_class.encode()) + _item(0x40, syntax.encode())
        body += _item(0x20, struct.pack(">B3x", 2 * index + 1) + names)
    user = _item(0x51, struct.pack(">I", max_pdu))
    user += _item(0x52, IMPLEMENTATION_CLASS_UID.encode())
    user += _item(0x55, IMPLEMENTATION_VERSION.encode())
    body += _item(0x50, user)
    return HEADER.pack(ASSOCIATE_RQ, len(body)) + body


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def read_accepted(body: bytes) -> Accepted:
    """Returns what an A-ASSOCIATE-AC says, from its bytes behind the header.

    Raises:
        NetworkError: its items do not fit.
    """
    contexts = {}
    max_pdu = 0
    for kind, value in _items(body[68:]):
        if kind == 0x21 and len(value) >= 4:
            syntaxes = [text for sub, text in _items(value[4:]) if sub == 0x40]
            syntax = syntaxes[0].rstrip(b"\0 ").decode("ascii", "replace") if syntaxes else ""
            contexts[value[0]] = (value[2], syntax)
        elif kind == 0x50:
            lengths = [v for sub, v in _items(value) if sub == 0x51 and len(v) == 4]
            max_pdu = int.from_bytes(lengths[0]) if lengths else 0
    return Accepted(contexts, max_pdu)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the type and value of each item (PS3.8 9.3.3)."""
    while data:
        end = 4 + int.from_bytes(data[2:4])
        if len(data) < max(end, 4):
            raise NetworkError("sent an A-ASSOCIATE-AC whose items have wrong lengths")
        yield data[0], data[4:end]
        data = data[end:]


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
    full = _heading(context, kind, room)
    end = len(data)
    for start in range(0, end, room):
        stop = min(start + room, end)
        flags = kind | LAST if last and stop == end else kind
        heading = full if stop - start == room and flags == kind else None
        pieces.append(heading or _heading(context, flags, stop - start))
        pieces.append(data[start:stop])  # type: ignore[arg-type] # join() takes views, too
    return pieces


def _heading(context: int, flags: int, size: int) -> bytes:
    return HEADER.pack(P_DATA, size + PDV.size) + PDV.pack(size + 2, context, flags)
