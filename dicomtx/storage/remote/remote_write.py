"""Writes remote objects, which appear complete or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from dicomtx.errors import DestinationError, DicomtxError
from dicomtx.storage.part_files import new_name, start_of
from dicomtx.storage.remote.store import Store
from dicomtx.storage.source import nameless, temporary_folder
from dicomtx.urls import checked, reason_of, without_secrets

PART: Final = 8 << 20  # bytes of a part of an upload; two parts are in memory
EXISTS: Final = "already exists; use --overwrite to replace it"
READ_ONLY: Final = "this kind of URL is read only"
LOST: Final = ("PreconditionFailed", "pre-conditions", "ConditionalRequestConflict")


@contextmanager
def remote_write(
    url: str, *, overwrite: bool, check: Callable[[], None] | None = None
) -> Iterator[int]:
    """Yields a descriptor to write to. The complete object appears at the end of the block.

    The bytes go to a temporary file first, and are uploaded at the end. On any error the upload is
    aborted, and the store is unchanged.

    Args:
        url: the object.
        overwrite: whether to replace an existing object.
        check: called just before the upload. If it raises, the object does not appear.

    Raises:
        UsageError: the URL has a password.
        DestinationError: the object exists and ``overwrite`` is false, or cannot be written.
    """
    store = store_to_write(url, overwrite=overwrite)
    fd = nameless(temporary_folder())
    try:
        yield fd
        if check:
            check()
        _upload(store, fd, overwrite=overwrite)
    finally:
        os.close(fd)


def store_to_write(url: str, *, overwrite: bool) -> Store:
    """Returns the store of an object to write.

    Raises:
        UsageError: the URL has a password.
        DestinationError: the object exists and ``overwrite`` is false, or cannot be written.
    """
    name = without_secrets(checked(url))
    if url.lower().startswith(("http:", "https:")):
        raise DestinationError(f"{name} cannot be written: {READ_ONLY}")
    try:
        store = Store.of(url)
        there = None if overwrite else store.info()
    except DicomtxError as error:
        raise DestinationError(f"{name} cannot be written: {error}") from error
    if there is not None:
        raise DestinationError(f"{name} {EXISTS}")
    return store


@contextmanager
def errors_of(url: str, *, overwrite: bool) -> Iterator[None]:
    """Raises the errors of an upload as ``DestinationError``."""
    name = without_secrets(url)
    try:
        yield
    except DicomtxError:
        raise
    except FileExistsError as error:
        raise DestinationError(f"{name} {EXISTS}") from error
    except FileNotFoundError as error:
        raise DestinationError(f"{name} cannot be written: no such bucket or folder") from error
    except NotImplementedError as error:
        raise DestinationError(f"{name} cannot be written: {READ_ONLY}") from error
    except Exception as error:
        if not overwrite and any(word in str(error) for word in LOST):
            raise DestinationError(f"{name} {EXISTS}") from error
        raise DestinationError(f"{name} cannot be written: {reason_of(error)}") from error


def check_size(store: Store, size: int) -> None:
    """Checks that the object in the store has as many bytes as were written.

    Raises:
        DestinationError: it has not.
    """
    there = store.system.info(store.path)["size"]
    if there != size:
        name = without_secrets(store.url)
        raise DestinationError(f"{name}: the store has {there} bytes, not {size}")


def _upload(store: Store, fd: int, *, overwrite: bool) -> None:
    """Uploads the file and compares the size of the object with it."""
    with errors_of(store.url, overwrite=overwrite):
        _put(store, f"/proc/self/fd/{fd}", overwrite=overwrite)
        check_size(store, os.fstat(fd).st_size)


def _put(store: Store, file: str, *, overwrite: bool) -> None:
    system, path = store.system, store.path
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    mode = "overwrite" if overwrite else "create"
    if "s3" in protocols:
        system.put_file(file, path, chunksize=PART, max_concurrency=1, mode=mode)
    elif hasattr(system, "ftp"):
        _put_by_sftp(system, file, path, overwrite=overwrite)
    elif "file" in protocols:
        raise NotImplementedError
    else:
        system.put_file(file, path, mode=mode)


def _put_by_sftp(system: Any, file: str, path: str, *, overwrite: bool) -> None:
    """Uploads to a part file beside the target, and renames it, which SFTP does at once."""
    part = part_beside(path)
    try:
        system.ftp.put(file, part, confirm=True)
        rename(system, part, path, overwrite=overwrite)
    except BaseException:
        with suppress(OSError):
            system.ftp.remove(part)
        raise


def part_beside(path: str) -> str:
    """Returns a path for a part file beside a target on an SSH server."""
    folder, name = os.path.split(path)
    return os.path.join(folder, new_name(start_of(name)))


def rename(system: Any, part: str, path: str, *, overwrite: bool) -> None:
    """Renames a part file. SFTP version 3 says that ``rename`` replaces no file.

    Raises:
        FileExistsError: there is a file, and ``overwrite`` is false.
    """
    if overwrite:
        system.ftp.posix_rename(part, path)
        return
    try:
        system.ftp.rename(part, path)
    except OSError as error:
        if system.exists(path):
            raise FileExistsError(path) from error
        raise
