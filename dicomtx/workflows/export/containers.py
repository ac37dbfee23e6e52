"""The destinations of an export: a ZIP archive or a folder. Both appear complete or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from dicomtx.errors import DestinationError
from dicomtx.storage.atomic_write import ANY_MODE, PRIVATE, atomic_write, usual_mode
from dicomtx.storage.destination_folders import folder_of, make_folder_below
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import STANDARD_STREAM, Source, reason
from dicomtx.storage.staging import staging_folder
from dicomtx.storage.zip.writer import Time, ZipWriter
from dicomtx.workflows.export import manifest
from dicomtx.workflows.export.append_journal import AppendJournal, open_append_journal

DIRECTORY: Final = "DICOMDIR"
REPLACED: Final = (DIRECTORY, manifest.NAME)  # an append replaces these files


class Container(Protocol):
    """A destination that files are added to.

    Attributes:
        staging: the folder where files are prepared.
        mode: the permission bits that all files so far have in common.
    """

    staging: str
    mode: int

    def take(self, name: str, path: str, when: Time, *, deflate: bool) -> None:
        """Moves a file from the staging folder into the container."""

    def copy(self, name: str, source: Source, when: Time, *, deflate: bool) -> None:
        """Copies the bytes of a source into the container."""


class Archive:
    """A ZIP archive that is being written."""

    def __init__(self, staging: str, writer: ZipWriter) -> None:
        """Uses ``writer`` to write the members."""
        self.staging = staging
        self.mode = ANY_MODE
        self._writer = writer

    def take(self, name: str, path: str, when: Time, *, deflate: bool) -> None:
        """Adds a staged file and removes it from the staging folder."""
        with LocalFile(path).open() as source:
            self.copy(name, source, when, deflate=deflate)
        os.unlink(path)

    def copy(self, name: str, source: Source, when: Time, *, deflate: bool) -> None:
        """Adds the bytes of a source."""
        self.mode &= source.mode
        self._writer.add(name, source, when, deflate=deflate)


@contextmanager
def archive(path: str, *, overwrite: bool) -> Iterator[Archive]:
    """Yields a new ZIP archive. It appears, complete, if the block ends without an error.

    Raises:
        DestinationError: the archive exists and ``overwrite`` is false, or cannot be written.
    """
    with (
        atomic_write(path, overwrite=overwrite, mode=PRIVATE) as fd,
        staging_folder(path) as staging,
        ZipWriter(fd, staging) as writer,
    ):
        made = Archive(staging, writer)
        yield made
        writer.finish()
        if path != STANDARD_STREAM:
            os.fchmod(fd, usual_mode(path) & made.mode)


class Folder:
    """A folder that is being written. Files are renamed into place on the same file system."""

    def __init__(self, staging: str, tree: str, journal: AppendJournal | None = None) -> None:
        """Writes files below ``tree``. When appending, ``journal`` records each file."""
        self.staging = staging
        self.mode = ANY_MODE
        self._journal = journal
        self._tree = tree
        self._folders: set[str] = set()

    def take(self, name: str, path: str, when: Time, *, deflate: bool) -> None:  # noqa: ARG002
        """Moves a staged file to its place."""
        target = self._target(name)
        with folder_of(target, self._tree) as folder:
            try:
                self.mode &= os.stat(path).st_mode
                if name not in REPLACED and os.path.lexists(target):
                    raise DestinationError(f"{target} already exists")
                if self._journal and name not in REPLACED:
                    self._journal.note(name, path)
                os.replace(path, os.path.basename(target), dst_dir_fd=folder)
            except OSError as error:
                told = f"cannot move a file to {target}: {reason(error)}"
                raise DestinationError(told) from error

    def copy(self, name: str, source: Source, when: Time, *, deflate: bool) -> None:
        """Writes the bytes of a source to a staged file and moves it to its place."""
        path = os.path.join(self.staging, "copied")
        with atomic_write(path, overwrite=True, mode=source.mode) as fd:
            source.copy_to(fd, 0, source.size)
        self.take(name, path, when, deflate=deflate)

    def _target(self, name: str) -> str:
        target = os.path.join(self._tree, name)
        folder = os.path.dirname(target)
        if folder not in self._folders:
            make_folder_below(self._tree, target)
            self._folders.add(folder)
        return target


@contextmanager
def folder(path: str) -> Iterator[Folder]:
    """Yields a new folder. It appears, complete, if the block ends without an error.

    Raises:
        DestinationError: the folder exists and is not empty, or cannot be replaced or written.
    """
    check_folder(path)
    target = os.path.realpath(path)  # if path is a symbolic link, it stays
    with staging_folder(target) as staging:
        tree = os.path.join(staging, "tree")
        os.mkdir(tree)
        yield Folder(staging, tree)
        try:
            os.replace(tree, target)
        except OSError as error:
            raise DestinationError(f"cannot write {path}: {reason(error)}") from error


def check_folder(path: str) -> None:
    """Checks that a new folder can get this path.

    Raises:
        DestinationError: the folder exists and is not empty, or cannot be replaced.
    """
    if os.path.lexists(path) and not (os.path.isdir(path) and not os.listdir(path)):
        raise DestinationError(
            f"{path} already exists; use --append to add to its File-set, or name a new folder"
        )
    target = os.path.realpath(path)
    if target == os.getcwd():
        raise DestinationError(f"{path} is the working directory; name a new folder in it")
    if os.path.ismount(target):
        raise DestinationError(f"{path} is a mount point; name a new folder in it")


@contextmanager
def appended(path: str) -> Iterator[Folder]:
    """Yields an existing folder to append to. On any error, the added files are removed.

    The leftovers of an interrupted append are removed first.

    Raises:
        DestinationError: the folder has no DICOMDIR, or another run is appending to it.
    """
    check_file_set(path)
    directory = os.path.join(path, DIRECTORY)
    with open_append_journal(directory) as journal, staging_folder(directory) as staging:
        made = Folder(staging, path, journal)
        made.mode = usual_mode(directory)
        yield made


def check_file_set(path: str) -> None:
    """Checks that a folder has a File-set to append to.

    Raises:
        DestinationError: the folder has no DICOMDIR.
    """
    if not os.path.isfile(os.path.join(path, DIRECTORY)):
        raise DestinationError(f"{path} has no DICOMDIR; there is no File-set to append to")
