"""A codec that is killed by the system for want of memory."""

import os
import signal

from .failing import failing


def _fail() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


decode, encode = failing(_fail)
