"""The PDUs that open an association: A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3)."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from dicomtx.frozen import Frozen
from dicomtx.network.address import LONGEST_AET
from dicomtx.network.dimse.pdu import ASSOCIATE_AC, ASSOCIATE_RQ, PduError, item, items, pdu
from dicomtx.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

FIXED: Final = 68  # bytes before the items of A-ASSOCIATE-RQ and A-ASSOCIATE-AC
APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
ACCEPTED, NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX = 0, 3, 4
RESULTS: Final = (
    "accepted",
    "rejected by the user",
    "rejected without a reason",
    "SOP class not supported",
    "transfer syntax not supported",
)
"""The answers to a presentation context (PS3.8 9.3.3.2)."""


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
    for kind, value in items(body[FIXED:]):
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


def _context(value: bytes) -> ProposedContext:
    """Returns a presentation context (PS3.8 9.3.2.2)."""
    if len(value) < 4:
        raise PduError("a presentation context is too short")
    abstract, transfer = "", []
    for kind, inner in items(value[4:]):
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


class AssociationAnswer(NamedTuple):
    """What an A-ASSOCIATE-AC PDU says.

    Attributes:
        contexts: the result and the transfer syntax of each presentation context, by its ID.
        max_pdu: the largest P-DATA-TF that the peer takes, in bytes; 0 means no limit.
    """

    contexts: dict[int, tuple[int, str]]
    max_pdu: int


def associate_request(
    called: str,
    calling: str,
    contexts: Sequence[tuple[str, str]],
    max_pdu: int,
    received: Sequence[str] = (),
) -> bytes:
    """Returns an A-ASSOCIATE-RQ PDU with one transfer syntax for each presentation context.

    Args:
        called: AE title of the peer.
        calling: our AE title.
        contexts: SOP Class UID and Transfer Syntax UID of each; the IDs are 1, 3, 5 and so on.
        max_pdu: the largest P-DATA-TF that we take, in bytes.
        received: SOP Class UIDs of what the peer sends: we are their SCP (PS3.7 D.3.3.4).
    """
    titles = called.ljust(LONGEST_AET).encode() + calling.ljust(LONGEST_AET).encode()
    proposed = b"".join(
        item(
            0x20,
            bytes((2 * index + 1, 0, 0, 0))
            + item(0x30, sop_class.encode())
            + item(0x40, syntax.encode()),
        )
        for index, (sop_class, syntax) in enumerate(contexts)
    )
    roles = b"".join(
        item(0x54, struct.pack(">H", len(uid)) + uid.encode() + b"\0\1") for uid in received
    )
    return pdu(ASSOCIATE_RQ, _body(titles, proposed, max_pdu, roles))


def accepted(request: AssociationRequest, answers: tuple[Answered, ...], max_pdu: int) -> bytes:
    """Returns an A-ASSOCIATE-AC PDU.

    Args:
        request: what it answers.
        answers: one for each proposed presentation context.
        max_pdu: the longest P-DATA-TF PDU to receive, in bytes.
    """
    contexts = b"".join(
        item(0x21, bytes((a.number, 0, a.result, 0)) + item(0x40, a.transfer_syntax.encode()))
        for a in answers
    )
    return pdu(ASSOCIATE_AC, _body(request.titles, contexts, max_pdu))


def _body(titles: bytes, contexts: bytes, max_pdu: int, roles: bytes = b"") -> bytes:
    """Returns the content of either PDU: both have the same form."""
    user = item(0x51, struct.pack(">L", max_pdu))
    user += item(0x52, IMPLEMENTATION_CLASS_UID.encode())
    user += roles  # the items are in the order of their types
    user += item(0x55, IMPLEMENTATION_VERSION.encode()[:LONGEST_AET])
    application = item(0x10, APPLICATION_CONTEXT.encode())
    return b"\0\1\0\0" + titles + bytes(32) + application + contexts + item(0x50, user)


def association_answer(body: bytes) -> AssociationAnswer:
    """Returns the content of an A-ASSOCIATE-AC PDU.

    Args:
        body: the PDU without its type and length.

    Raises:
        PduError: its items do not fit.
    """
    contexts, max_pdu = {}, 0
    for kind, value in items(body[FIXED:]):
        if kind == 0x21 and len(value) >= 4:
            syntaxes = [_uid(inner) for sub, inner in items(value[4:]) if sub == 0x40]
            contexts[value[0]] = (value[2], syntaxes[0] if syntaxes else "")
        elif kind == 0x50:
            lengths = [inner for sub, inner in items(value) if sub == 0x51 and len(inner) == 4]
            max_pdu = int.from_bytes(lengths[0]) if lengths else 0
    return AssociationAnswer(contexts, max_pdu)
