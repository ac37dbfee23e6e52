"""Opens the socket of the server and imports its libraries."""

import importlib
import os
import pkgutil
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.errors import DestinationError, UnsupportedError
from dicomtx.warm.start import LOCK_VARIABLE, open_lock

BACKLOG: Final = 1024
SYSTEMD_FIRST: Final = 3  # the first descriptor that systemd passes (sd_listen_fds)
SKIPPED: Final = (
    "dicomtx.__main__",
    "dicomtx.codecs.ffmpeg",
    "dicomtx.codecs.gdcm",
    "dicomtx.workflows.http_server",
)
"""Modules not to import: entry points, and libraries that only other processes load."""
CODEC_MODULES: Final = ("_jpeg8", "_jpegls", "_jpeg2k", "_htj2k", "_jpegxl", "_ljpeg", "_zlib")


def import_everything() -> None:
    """Imports every module of the package and the libraries that they use.

    Modules that need pydicom are left out: with it a fork and its end take twice as long, and no
    conversion needs it.
    """
    sys.modules["pydicom"] = None  # type: ignore[assignment] # an import of it fails
    for module in pkgutil.walk_packages(sys.modules["dicomtx"].__path__, "dicomtx."):
        if not module.name.startswith(SKIPPED) and not module.name.endswith("__main__"):
            with suppress(ImportError):  # pydicom, and extras that are not installed
                importlib.import_module(module.name)
    for name in CODEC_MODULES:
        with suppress(ImportError):
            importlib.import_module(f"imagecodecs.{name}")
    del sys.modules["pydicom"]


def check_threads() -> None:
    """Checks that this process has one thread, because a forked child would not have the others.

    Raises:
        UnsupportedError: a library has started a thread.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        raise UnsupportedError(
            "cannot serve: a library has started a thread, so forking is not safe"
        )


@contextmanager
def listening(path: str) -> Iterator[socket.socket]:
    """Yields the listening socket: systemd's if it passed one, else a new one at ``path``.

    It holds the lock file beside the socket, so that each socket has only one server.

    Raises:
        DestinationError: another server uses the path, or the socket cannot be created.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        yield socket.socket(fileno=SYSTEMD_FIRST)
        return
    lock = _lock(path)
    try:
        with suppress(FileNotFoundError):
            if not stat.S_ISSOCK(os.lstat(path).st_mode):
                raise DestinationError(
                    f"{path}: already exists and is not a socket; choose another path with --socket"
                )
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
        yield listener
    except OSError as error:
        raise DestinationError(f"{path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            os.unlink(path)
        os.close(lock)


def _lock(path: str) -> int:
    """Returns the descriptor of the lock: inherited from the client, or new.

    Raises:
        DestinationError: another server holds the lock, or it cannot be created.
    """
    inherited = os.environ.pop(LOCK_VARIABLE, "")
    if inherited:
        os.set_inheritable(int(inherited), False)
        return int(inherited)
    try:
        return open_lock(path)
    except BlockingIOError:
        raise DestinationError(f"{path}: another server is running on this socket") from None
    except OSError as error:
        raise DestinationError(str(error)) from error
