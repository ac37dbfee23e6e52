"""Finds the objects that a URL names."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from dicomtx.errors import DicomtxError
from dicomtx.storage.location import Location
from dicomtx.storage.remote.remote_file import RemoteFile
from dicomtx.workflows.boundary import boundary

T = TypeVar("T")


def remote_files(
    source: Location, without: Iterable[str] = ()
) -> Iterator[tuple[Location, str, str]]:
    """Yields the objects at a URL or below it, with their paths below it and an error.

    Args:
        source: the URL.
        without: URLs of folders below it to skip, such as the destination.
    """
    top = f"{source.name.rstrip('/')}/"
    skipped = tuple(f"{place.rstrip('/')}/" for place in without if place.startswith(top))
    if not isinstance(source, RemoteFile):
        yield source, "", ""
        return
    try:
        with boundary():
            for file, relative in source.files():
                if not file.name.startswith(skipped):
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
