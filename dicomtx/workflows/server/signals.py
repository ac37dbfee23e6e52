"""The signals that the server handles, and those that it passes on to a child."""

import os
import signal
from contextlib import suppress
from typing import Final

HANDLED: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
"""Signals that stop the server. A child must not lose them before it has its own handlers."""
PASSED_ON: Final = HANDLED | {signal.SIGTSTP, signal.SIGCONT}
TO_GROUP: Final = {signal.SIGTSTP, signal.SIGCONT}


def pass_on(child: int, number: int) -> None:
    """Sends a client's signal to its child; a stop or continue goes to the child's group."""
    if number not in PASSED_ON:
        return
    with suppress(ProcessLookupError):
        (os.killpg if number in TO_GROUP else os.kill)(child, number)
