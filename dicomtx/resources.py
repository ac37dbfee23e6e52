"""How much of the machine a run may use, shared out among the files that it works on at once."""

import os
from contextlib import suppress
from typing import Final, NamedTuple

from dicomtx.settings import Settings

LIMIT_OF_GROUP: Final = "/sys/fs/cgroup/memory.max"


class Budget(NamedTuple):
    """What may be used.

    Attributes:
        cpus: frames, of one file or of several, that are worked on at once.
        memory: bytes for all of these frames together.
    """

    cpus: int
    memory: int

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """Returns what the settings allow: all CPUs of this process, three quarters of memory."""
        cpus = settings.threads or len(os.sched_getaffinity(0))
        return cls(cpus, settings.max_memory or _memory_here() * 3 // 4)

    def frames(self, need: int) -> int:
        """Returns how many frames may be worked on at once if each needs so many bytes.

        Zero where not even one may.
        """
        return min(self.cpus, self.memory // max(need, 1))

    def share(self, files: int) -> "Budget":
        """Returns what each of so many files may use that are worked on at once."""
        return Budget(max(self.cpus // files, 1), self.memory // files)


def _memory_here() -> int:
    """Returns the bytes of memory that this process can have."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError), open(LIMIT_OF_GROUP, encoding="ascii") as file:
        return min(whole, int(file.read()))  # "max" is no number
    return whole
