"""The destinations of an export at a URL: a ZIP archive, or the objects of a File-set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dicomtx.errors import DestinationError, SourceError
from dicomtx.storage.atomic_write import ANY_MODE
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.outputs import outputs_at
from dicomtx.storage.remote.remote_write import remote_write, store_to_write
from dicomtx.storage.remote.store import Store
from dicomtx.storage.remote.streamed_write import streamed_write
from dicomtx.storage.source import Source, Spool
from dicomtx.storage.staging import staging_folder
from dicomtx.storage.zip.writer import FEW, Time, ZipWriter
from dicomtx.urls import without_secrets
from dicomtx.workflows.export.containers import Archive


@contextmanager
def archive(url: str, *, overwrite: bool) -> Iterator[Archive]:
    """Yields a new ZIP archive, which is uploaded while it is written.

    It appears, complete, if the block ends without an error.

    Raises:
        DestinationError: the archive exists and ``overwrite`` is false, or cannot be written.
    """
    with (
        streamed_write(url, overwrite=overwrite) as write,
        staging_folder(url) as staging,
        ZipWriter(write, staging) as writer,
    ):
        yield Archive(staging, writer)
        writer.finish()


class Objects:
    """The objects of a File-set that is being written. The DICOMDIR comes after the images."""

    def __init__(self, staging: str, url: str, written: Spool) -> None:
        """Writes objects below ``url``, and notes their names in ``written``."""
        self.staging = staging
        self.mode = ANY_MODE
        self._url = url
        self._written = written

    def take(self, name: str, path: str, when: Time, *, deflate: bool) -> None:
        """Uploads a staged file and removes it from the staging folder."""
        with LocalFile(path).open() as source:
            self.copy(name, source, when, deflate=deflate)
        os.unlink(path)

    def copy(self, name: str, source: Source, when: Time, *, deflate: bool) -> None:  # noqa: ARG002
        """Uploads the bytes of a source."""
        url = f"{self._url}/{name}"
        outputs_at(url).make_folder_of(url, below=self._url)
        with remote_write(url, overwrite=False) as fd:
            source.copy_to(fd, 0, source.size)
        self._written.write(name.encode() + b"\n")

    def remove(self) -> None:
        """Removes what was uploaded, as far as the store allows."""
        names = b"".join(self._written.source().chunks(0, self._written.size))
        for name in names.decode().splitlines():
            store = Store.of(f"{self._url}/{name}")
            with suppress(Exception):  # the first error says more
                store.system.rm_file(store.path)


@contextmanager
def folder(url: str) -> Iterator[Objects]:
    """Yields a new folder of objects. On any error, the objects are removed.

    Raises:
        DestinationError: there are objects already, or they cannot be written.
    """
    check_folder(url)
    with staging_folder(url) as staging, Spool(staging, FEW) as written:
        objects = Objects(staging, url.rstrip("/"), written)
        try:
            yield objects
        except BaseException:
            objects.remove()
            raise


def check_folder(url: str) -> None:
    """Checks that there are no objects at a URL or below it.

    Raises:
        UsageError: the URL has a password.
        DestinationError: there is an object, or the store does not answer.
    """
    store, name = store_to_write(url, overwrite=True), without_secrets(url)
    try:
        info = store.info()
        empty = not info or (info.get("type") == "directory" and not any(store.listing()))
    except SourceError as error:
        raise DestinationError(f"{name} cannot be written: {error}") from error
    if not empty:
        raise DestinationError(f"{name} already exists; name a new folder")


def check(url: str, *, overwrite: bool, zipped: bool) -> None:
    """Checks that an archive or a folder can be written, as far as that shows without writing.

    Raises:
        UsageError: the URL has a password.
        DestinationError: it exists, or cannot be written.
    """
    if zipped:
        store_to_write(url, overwrite=overwrite)
    else:
        check_folder(url)
