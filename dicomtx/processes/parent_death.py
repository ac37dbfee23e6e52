"""Processes that end with their parent."""

import ctypes
import os
import signal
import sys
from typing import Final

DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl(2)


def die_with(parent: int, number: int = signal.SIGKILL) -> None:
    """Makes the system send this process a signal when the parent's thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, number)
    if os.getppid() != parent:
        sys.exit()
