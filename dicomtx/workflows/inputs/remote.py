"""Finds the objects that a URL names."""

from collections.abc import Iterator

from dicomtx.errors import DicomtxError
from dicomtx.storage.location import Location
from dicomtx.storage.remote.remote_file import RemoteFile
from dicomtx.workflows.boundary import boundary


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
