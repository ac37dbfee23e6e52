"""The folder of a spool: the queue, what was received, and what is ready to be sent."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, NamedTuple

from dicomtx.errors import DestinationError
from dicomtx.storage.destination_folders import make_folder
from dicomtx.storage.lock import locked
from dicomtx.storage.source import reason
from dicomtx.workflows.route import queue
from dicomtx.workflows.route.housekeeping import files_of, is_known, is_needed
from dicomtx.workflows.route.queue import Queue, open_queue

ARRIVING: Final = "arriving"
RECEIVED: Final = "received"
READY: Final = "ready"
ORIGINALS: Final = "originals"
PAUSE: Final = 0.05  # seconds until the next look at a lock
TOKEN: Final = 12  # random bytes in the name of a received file


class Spool(NamedTuple):
    """A folder that holds instances until they are delivered.

    Attributes:
        folder: its path.
        keep_original: keep the received files of delivered instances, in ``originals``.
    """

    folder: str
    keep_original: bool = False

    @property
    def database(self) -> str:
        """The path of the queue."""
        return os.path.join(self.folder, queue.NAME)

    @property
    def arriving(self) -> str:
        """The folder where the server writes what it receives; emptied at the start."""
        return os.path.join(self.folder, ARRIVING)

    def path(self, name: str) -> str:
        """Returns the path of a file by its name in the queue."""
        return os.path.join(self.folder, name)

    def make(self) -> None:
        """Makes the folders, which only this user can read.

        Raises:
            DestinationError: a folder cannot be made.
        """
        for folder in (self.folder, *map(self.path, (ARRIVING, RECEIVED, READY))):
            try:
                make_folder(os.path.dirname(folder))
                os.makedirs(folder, 0o700, exist_ok=True)
            except OSError as error:
                raise DestinationError(f"cannot make {folder}: {reason(error)}") from error

    def take(self, path: str) -> str:
        """Moves a complete file into the spool durably; returns its name in the queue.

        Raises:
            OSError: it cannot be moved.
        """
        name = os.path.join(RECEIVED, f"{os.urandom(TOKEN).hex()}.dcm")
        with open(path, "rb") as file:
            os.fsync(file.fileno())
        os.rename(path, self.path(name))
        _sync_folder(self.path(RECEIVED))
        return name

    def finish(self, opened: Queue, instance: int) -> None:
        """Removes the files of an instance that is delivered everywhere, or keeps the original."""
        received, outputs = files_of(opened, instance)
        self._leave(received)
        for name in outputs:
            self.remove(name)

    def remove(self, name: str) -> None:
        """Removes a file; a missing one is not an error."""
        with suppress(FileNotFoundError):
            os.unlink(self.path(name))

    def _leave(self, name: str) -> None:
        """Removes a received file, or moves it to the originals."""
        if not self.keep_original:
            self.remove(name)
            return
        kept = self.path(os.path.join(ORIGINALS, os.path.basename(name)))
        os.makedirs(os.path.dirname(kept), 0o700, exist_ok=True)
        with suppress(FileNotFoundError):  # an earlier run has moved it
            os.rename(self.path(name), kept)

    def sweep(self, opened: Queue) -> None:
        """Finishes what a killed run left: removes all files that no delivery needs.

        Only the process that holds the lock of the spool calls it.
        """
        for name in self._names(ARRIVING):
            self.remove(name)
        for name in self._names(RECEIVED):
            if not is_known(opened, name):  # the sender got no answer, so it has the instance
                self.remove(name)
            elif not is_needed(opened, name):
                self._leave(name)
        for name in self._names(READY):
            if not is_needed(opened, name):
                self.remove(name)

    def _names(self, folder: str) -> Iterator[str]:
        for entry in os.scandir(self.path(folder)):
            if entry.is_file(follow_symlinks=False):
                yield os.path.join(folder, entry.name)


@contextmanager
def held(spool: Spool, patience: float = 0.0) -> Iterator[None]:
    """Holds the lock of a spool, after recovering from a kill.

    No queue of the spool may be open in this process when it forks: SQLite does not allow it. So
    this opens one for the recovery only.

    Args:
        spool: the spool.
        patience: seconds to wait for the processes of a killed run.

    Raises:
        DestinationError: another run uses it, or it cannot be written.
    """
    spool.make()
    with _locked(spool.database, patience):
        with open_queue(spool.database) as opened:
            _recover(spool, opened)
        yield


def recovered(spool: Spool, opened: Queue) -> bool:
    """Recovers from a kill if no run uses the spool; returns whether that is so."""
    try:
        with locked(spool.database):
            _recover(spool, opened)
    except DestinationError:
        return False
    return True


def _recover(spool: Spool, opened: Queue) -> None:
    opened.recover_conversions()
    opened.recover()
    spool.sweep(opened)


@contextmanager
def _locked(path: str, patience: float) -> Iterator[None]:
    """Holds a lock, for which it waits."""
    until = time.monotonic() + patience
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(path))
                break
            except DestinationError:
                if time.monotonic() >= until:
                    raise
                time.sleep(PAUSE)
        yield


def _sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
