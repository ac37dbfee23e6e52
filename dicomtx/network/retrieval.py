"""What is retrieved from a peer, and how it arrives."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from dicomtx.errors import SourceError
from dicomtx.frozen import Frozen
from dicomtx.network.address import Address

UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*")
LONGEST_UID: Final = 64


def is_uid(text: str) -> bool:
    """Whether a text is a UID (PS3.5 9.1), so that it is safe in paths and URLs.

    >>> is_uid("1.2.840.10008.1.1"), is_uid("../1.2")
    (True, False)
    """
    return len(text) <= LONGEST_UID and UID.fullmatch(text) is not None


class Place(NamedTuple):
    """The UIDs of a study, a series or an instance; empty below the level that is meant."""

    study: str
    series: str = ""
    instance: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, self))

    @property
    def described(self) -> str:
        """The UIDs with their levels.

        >>> Place("1.2", "1.2.3").described
        'study 1.2, series 1.2.3'
        """
        levels = zip(self._fields, self, strict=True)
        return ", ".join(f"{level} {uid}" for level, uid in levels if uid)


def not_there(peer: Address, wanted: Place) -> SourceError:
    """Returns the error for what a peer does not have, or does not show."""
    return SourceError(
        f"{peer}: the peer has no {wanted.described}. Check the UIDs, and whether the peer lets you"
        " read them"
    )


class Arrival(Frozen):
    """An instance as it arrives.

    Attributes:
        chunks: its bytes. They raise ``NetworkError`` if the instance is cut off.
        sop_class_uid: by C-GET, the SOP class, and the bytes are a data set; else empty, and the
            bytes are a Part 10 file.
        sop_instance_uid: by C-GET, the instance.
        transfer_syntax_uid: by C-GET, the syntax of the data set.
    """

    chunks: Iterator[bytes]
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    transfer_syntax_uid: str = ""


Receive = Callable[[Arrival], bool]
"""Stores an instance; returns whether it did. Errors that it raises end the retrieval."""


class Retriever(Protocol):
    """An open connection to a peer that has instances. One thread uses it at a time."""

    def listed(self, wanted: Place) -> Sequence[Place] | None:
        """Returns the instances that the peer has; None if it does not tell.

        Raises:
            NetworkError: it cannot be reached, refuses access, or its answer is invalid.
        """

    def retrieve(self, wanted: Place, receive: Receive) -> None:
        """Retrieves a study, a series or an instance, and calls ``receive`` for each instance.

        Raises:
            NetworkError: the connection is lost, or the peer does not send all of it.
        """
