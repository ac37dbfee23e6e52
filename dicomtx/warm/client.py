"""Runs a command through the warm server: sends it, waits, and exits as it exited.

This runs for every command, so it imports little (see ``dicomtx.warm``).
"""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET, socket

from dicomtx.warm import protocol
from dicomtx.warm.address import START, VARIABLE, chosen_socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from types import FrameType
    from typing import Final, NoReturn
else:
    import _signal as signal

FORWARDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)
SERVERS: Final = (["serve"], ["receive"], ["route"])
"""Commands that run until they are stopped: they start once, so a warm start saves them nothing."""
SERVER_DIED: Final = 11
CREDENTIALS: Final = 12  # bytes: process, user and group


class NoServerError(Exception):
    """The command must run in this process; the text says why."""


def run_warm(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs a command on the server, then exits as the command exited.

    Returns only if the server did not start the command, so that it must run in this process.
    """
    path = chosen_socket(environment)
    if not path or arguments[1:2] in SERVERS:
        return
    try:
        connection = _connect(path)
    except OSError as error:
        if environment.get(VARIABLE) == START:
            from dicomtx.warm.start import start_server  # noqa: PLC0415 - only the first needs it

            start_server(path)
        _say(arguments, f"no server at {path}: {error.strerror or error}")
        return
    try:
        _hand_over(connection, arguments, environment)
    except NoServerError as error:
        _say(arguments, str(error))
        return
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)
    _wait(connection)


def call(path: str, kind: str) -> str:
    """Returns the server's answer to STATUS or STOP.

    Raises:
        OSError: no server of this user listens on the socket, or it does not answer.
    """
    connection = _connect(path)
    connection.sendall(protocol.pack(kind))
    answer = b""
    while piece := connection.recv(4096):
        answer += piece
    return answer[1:].decode()


def _connect(path: str) -> socket:
    """Returns a connection to a server that runs as this user."""
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.connect(path)
    credentials = connection.getsockopt(SOL_SOCKET, SO_PEERCRED, CREDENTIALS)
    if int.from_bytes(credentials[4:8], sys.byteorder) != os.geteuid():
        raise PermissionError("the server runs as another user")
    return connection


def _hand_over(
    connection: socket, arguments: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Sends the request and waits until the server accepts it.

    Raises:
        NoServerError: the server refused the request, or the connection failed.
    """
    streams = [_stream(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)]
    identity = protocol.installation(environment)
    data = protocol.pack(protocol.RUN, identity, streams, arguments, environment)
    try:
        here = os.open(".", os.O_PATH | os.O_CLOEXEC)
        opened = [number for number, stream in enumerate(streams) if stream]
        descriptors = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (*opened, here))
        sent = connection.sendmsg((data,), ((SOL_SOCKET, SCM_RIGHTS, descriptors),))
        if sent < len(data):  # an empty send fails if the server has already refused
            connection.sendall(memoryview(data)[sent:])
        os.close(here)
        answer = connection.recv(1)
        if answer == protocol.ACCEPTED:
            return
        reason = connection.recv(4096).decode(errors="replace") if answer else "the server ended"
    except OSError as error:
        reason = error.strerror or str(error)
    raise NoServerError(f"the server did not accept the command: {reason}")


def _stream(stream: object) -> str:
    """Returns the encoding and the error handler of a standard stream; empty if it is closed."""
    if stream is None:
        return ""
    return f"{getattr(stream, 'encoding', 'utf-8')} {getattr(stream, 'errors', 'strict')}"


def _wait(connection: socket) -> NoReturn:
    """Forwards signals until the command ends, then exits as it exited."""
    _forward_signals(connection)
    answer = _ending(connection)
    if answer[:1] == protocol.ENDED and len(answer) == protocol.ENDING:
        _end_as(int.from_bytes(answer[1:]))
    reason = answer[1:].decode(errors="replace") or "the server ended before the command did"
    os.write(2, f"dicomtx: {reason}. Check the output, then run the command again.\n".encode())
    os._exit(SERVER_DIED)


def _ending(connection: socket) -> bytes:
    """Returns what the server sends at the end of the command; incomplete if it died."""
    answer = b""
    try:
        while piece := connection.recv(4096):
            answer += piece
            if answer[:1] == protocol.ENDED and len(answer) == protocol.ENDING:
                break
    except OSError:
        return answer
    return answer


def _forward_signals(connection: socket) -> None:
    """Installs handlers that forward signals to the command."""

    def forward(number: int, _frame: FrameType | None) -> None:
        try:
            connection.send(bytes((number,)))
        except OSError:
            return  # the server died: _ending reports it

    def suspend(number: int, frame: FrameType | None) -> None:
        forward(number, frame)
        os.kill(os.getpid(), signal.SIGSTOP)
        forward(signal.SIGCONT, frame)

    for number in FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, suspend if number == signal.SIGTSTP else forward)


def _end_as(status: int) -> NoReturn:
    """Exits with the exit code of the command, or by the signal that ended it."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _say(arguments: Sequence[str], reason: str) -> None:
    """Prints why the command runs in this process, if -v was given."""
    if sys.stderr and not {"-v", "--verbose"}.isdisjoint(arguments):
        sys.stderr.write(f"dicomtx: running without the warm server: {reason}\n")
