"""Where bytes are, as one value: a local file, a member of an archive, standard input.

A new kind of source is one class with what ``Location`` has, and one row in ``KINDS``. Everything
above opens, names and compares sources by these methods, and does not ask which kind it has.

>>> locate("in.dcm")
LocalFile(path='in.dcm')
>>> locate("-").name
'-'
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple, Protocol

from dicomtx.errors import SourceError
from dicomtx.storage.local_file import LocalFile, Stat, is_regular, source_of
from dicomtx.storage.source import (
    CHUNK,
    STANDARD_STREAM,
    Source,
    Spool,
    reason,
    temporary_folder,
)


class Location(Protocol):
    """Where bytes are: a value that does not change, and that pickles on its way to a worker."""

    @property
    def name(self) -> str:
        """What messages and reports show."""

    @property
    def path(self) -> str:
        """The local file that holds the bytes, with which ``name`` begins; empty if none does."""

    def absolute(self) -> "Location":
        """Returns the same location as it is called from any working directory."""

    def stat(self) -> Stat | None:
        """Returns what is known of the bytes; None if they are not there.

        Where nothing is known it is always the same ``Stat()``.

        Raises:
            SourceError: they cannot be looked at.
        """

    def open(self) -> AbstractContextManager[Source]:
        """Opens the bytes to be read at any position.

        Raises:
            SourceError: they are missing or cannot be read.
        """


class StandardInput(NamedTuple):
    """Standard input; a pipe is spooled, since it has no positions."""

    name: str = STANDARD_STREAM

    @property
    def path(self) -> str:
        """No local file."""
        return ""

    def absolute(self) -> "StandardInput":
        """Returns itself."""
        return self

    def stat(self) -> Stat:
        """Returns that nothing is known."""
        return Stat()

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Opens what is left of it.

        Raises:
            SourceError: it cannot be read.
        """
        if is_regular(0) and os.lseek(0, 0, os.SEEK_CUR) == 0:
            yield source_of(0)
            return
        with Spool(temporary_folder()) as spool:
            try:
                while data := os.read(0, CHUNK):
                    spool.write(data)
            except OSError as error:  # it is open for writing only
                raise SourceError(f"cannot be read: {reason(error)}") from error
            yield spool.source()


KINDS: Final[dict[str, Callable[[str], Location]]] = {
    STANDARD_STREAM: StandardInput,
}
"""The kinds of sources by their scheme with ``://``, or by their whole name; others are files."""


def locate(text: str) -> Location:
    """Returns the location that a user names."""
    scheme, mark, _ = text.partition("://")
    return KINDS.get(scheme + mark, LocalFile)(text)
