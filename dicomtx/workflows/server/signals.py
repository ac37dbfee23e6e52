"""The signals that the server handles, and those that it passes on to a child."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

HANDLED: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
"""Signals that stop the server. A child must not lose them before it has its own handlers."""
PASSED_ON: Final = HANDLED | {signal.SIGTSTP, signal.SIGCONT}
TO_GROUP: Final = {signal.SIGTSTP, signal.SIGCONT}


def signal_sockets(stop: Callable[..., None]) -> tuple[socket.socket, socket.socket]:
    """Calls ``stop`` at signals that stop the server.

    Returns two connected sockets. The first can be read after each of these signals, and after the
    end of a child.
    """
    listening, wakeup = socket.socketpair()
    for end in (listening, wakeup):
        end.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    for number in HANDLED:
        signal.signal(number, stop)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return listening, wakeup


def pass_on(child: int, number: int) -> None:
    """Sends a client's signal to its child; a stop or continue goes to the child's group."""
    if number not in PASSED_ON:
        return
    with suppress(ProcessLookupError):
        (os.killpg if number in TO_GROUP else os.kill)(child, number)
