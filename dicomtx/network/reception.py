"""What arrives from a peer, and what is answered."""

from typing import NamedTuple, Protocol

SUCCESS, FAILURE, DUPLICATE, INVALID_INSTANCE = 0x0000, 0x0110, 0x0111, 0x0117
NO_SUCH_CLASS, UNKNOWN_OPERATION = 0x0122, 0x0211
OUT_OF_RESOURCES, MISMATCH, NOT_UNDERSTOOD = 0xA700, 0xA900, 0xC000
"""Statuses of C-STORE (PS3.4 B.2.3, PS3.7 9.1.1.1.9)."""


class Answer(NamedTuple):
    """The answer to a C-STORE request: the status, and a comment of at most 64 characters."""

    status: int
    comment: str = ""


class Caller(NamedTuple):
    """The peer of an association."""

    calling_aet: str
    called_aet: str
    host: str
    port: int


class Incoming(NamedTuple):
    """A C-STORE request whose data set is about to arrive."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    caller: Caller


class Receiver(Protocol):
    """Receives the data set of one instance."""

    def write(self, data: memoryview) -> None:
        """Takes the next bytes. It raises nothing: ``finish`` says what went wrong."""

    def finish(self) -> Answer:
        """Called when the data set is complete. The status is sent when this returns."""

    def discard(self) -> None:
        """Called instead of ``finish`` if the data set will never be complete."""


class Handler(Protocol):
    """Decides what happens to instances. Each association calls it from a thread of its own."""

    def begin(self, incoming: Incoming) -> Receiver | Answer:
        """Returns what receives the data set, or the answer if it is not wanted."""

    def note(self, caller: Caller | str, text: str) -> None:
        """Called with what happened to an association, for the log."""


class Limits(NamedTuple):
    """The limits of an association.

    Attributes:
        max_pdu: the longest PDU to receive, in bytes.
        contexts: how many presentation contexts a request can have.
        idle: seconds for each PDU to arrive.
        instance: seconds for each instance to arrive; 0 means no limit.
        total: seconds for the association; 0 means no limit.
        size: bytes of a data set; 0 means no limit.
    """

    max_pdu: int = 1 << 17
    contexts: int = 128
    idle: float = 60.0
    instance: float = 3600.0
    total: float = 0.0
    size: int = 0
