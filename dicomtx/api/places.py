"""Sources and destinations of the Python API: paths and binary streams."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import BinaryIO

from dicomtx.errors import UsageError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location, locate

Path = str | os.PathLike[str]
Place = Path | BinaryIO


def name_of(place: Place, path: str) -> str:
    """Returns the name of a place in a result: the path, or the name of a stream."""
    if isinstance(place, str | os.PathLike):
        return path
    name = getattr(place, "name", "")
    return name if isinstance(name, str) and name else "<stream>"


def _check_stream(place: object, method: str) -> None:
    """Checks that a source or destination is a binary stream.

    Raises:
        UsageError: it has no such method; pydicom's Dataset and bytes are usual mistakes.
    """
    if not hasattr(place, method):
        raise UsageError(
            f"{type(place).__name__} is neither a path nor a binary stream; use transcode_dataset"
            " for a pydicom Dataset, and transcode_bytes for bytes"
        )


@contextmanager
def to_read(source: Place) -> Iterator[Location]:
    """Yields the source; a stream is first copied to a temporary file."""
    if isinstance(source, str | os.PathLike):
        yield locate(os.fspath(source))
        return
    _check_stream(source, "read")
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "source")
        with open(path, "wb") as file:
            shutil.copyfileobj(source, file)
        yield LocalFile(path)


@contextmanager
def to_write(destination: Place) -> Iterator[str]:
    """Yields a path to write to; for a stream, the file is copied to it at the end."""
    if isinstance(destination, str | os.PathLike):
        yield os.fspath(destination)
        return
    _check_stream(destination, "write")
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "destination")
        yield path
        if os.path.exists(path):
            with open(path, "rb") as file:
                shutil.copyfileobj(file, destination)
