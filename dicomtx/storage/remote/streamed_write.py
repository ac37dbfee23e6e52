"""Streams remote objects to their store, without a copy of the whole object on this machine.

The object appears complete or not at all, as with ``remote_write``.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Protocol

from dicomtx.storage.remote.remote_write import (
    PART,
    check_size,
    errors_of,
    part_beside,
    remote_write,
    rename,
    store_to_write,
)
from dicomtx.storage.remote.store import Store
from dicomtx.storage.source import write_all

Write = Callable[[bytes], None]
FEW_PARTS: Final = 1000  # of one size; S3 has at most 10,000 parts, and objects up to 5 TB


class Upload(Protocol):
    """An object that is being uploaded."""

    size: int

    def write(self, data: bytes) -> None:
        """Appends bytes."""

    def complete(self) -> None:
        """Makes the object appear."""

    def abort(self) -> None:
        """Removes what was uploaded."""


@contextmanager
def streamed_write(url: str, *, overwrite: bool) -> Iterator[Write]:
    """Yields what takes the bytes in order. The complete object appears at the end of the block.

    On any error the upload is aborted, and the store is unchanged. S3 and SSH servers get the bytes
    as they come. For other stores they go to a temporary file first.

    Args:
        url: the object.
        overwrite: whether to replace an existing object.

    Raises:
        UsageError: the URL has a password.
        DestinationError: the object exists and ``overwrite`` is false, or cannot be written.
    """
    store = store_to_write(url, overwrite=overwrite)
    with errors_of(url, overwrite=overwrite):
        upload = _upload(store, overwrite=overwrite)
    if upload is None:
        with remote_write(url, overwrite=overwrite) as fd:
            yield lambda data: write_all(fd, data)
        return

    def write(data: bytes) -> None:
        with errors_of(url, overwrite=overwrite):
            upload.write(data)

    with ExitStack() as stack:
        stack.callback(upload.abort)
        yield write
        with errors_of(url, overwrite=overwrite):
            upload.complete()
            stack.pop_all()
            check_size(store, upload.size)


def _upload(store: Store, *, overwrite: bool) -> Upload | None:
    """Starts an upload; None if the store has no kind of upload that can be aborted."""
    protocols = store.system.protocol
    if "s3" in ((protocols,) if isinstance(protocols, str) else protocols):
        return _Multipart(store, overwrite=overwrite)
    return _Renamed(store, overwrite=overwrite) if hasattr(store.system, "ftp") else None


class _Multipart:
    """A multipart upload to S3. Parts grow, because their number is limited."""

    def __init__(self, store: Store, *, overwrite: bool) -> None:
        mode = "wb" if overwrite else "xb"
        self._file = store.system.open(store.path, mode, block_size=PART, autocommit=False)
        store.system.transaction.files.remove(self._file)  # it is not part of one
        self.size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)
        self._file.blocksize = PART << (len(self._file.parts or ()) // FEW_PARTS)

    def complete(self) -> None:
        self._file.flush(force=True)
        self._file.commit()
        self._file.close()

    def abort(self) -> None:
        self._file.closed = True  # otherwise it would be uploaded when it is deleted
        with suppress(Exception):  # the store does not answer; the first error says more
            self._file.discard()


class _Renamed:
    """A part file on an SSH server, which gets its name at the end."""

    def __init__(self, store: Store, *, overwrite: bool) -> None:
        self._system: Any = store.system
        self._path, self._part = store.path, part_beside(store.path)
        self._overwrite = overwrite
        self._file = self._system.ftp.open(self._part, "wbx")
        self._file.set_pipelined(True)
        self.size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)

    def complete(self) -> None:
        self._file.close()
        if (there := self._system.ftp.stat(self._part).st_size) != self.size:
            raise OSError(f"the server has {there} bytes, not {self.size}")
        rename(self._system, self._part, self._path, overwrite=self._overwrite)

    def abort(self) -> None:
        with suppress(Exception):
            self._file.close()
        with suppress(Exception):
            self._system.ftp.remove(self._part)
