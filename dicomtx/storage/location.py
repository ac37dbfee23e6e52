"""Locations of sources: a local file, a member of an archive, standard input, or a remote object.

To add a kind of source, write a class that implements ``Location`` and add it to ``KINDS``. All
other code uses only these methods and does not depend on the kind.

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
    """The location of a source. It is immutable, and is pickled to send it to workers."""

    @property
    def name(self) -> str:
        """The name in messages and reports."""

    @property
    def path(self) -> str:
        """The local file with the bytes, a prefix of ``name``; empty if there is none."""

    def absolute(self) -> "Location":
        """Returns the same location, independent of the working directory."""

    def stat(self) -> Stat | None:
        """Returns the status of the source; None if it does not exist.

        If nothing is known, it is always ``Stat()``.

        Raises:
            SourceError: the status cannot be read.
        """

    def open(self) -> AbstractContextManager[Source]:
        """Opens the source for reading at any offset.

        Raises:
            SourceError: the source is missing or cannot be read.
        """


class StandardInput(NamedTuple):
    """Standard input. A pipe is copied to a spool, because it is not seekable."""

    name: str = STANDARD_STREAM

    @property
    def path(self) -> str:
        """Empty: standard input has no path."""
        return ""

    def absolute(self) -> "StandardInput":
        """Returns itself."""
        return self

    def stat(self) -> Stat:
        """Returns an empty status, because nothing is known."""
        return Stat()

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Opens standard input at its current position.

        Raises:
            SourceError: standard input cannot be read.
        """
        if is_regular(0) and os.lseek(0, 0, os.SEEK_CUR) == 0:
            yield source_of(0)
            return
        with Spool(temporary_folder()) as spool:
            try:
                while data := os.read(0, CHUNK):
                    spool.write(data)
            except OSError as error:  # standard input is open for writing only
                raise SourceError(f"cannot be read: {reason(error)}") from error
            yield spool.source()


KINDS: Final[dict[str, Callable[[str], Location]]] = {
    STANDARD_STREAM: StandardInput,
}
"""Kinds of sources by scheme with ``://``, or by complete name.

Other URLs are remote objects, and all other names are local files.
"""


def locate(text: str) -> Location:
    """Returns the location for a name given by the user.

    Raises:
        UsageError: a URL has a password.
    """
    scheme, mark, _ = text.partition("://")
    kind = KINDS.get(scheme + mark)
    if mark and not kind:
        from dicomtx.storage.remote.remote_file import RemoteFile  # noqa: PLC0415 - seldom needed
        from dicomtx.urls import is_url  # noqa: PLC0415

        kind = RemoteFile.of if is_url(text) else None
    return (kind or LocalFile)(text)
