"""Sends instances by C-STORE (PS3.4 B, PS3.7 9.1.1)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from dicomtx.network.address import DicomAddress
from dicomtx.network.delivery import Contexts, Delivery, Instance
from dicomtx.network.dimse.association import (
    DEFAULTS,
    MOST_CONTEXTS,
    Association,
    Context,
    DimseOptions,
)
from dicomtx.network.dimse.association_pdus import RESULTS
from dicomtx.network.dimse.command_set import Response
from dicomtx.transfer_syntaxes import by_uid

DELIVERED: Final = {
    0x0000: "",
    0x0111: "the peer already has the instance",
    0xB000: "the peer changed values of elements",
    0xB006: "the peer discarded elements",
    0xB007: "the data set does not match its SOP class",
}
"""The statuses after which the peer has the instance (PS3.4 B.2.3)."""
FAILED: Final = {
    0x0106: "invalid attribute value",
    0x0110: "processing failure",
    0x0117: "invalid SOP Instance UID",
    0x0122: "SOP class not supported",
    0x0124: "not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
}
"""Statuses of single values (PS3.7 C); ``_meaning`` knows the ranges."""
AGAIN: Final = (0x0110, 0x0213)
LONGEST_UID: Final = 64
UID_CHARACTERS: Final = frozenset("0123456789.")
ACCEPTED: Final = RESULTS[0]


@contextmanager
def connect(
    address: DicomAddress, contexts: Contexts, options: DimseOptions = DEFAULTS
) -> Iterator["StoreScu"]:
    """Yields a connection to a peer, and releases its associations at the end.

    Args:
        address: the peer.
        contexts: the syntaxes to propose for each SOP class. Past 128 contexts, further
            associations are requested when they are needed.
        options: our AE title, time limits and certificates.

    Raises:
        UnreachableError: the peer cannot be reached, or rejects the association.
    """
    connection = StoreScu(address, contexts, options)
    try:
        yield connection
    finally:
        connection.close()


class StoreScu:
    """A connection that sends by C-STORE. It associates again if the peer has gone meanwhile.

    One association is open at a time: DCMTK's storescp, for one, lets a second one wait.
    """

    def __init__(self, address: DicomAddress, contexts: Contexts, options: DimseOptions) -> None:
        """Remembers the contexts; the first use associates."""
        self._address = address
        self._options = options
        self._groups = grouped(contexts)
        self._group_of = {c: number for number, group in enumerate(self._groups) for c in group}
        self._answers: dict[Context, str] = {}
        self._open: Association | None = None
        self._number = -1  # the group of the open association

    def accepts(self, sop_class_uid: str, transfer_syntax_uid: str) -> bool:
        """Returns whether the peer takes instances of the class in the syntax.

        Raises:
            UnreachableError: the peer cannot be reached, or rejects the association.
        """
        return self.answer(sop_class_uid, transfer_syntax_uid) == ACCEPTED

    def answer(self, sop_class_uid: str, transfer_syntax_uid: str) -> str:
        """Returns the peer's answer to a context: "accepted", or "SOP class not supported".

        Raises:
            UnreachableError: the peer cannot be reached, or rejects the association.
        """
        context = (sop_class_uid, transfer_syntax_uid)
        if context not in self._group_of:
            return "not proposed"
        if context not in self._answers:
            self._association(context)
        return self._answers[context]

    def send(self, instance: Instance) -> Delivery:
        """Sends one instance as it is.

        Raises:
            NetworkError: the connection is lost; the instance may have been delivered.
            SourceError: the file cannot be read.
        """
        wrong = unsendable(instance)
        if wrong:
            return Delivery(delivered=False, reason=wrong)
        context = (instance.sop_class_uid, instance.transfer_syntax_uid)
        if not self.accepts(*context):
            return Delivery(delivered=False, reason=f"the peer: {self.answer(*context)}")
        association = self._association(context)
        if not association.accepts(context):
            return Delivery(delivered=False, reason="the peer does not accept it any more")
        try:
            response = association.store(
                context, instance.sop_instance_uid, instance.file, instance.data_set
            )
        except BaseException:
            self._open = None
            association.abort()
            raise
        return delivery_of(response)

    def _association(self, context: Context) -> Association:
        """Returns an association that proposed a context: the open one, or a new one."""
        number = self._group_of[context]
        if self._open and self._number == number and self._open.idle():
            return self._open
        self.close()
        group = self._groups[number]
        self._open = Association(self._address, group, self._options)
        self._number = number
        self._answers.update((context, self._open.answer(context)) for context in group)
        return self._open

    def close(self) -> None:
        """Releases the association, if one is open."""
        if self._open:
            association, self._open = self._open, None
            association.release()


def grouped(contexts: Contexts) -> list[list[Context]]:
    """Returns the contexts in groups of at most 128.

    The syntaxes of a SOP class are in one group, unless there are more than 128.
    """
    groups: list[list[Context]] = [[]]
    for sop_class, syntaxes in contexts.items():
        wanted = [(sop_class, syntax) for syntax in dict.fromkeys(syntaxes)]
        if len(groups[-1]) + len(wanted) > MOST_CONTEXTS:
            groups.append([])
        for start in range(0, len(wanted), MOST_CONTEXTS):
            if start:
                groups.append([])
            groups[-1] += wanted[start : start + MOST_CONTEXTS]
    return [group for group in groups if group]


def unsendable(instance: Instance) -> str:
    """Returns why no peer can receive an instance; empty if it can be sent."""
    for uid in (instance.sop_class_uid, instance.sop_instance_uid):
        if not 0 < len(uid) <= LONGEST_UID or not set(uid) <= UID_CHARACTERS:
            return f"{uid!r} is not a UID (PS3.5 9.1)"
    odd = (instance.file.size - instance.data_set) % 2
    if odd and not by_uid(instance.transfer_syntax_uid).deflated:
        return "the data set has an odd length, so no PDU can carry it (PS3.8 E.2)"
    return ""


def delivery_of(response: Response) -> Delivery:
    """Returns what a response means for the instance (PS3.4 B.2.3)."""
    status = response.status
    told = [_meaning(status), response.comment]
    return Delivery(
        delivered=status in DELIVERED,
        status=f"{status:04X}",
        reason=": ".join(text for text in told if text),
        again=status & 0xFF00 == 0xA700 or status in AGAIN,
    )


def _meaning(status: int) -> str:
    """Returns the meaning of a status; empty for success."""
    ranges: Sequence[tuple[int, int, str]] = (
        (0xA700, 0xFF00, "out of resources"),
        (0xA900, 0xFF00, "the data set does not match its SOP class"),
        (0xC000, 0xF000, "the peer cannot understand the data set"),
    )
    known = DELIVERED.get(status, FAILED.get(status))
    if known is not None:
        return known
    return next((text for base, mask, text in ranges if status & mask == base), "unknown status")
