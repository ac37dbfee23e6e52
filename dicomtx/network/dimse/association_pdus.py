"""The PDUs that open and end an association (PS3.8 9.3), as an acceptor reads and writes them.

The bytes come from strangers. So every length is checked against the bytes that are there.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from dicomtx.frozen import Frozen
from dicomtx.network.address import LONGEST_AET
from dicomtx.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
HEAD: Final = struct.Struct(">BxL")  # type and length of a PDU
ITEM: Final = struct.Struct(">BxH")  # type and length of an item
FIXED: Final = 68  # bytes before the items of A-ASSOCIATE-RQ and A-ASSOCIATE-AC
APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
ACCEPTED, NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX = 0, 3, 4
"""Results of a presentation context (PS3.8 9.3.3.2)."""


class PduError(Exception):
    """The bytes are not a valid PDU.

    Attributes:
        reason: the reason of the A-ABORT PDU that answers them (PS3.8 9.3.8).
    """

    def __init__(self, message: str, reason: int = 6) -> None:
        """Keeps the reason; 6 is an invalid value of a parameter."""
        super().__init__(message)
        self.reason = reason


class ProposedContext(NamedTuple):
    """A presentation context that the requestor proposes: its ID and its UIDs."""

    number: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


class Answered(NamedTuple):
    """The answer to a presentation context; ``transfer_syntax`` counts only if it is accepted."""

    number: int
    result: int
    transfer_syntax: str = ""


class AssociationRequest(Frozen):
    """What an A-ASSOCIATE-RQ PDU asks for.

    Attributes:
        called_aet: the called AE title, without padding.
        calling_aet: the calling AE title, without padding.
        contexts: the proposed presentation contexts.
        version: whether the requestor speaks version 1 of the protocol.
        application_context: the Application Context Name.
        titles: both AE titles as they came, which the answer repeats.
    """

    called_aet: str
    calling_aet: str
    contexts: tuple[ProposedContext, ...]
    version: bool
    application_context: str
    titles: bytes


def association_request(body: bytes) -> AssociationRequest:
    """Returns the content of an A-ASSOCIATE-RQ PDU (PS3.8 9.3.2).

    Args:
        body: the PDU without its type and length.

    Raises:
        PduError: it is not one.
    """
    if len(body) < FIXED:
        raise PduError("the A-ASSOCIATE-RQ PDU is too short")
    application, contexts = "", []
    for kind, value in _items(body[FIXED:]):
        if kind == 0x10:
            application = _uid(value)
        elif kind == 0x20:
            contexts.append(_context(value))
    numbers = {context.number for context in contexts}
    if len(numbers) < len(contexts) or not all(number % 2 for number in numbers):
        raise PduError("the IDs of the presentation contexts are not distinct odd numbers")
    return AssociationRequest(
        called_aet=_title(body[4 : 4 + LONGEST_AET]),
        calling_aet=_title(body[20 : 20 + LONGEST_AET]),
        contexts=tuple(contexts),
        version=bool(body[1] & 1),
        application_context=application,
        titles=bytes(body[4:36]),
    )


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields type and value of each item.

    Raises:
        PduError: an item is longer than the data.
    """
    at = 0
    while at < len(data):
        if at + ITEM.size > len(data):
            raise PduError("an item of the A-ASSOCIATE-RQ PDU is truncated")
        kind, length = ITEM.unpack_from(data, at)
        at += ITEM.size
        if at + length > len(data):
            raise PduError("an item of the A-ASSOCIATE-RQ PDU is longer than the PDU")
        yield kind, data[at : at + length]
        at += length


def _context(value: bytes) -> ProposedContext:
    """Returns a presentation context (PS3.8 9.3.2.2)."""
    if len(value) < 4:
        raise PduError("a presentation context is too short")
    abstract, transfer = "", []
    for kind, inner in _items(value[4:]):
        if kind == 0x30:
            abstract = _uid(inner)
        elif kind == 0x40:
            transfer.append(_uid(inner))
    return ProposedContext(value[0], abstract, tuple(transfer))


def _uid(value: bytes) -> str:
    """Returns a UID without padding. Characters that UIDs cannot have match no UID."""
    return value.decode("latin-1").rstrip("\0 ")


def _title(value: bytes) -> str:
    return value.decode("latin-1").strip("\0 ")


def accepted(request: AssociationRequest, answers: tuple[Answered, ...], max_pdu: int) -> bytes:
    """Returns an A-ASSOCIATE-AC PDU (PS3.8 9.3.3).

    Args:
        request: what it answers.
        answers: one for each proposed presentation context.
        max_pdu: the longest P-DATA-TF PDU to receive, in bytes.
    """
    contexts = b"".join(
        _item(0x21, bytes((a.number, 0, a.result, 0)) + _item(0x40, a.transfer_syntax.encode()))
        for a in answers
    )
    user = _item(
        0x50,
        _item(0x51, struct.pack(">L", max_pdu))
        + _item(0x52, IMPLEMENTATION_CLASS_UID.encode())
        + _item(0x55, IMPLEMENTATION_VERSION.encode()[:LONGEST_AET]),
    )
    head = b"\0\1\0\0" + request.titles + bytes(32)
    context = _item(0x10, APPLICATION_CONTEXT.encode())
    return pdu(ASSOCIATE_AC, head + context + contexts + user)


def _item(kind: int, value: bytes) -> bytes:
    return ITEM.pack(kind, len(value)) + value


def pdu(kind: int, body: bytes) -> bytes:
    """Returns a PDU with its type and length."""
    return HEAD.pack(kind, len(body)) + body


def rejected(result: int, source: int, reason: int) -> bytes:
    """Returns an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""
    return pdu(ASSOCIATE_RJ, bytes((0, result, source, reason)))


def released() -> bytes:
    """Returns an A-RELEASE-RP PDU (PS3.8 9.3.7)."""
    return pdu(RELEASE_RP, bytes(4))


def aborted(reason: int) -> bytes:
    """Returns an A-ABORT PDU of the service provider (PS3.8 9.3.8)."""
    return pdu(ABORT, bytes((0, 0, 2, reason)))
