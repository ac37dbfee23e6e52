"""Finds the objects that a URL names."""

from collections.abc import Iterator
from typing import TypeVar

from dicomtx.errors import DicomtxError
from dicomtx.storage.location import Location
from dicomtx.storage.remote.remote_file import RemoteFile
from dicomtx.workflows.boundary import boundary

T = TypeVar("T")


def remote_files(source: Location) -> Iterator[tuple[Location, str, str]]:
    """Yields the objects at a URL or below it, with their paths below it and an error."""
    if not isinstance(source, RemoteFile):
        yield source, "", ""
        return
    try:
        with boundary():
            for file, relative in source.files():
                yield file, relative, ""
    except DicomtxError as error:
        yield source, "", str(error)


def with_status(archive: Location, members: Iterator[T]) -> Iterator[T]:
    """Yields members of an archive. Their status is known without a request for each."""
    stat = None
    for member in members:
        if isinstance(archive, RemoteFile):
            stat = stat or archive.stat()
            if stat:
                archive.remember(stat)
        yield member
