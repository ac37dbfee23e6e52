"""Journal of the files that an append adds to a File-set, to clean up after an interruption."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.dicom.file_set.dicomdir_reader import file_key, referenced_files
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DestinationError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.own_files import own_file
from dicomtx.storage.source import write_all

NAME: Final = ".dicomtx-append.journal"
INSTEAD: Final = "remove it; the files it lists may be missing from the DICOMDIR"
LONGEST: Final = 1 << 20
CLOCK: Final = 2 * 10**9  # nanoseconds; FAT rounds times by up to this much
CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/")


class AppendJournal:
    """The journal of one append. Each file is recorded on disk before it gets its final name."""

    def __init__(self, folder: str, fd: int) -> None:
        """Starts the journal of the File-set ``folder``; ``fd`` is its open, locked file."""
        self._folder = folder
        self._fd = fd

    def note(self, name: str, path: str) -> None:
        """Records a staged file that is about to become ``name`` in the File-set."""
        status = os.stat(path)
        write_all(self._fd, f"{status.st_size} {status.st_mtime_ns} {name}\n".encode())
        os.fdatasync(self._fd)

    def sweep(self, directory: str) -> None:
        """Removes recorded files that are unchanged and that the DICOMDIR does not list."""
        left = {name: (size, time) for name, size, time in self._lines()}
        if left:
            with LocalFile(directory).open() as file, open_part10(file) as part10:
                listed = {file_key(names) for names in referenced_files(part10)}
            for name, noted in left.items():
                if file_key(name.split("/")) not in listed:
                    self._remove(name, noted)
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)

    def _lines(self) -> Iterator[tuple[str, int, int]]:
        """Yields name, size and time of each record. A truncated line has no file yet."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        with open(os.dup(self._fd), encoding="ascii", errors="replace") as lines:
            while line := lines.readline(LONGEST):
                size, _, rest = line.removesuffix("\n").partition(" ")
                time, _, name = rest.partition(" ")
                numbers = size.isdigit() and time.isdigit() and len(size + time) < 40
                if numbers and name and set(name) <= CHARACTERS and line.endswith("\n"):
                    yield name, int(size), int(time)

    def _remove(self, name: str, noted: tuple[int, int]) -> None:
        path = os.path.join(self._folder, *name.split("/"))
        if os.path.realpath(path) != os.path.join(os.path.realpath(self._folder), *name.split("/")):
            return  # a symbolic link leads out of the File-set
        with suppress(OSError):
            status = os.lstat(path)
            if status.st_size == noted[0] and abs(status.st_mtime_ns - noted[1]) <= CLOCK:
                os.unlink(path)


@contextmanager
def open_append_journal(directory: str) -> Iterator[AppendJournal]:
    """Removes the leftovers of an interrupted append, then yields the journal of a new one.

    On success the DICOMDIR lists all added files; on an error they are removed. Either way, the
    journal is deleted at the end.

    Args:
        directory: the DICOMDIR.

    Raises:
        DestinationError: another append is running, or dicomtx did not write the journal.
    """
    folder = os.path.dirname(directory)
    path = os.path.join(folder, NAME)
    with own_file(path, instead=INSTEAD) as fd:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            told = f"another run is appending to {folder}; wait for it to finish"
            raise DestinationError(told) from error
        journal = AppendJournal(folder, fd)
        journal.sweep(directory)
        try:
            yield journal
        except BaseException:
            journal.sweep(directory)
            os.unlink(path)
            raise
        _sync(folder)  # the new DICOMDIR must be on disk before the journal is deleted
        os.unlink(path)


def _sync(folder: str) -> None:
    with suppress(OSError):  # some file systems do not support it
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
