"""Tells which files in a watched folder are complete."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Self

from dicomtx.storage.part_files import MARK

UNFINISHED: Final = (".part", ".tmp")
MOST: Final = 10_000  # files under unfinished names whose identity is remembered


class Identity(NamedTuple):
    """Identifies a file in one state. Any write, and any file in its place, gives another one.

    The time of modification is not enough: two files with the same name, size and time are common.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, path: str) -> Self | None:
        """Returns the identity of a regular file; None for anything else. Follows no link."""
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        place = (found.st_dev, found.st_ino)
        return cls(*place, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def is_renamed(self, other: "Identity | None") -> bool:
        """Whether this is the same content under another name, which changes only the ctime."""
        return other is not None and self[:4] == other[:4]


def is_gone(path: str) -> bool:
    """Whether there is certainly no file at a path; a disk that fails does not say so."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def is_unfinished(relative: str) -> bool:
    """Whether a path in the folder has a name that writers use until a file is complete."""
    return any(
        name.startswith(".") or name.lower().endswith(UNFINISHED) for name in relative.split("/")
    )


def is_own(name: str) -> bool:
    """Whether dicomtx gives this name to files that it works on."""
    return name.startswith(MARK)


class Settling:
    """The files that were seen but may be incomplete.

    A file is complete when it was quiet for ``settle`` seconds, by this computer's clock. A file
    that was seen under an unfinished name, and is renamed, is complete at once.
    """

    def __init__(self, settle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle = settle
        self._clock = clock
        self._since: dict[str, tuple[Identity, float]] = {}  # in the order of the times
        self._renamed: dict[str, Identity] = {}
        self._unfinished: set[tuple[int, int]] = set()

    def __len__(self) -> int:
        return len(self._since) + len(self._renamed)

    def see(self, path: str, identity: Identity) -> None:
        """Notes a file in its present state; a change starts its quiet time anew."""
        known = self._since.get(path)
        if known and known[0] == identity:
            return
        self._since.pop(path, None)
        place = identity[:2]
        # of a new file with the number of a removed one, the last change is a write
        if place in self._unfinished and identity.ctime_ns != identity.mtime_ns:
            self._renamed[path] = identity
        elif path not in self._renamed:
            self._since[path] = (identity, self._clock())
        self._unfinished.discard(place)

    def see_unfinished(self, path: str) -> None:
        """Notes a file whose writer will rename it when it is complete."""
        identity = Identity.of(path)
        if identity:
            if len(self._unfinished) >= MOST:
                self._unfinished.clear()
            self._unfinished.add(identity[:2])

    def complete(self) -> Iterator[tuple[str, Identity]]:
        """Yields the files that are complete now, and forgets them."""
        for path, before in self._due():
            identity = Identity.of(path)
            if identity == before:
                yield path, identity
            elif identity:
                self.see(path, identity)

    def _due(self) -> Iterator[tuple[str, Identity]]:
        """Yields the files whose time has come, and removes them."""
        while self._renamed:
            path = next(iter(self._renamed))
            yield path, self._renamed.pop(path)
        now = self._clock()
        while self._since:
            path, (identity, since) = next(iter(self._since.items()))
            if now - since < self._settle:
                return
            del self._since[path]
            yield path, identity
