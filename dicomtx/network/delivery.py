"""What is sent, and what the peer answered."""

from collections.abc import Mapping
from typing import Protocol

from dicomtx.frozen import Frozen
from dicomtx.storage.source import Source

Contexts = Mapping[str, tuple[str, ...]]
"""The Transfer Syntax UIDs to propose for each SOP Class UID, most wanted first."""


class Instance(Frozen):
    """An instance as it is sent.

    Attributes:
        sop_class_uid: SOP Class UID of the data set.
        sop_instance_uid: SOP Instance UID of the data set.
        transfer_syntax_uid: the syntax that the data set is in.
        file: the complete Part 10 file.
        data_set: offset of the data set in the file, behind the file meta information.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    file: Source
    data_set: int


class Delivery(Frozen):
    """The answer of a peer to one instance.

    Attributes:
        delivered: whether the peer has the instance now. Warnings count as delivered, and so does
            0111: the peer had it before (PS3.4 B.2.3).
        status: the DIMSE status in four hexadecimal digits such as "0000", or "HTTP 200"; empty if
            the peer did not answer.
        reason: the peer's comment, or what went wrong; empty if there is nothing to tell.
        again: whether another attempt could succeed.
        wait: the seconds that the peer asks to wait before another attempt; 0 if it does not.
    """

    delivered: bool
    status: str = ""
    reason: str = ""
    again: bool = False
    wait: float = 0


class Connection(Protocol):
    """An open connection to a peer. One thread uses it at a time."""

    def accepts(self, sop_class_uid: str, transfer_syntax_uid: str) -> bool:
        """Returns whether the peer takes instances of the class in the syntax."""

    def send(self, instance: Instance) -> Delivery:
        """Sends one instance as it is. Never changes its syntax.

        Raises:
            NetworkError: the connection is lost; the instance may have been delivered.
        """

    def close(self) -> None:
        """Releases the connection."""
