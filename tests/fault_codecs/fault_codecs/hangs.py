"""A codec that never comes back, and does not heed SIGTERM."""

import signal
import time

from .failing import failing


def _fail() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


decode, encode = failing(_fail)
