"""Starts the warm server for later commands, at most one for each socket."""

import fcntl
import os
import subprocess
import sys
from contextlib import suppress
from typing import Final

from dicomtx.warm.address import make_private_folder

IDLE: Final = "600"  # seconds; a server that was started automatically ends when idle
LOCK_VARIABLE: Final = "DICOMTX_SERVER_LOCK"


def open_lock(path: str) -> int:
    """Returns the descriptor of the lock that a server holds while it runs on this socket.

    Raises:
        BlockingIOError: a server holds the lock.
        OSError: the folder is not private, or the lock cannot be created.
    """
    make_private_folder(path)
    descriptor = os.open(
        f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def start_server(path: str) -> None:
    """Starts a server in the background unless one is running or starting.

    The server inherits the lock from this process, so only one of many callers starts a server. It
    is not an error if the server does not start: commands run without it.
    """
    with suppress(OSError):
        lock = open_lock(path)
        arguments = ("serve", "--socket", path, "--idle-timeout", IDLE)
        subprocess.Popen(
            (sys.executable, "-m", "dicomtx", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=os.environ | {LOCK_VARIABLE: str(lock)},
            pass_fds=(lock,),
            start_new_session=True,
        )
        os.close(lock)
