"""The CPU and memory budget of a run, shared among the files in progress."""

import os
from contextlib import suppress
from typing import Final, NamedTuple

from dicomtx.settings import Settings

LIMIT_OF_GROUP: Final = "/sys/fs/cgroup/memory.max"
AT_REST: Final = 96 << 20  # bytes that a worker needs for numpy, the codecs and its spools
M_TRIM_THRESHOLD: Final = -1  # the parameters of mallopt(3)
M_MMAP_THRESHOLD: Final = -3
LARGEST_FROM_HEAP: Final = 32 << 20  # bytes: the most that glibc accepts
KEPT_FREE: Final = 128 << 20  # bytes

_processes = 1


def share_memory(processes: int) -> None:
    """Divides the memory of the machine among this many independent processes."""
    global _processes  # noqa: PLW0603 - applies to the whole process
    _processes = processes


class Budget(NamedTuple):
    """CPUs and memory for a run or for one file.

    Attributes:
        cpus: most frames in progress at once, of all files.
        memory: bytes for all frames in progress.
    """

    cpus: int
    memory: int

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """Returns the budget in the settings; by default all CPUs and 3/4 of the memory."""
        cpus = settings.threads or len(os.sched_getaffinity(0))
        return cls(cpus, settings.max_memory or _memory_here() * 3 // 4 // _processes)

    def frames(self, need: int) -> int:
        """Returns how many frames of ``need`` bytes can be in progress at once.

        Zero if not even one fits.
        """
        return min(self.cpus, self.memory // max(need, 1))

    def share(self, files: int) -> "Budget":
        """Returns the budget of each file if this many files are in progress at once."""
        return Budget(max(self.cpus // files, 1), self.memory // files)


def _memory_here() -> int:
    """Returns the memory available to this process, in bytes."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError), open(LIMIT_OF_GROUP, encoding="ascii") as file:
        return min(whole, int(file.read()))  # "max" means no limit
    return whole


def keep_freed_memory() -> None:
    """Makes malloc keep the memory of a frame for the next one, up to ``KEPT_FREE`` bytes.

    By default, glibc returns it to the system. Then each page of each frame costs a page fault,
    which takes as long as decoding RLE. This changes the whole process, so only our own processes
    call it. Other C libraries ignore it.
    """
    if mallopt := getattr(_c_library(), "mallopt", None):
        mallopt(M_MMAP_THRESHOLD, LARGEST_FROM_HEAP)
        mallopt(M_TRIM_THRESHOLD, KEPT_FREE)


def return_freed_memory() -> None:
    """Returns all freed memory to the system."""
    if malloc_trim := getattr(_c_library(), "malloc_trim", None):
        malloc_trim(0)


def _c_library() -> object:
    from ctypes import CDLL  # noqa: PLC0415 - 2 ms

    return CDLL(None)
