"""The client process of a command, and how a forked child copies its state."""

import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Final, NamedTuple

from dicomtx.workflows.server.request import Call

CREDENTIALS: Final = struct.Struct("=iII")
STATE: Final = struct.Struct("=iIQ")
SAME: Final = ("Gid", "Groups", "CapEff", "NoNewPrivs", "Seccomp")
"""Lines of /proc/PID/status that must be equal, because a child cannot copy them."""
SPACES: Final = ("ns/mnt", "ns/user", "ns/pid", "ns/net", "root")
LIMITS: Final = tuple(
    value
    for name, value in vars(resource).items()
    if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"
)


class CallerState(NamedTuple):
    """What a child copies from the client's process.

    Attributes:
        process: its process ID.
        umask: its file mode creation mask.
        ignored: the signals that it ignores: bit N - 1 is signal N.
    """

    process: int
    umask: int
    ignored: int

    def packed(self) -> bytes:
        """Returns the state as bytes."""
        return STATE.pack(*self)

    @classmethod
    def unpacked(cls, data: bytes) -> "CallerState":
        """Returns the state in these bytes."""
        return cls(*STATE.unpack(data))


class Caller(NamedTuple):
    """The client's process, as the kernel describes it.

    Attributes:
        process: its process ID.
        user: its effective user ID.
        status: the lines of /proc/PID/status by name.
        spaces: its namespaces and root directory.
    """

    process: int
    user: int
    status: dict[str, str]
    spaces: tuple[str, ...]

    @classmethod
    def at(cls, connection: socket.socket) -> "Caller":
        """Returns the process at the other end of a connection.

        Raises:
            OSError: the process has ended, or /proc does not show it.
        """
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        process, user, _ = CREDENTIALS.unpack(raw)
        return cls.of(process, user)

    @classmethod
    def of(cls, process: int, user: int) -> "Caller":
        """Returns the process with this ID.

        Raises:
            OSError: the process has ended, or /proc does not show it.
        """
        with open(f"/proc/{process}/status", encoding="utf-8", errors="replace") as file:
            lines = (line.partition(":") for line in file)
            status = {name: value.strip() for name, _, value in lines}
        spaces = tuple(os.readlink(f"/proc/{process}/{name}") for name in SPACES)
        return cls(process, user, status, spaces)

    @property
    def state(self) -> CallerState:
        """What a child copies."""
        return CallerState(
            self.process, int(self.status["Umask"], 8), int(self.status["SigIgn"], 16)
        )

    def difference(self, server: "Caller") -> str:
        """Returns why a child of the server cannot run this process's command; empty if it can."""
        if self.user != server.user:
            return "the command runs as another user"
        for name in SAME:
            if self.status.get(name) != server.status.get(name):
                return f"{name} in /proc/PID/status differs from the server's"
        if self.spaces != server.spaces:
            return "the command runs in another namespace or root directory"
        return ""


def become(caller: CallerState, call: Call, descriptors: Sequence[int]) -> None:
    """Gives this forked child the state of the client process.

    Raises:
        OSError: a resource limit or the working directory cannot be copied.
    """
    os.fchdir(descriptors[-1])
    _take_over_streams(call.streams, descriptors)
    os.environ.clear()
    os.environ.update(call.environment)
    time.tzset()
    sys.argv[:] = call.arguments
    os.umask(caller.umask)
    _take_over_signals(caller.ignored)
    _take_over_limits(caller.process)


def exit_code(run: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Runs the command and returns the code that Python would exit with."""
    code: object = 70
    try:
        code = run(arguments)
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - there is nothing above that could report it
        sys.excepthook(*sys.exc_info())
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    return code & 0xFF if isinstance(code, int) else int(code is not None)


def _take_over_streams(streams: Sequence[str], descriptors: Sequence[int]) -> None:
    """Moves the received descriptors to 0, 1 and 2, and reopens Python's streams on them."""
    received = iter(descriptors)
    opened: list[IO[str] | None] = []
    for number, stream in enumerate(streams):
        if not stream:
            os.close(number)
            opened.append(None)
            continue
        os.dup2(next(received), number)
        encoding, errors = stream.split(" ")
        opened.append(
            open(  # noqa: SIM115 - open for the whole run
                number,
                "w" if number else "r",
                encoding=encoding,
                errors=errors,
                closefd=False,
                buffering=-1,
            )
        )
    for descriptor in descriptors:
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = opened
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = opened  # type: ignore[misc,assignment]


def _take_over_signals(ignored: int) -> None:
    """Sets the signal handlers that a process started by the caller would have."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGCHLD, signal.SIGQUIT):
        is_ignored = ignored >> (number - 1) & 1
        signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    is_ignored = ignored >> (signal.SIGINT - 1) & 1
    signal.signal(signal.SIGINT, signal.SIG_IGN if is_ignored else signal.default_int_handler)


def _take_over_limits(process: int) -> None:
    """Copies the resource limits, the priority and the CPU affinity of a process."""
    for limit in LIMITS:
        wanted = resource.prlimit(process, limit)
        if wanted != resource.getrlimit(limit):
            resource.setrlimit(limit, wanted)
    os.sched_setaffinity(0, os.sched_getaffinity(process))
    priority = os.getpriority(os.PRIO_PROCESS, process)
    if priority != os.getpriority(os.PRIO_PROCESS, 0):
        os.setpriority(os.PRIO_PROCESS, 0, priority)
