"""The files that wait in a watched folder, from the first sight until they are taken."""

import os
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from dicomtx.workflows.inputs.walk import identity, walk
from dicomtx.workflows.watch.arrivals import Arrivals
from dicomtx.workflows.watch.job import Watch
from dicomtx.workflows.watch.records import Records
from dicomtx.workflows.watch.settled import Identity, Settling, is_gone, is_own, is_unfinished

MOST: Final = 10_000  # files that wait in memory; the others wait in the folder


class Taken(NamedTuple):
    """A complete file that was taken."""

    path: str
    identity: Identity


class Incoming:
    """Finds the files in a folder, and gives out those that are complete and not done.

    Args:
        watch: the folder, and which files in it to take.
        records: the files that are done, or failed, and stay.
        arrivals: the paths that changed.
        fault: gets a path that cannot be read, and why.
        clock: tells the time in seconds.
    """

    def __init__(
        self,
        watch: Watch,
        records: Records,
        arrivals: Arrivals,
        fault: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = watch.places.folder
        self._below = os.path.join(self._folder, "")
        self._globs = watch.globs
        self._rescan = watch.rescan
        self._settling = Settling(watch.settle, clock)
        self._records = records
        self._arrivals = arrivals
        self._fault = fault
        self._clock = clock
        self._next_scan = clock()
        self._more = False
        self._complete: dict[str, Identity] = {}
        self._taken: set[str] = set()
        self._faults: set[str] = set()

    def __len__(self) -> int:
        return len(self._settling) + len(self._complete) + len(self._taken)

    @property
    def is_empty(self) -> bool:
        """Whether no file waits, and none is being converted."""
        return not (len(self) or self._more)

    def look(self) -> None:
        """Looks at what has changed, and now and then at the whole folder."""
        for path in self._arrivals.take():
            self._look_at(path)
        few = self._more and len(self) < MOST // 2
        if few or self._clock() >= self._next_scan:
            self._scan_all()
        self._complete |= self._settling.complete()

    def take(self) -> Taken | None:
        """Returns the next complete file; None if there is none at the moment."""
        while self._complete:
            path = next(iter(self._complete))
            complete = self._complete.pop(path)
            if Identity.of(path) == complete:
                self._taken.add(path)
                return Taken(path, complete)
            self._see(path)
        return None

    def give_back(self, path: str) -> None:
        """Forgets that a file was taken; the next look at the whole folder finds it if it stays."""
        self._taken.discard(path)

    def see_again(self, path: str) -> None:
        """Waits for a file that was taken, but changed since."""
        self._taken.discard(path)
        self._see(path)

    def relative(self, path: str) -> str:
        """Returns the path of a file in the folder."""
        return path[len(self._below) :]

    def _look_at(self, path: str) -> None:
        """Looks at a path that changed: a file, or a folder that was moved here."""
        if not path.startswith(self._below):
            return
        above = os.path.dirname(path)
        if os.path.realpath(above) != above:  # a link on the way is not followed
            return
        if not os.path.isdir(path):
            self._see(path)
        elif self._enters(path, ""):
            self._scan(path)

    def _scan_all(self) -> None:
        """Looks at the whole folder, and drops the records of files that were removed."""
        self._more = False
        self._scan(self._folder)
        self._drop_records()
        self._next_scan = self._clock() + self._rescan

    def _drop_records(self) -> None:
        """Drops the records of files that were removed; not if their disk is not mounted."""
        device, _ = identity(self._folder)
        for source in filter(is_gone, self._records.sources()):
            record = self._records.of(source)
            if record and record.identity.device == device:
                self._records.forget(source)

    def _scan(self, folder: str) -> None:
        for found in walk(folder, self._enters, follow=False):
            if len(self) >= MOST:
                self._more = True
                return
            if found.error:
                if found.path not in self._faults:
                    self._faults.add(found.path)
                    self._fault(found.path, found.error)
            else:
                self._see(found.path)

    def _enters(self, path: str, _relative: str) -> bool:
        relative = self.relative(path)
        hidden = is_unfinished(relative) or self._globs.excludes(relative)
        return not (hidden or os.path.islink(path))

    def _see(self, path: str) -> None:
        """Notes a file, unless it is ignored, taken or done."""
        relative = self.relative(path)
        if is_unfinished(relative):
            if not is_own(os.path.basename(path)):
                self._settling.see_unfinished(path)
            return
        if self._globs.excludes(relative) or not self._globs.includes(relative):
            return
        if path in self._taken or path in self._complete:
            return
        found, record = Identity.of(path), self._records.of(path)
        if found and not (record and record.identity == found):
            self._settling.see(path, found)
