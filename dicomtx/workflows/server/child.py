"""A child of the server: forked before its command arrives, so that no command waits for a fork."""

import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, NoReturn

from dicomtx.processes.parent_death import die_with
from dicomtx.resources import share_memory
from dicomtx.warm.protocol import DESCRIPTORS
from dicomtx.workflows.server import request
from dicomtx.workflows.server.caller import STATE, Caller, CallerState, become, exit_code
from dicomtx.workflows.server.signals import HANDLED

Run = Callable[[Sequence[str]], int]
LENGTH: Final = 4
STATUS: Final = 4


class Child(NamedTuple):
    """The server's side of a child.

    Attributes:
        process: its process ID.
        socket: carries the command to the child, and its wait status back.
    """

    process: int
    socket: socket.socket

    @classmethod
    def fork(cls, run: Run, jobs: int, begin: Callable[[], None]) -> "Child":
        """Forks a child that waits for its command.

        Args:
            run: runs a command line.
            jobs: the number of children that share the memory.
            begin: what the child does first. It closes what the child must not inherit.

        Raises:
            OSError: the system has no memory, processes or descriptors left.
        """
        own, theirs = socket.socketpair()
        server = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            child = os.fork()
            if child == 0:
                own.close()
                _live(theirs, run, jobs, begin, server, before)
        except OSError:
            own.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        with suppress(OSError):  # the child has done so itself, or has ended
            os.setpgid(child, child)
        return cls(child, own)

    def give(self, caller: Caller, body: bytes, descriptors: Sequence[int]) -> None:
        """Sends the child its command: the body of the client's request, and its descriptors.

        Raises:
            OSError: the child has ended.
        """
        data = caller.state.packed() + len(body).to_bytes(LENGTH) + body
        sent = socket.send_fds(self.socket, [data], descriptors)
        if sent < len(data):  # an empty send fails if the command has already ended
            self.socket.sendall(memoryview(data)[sent:])

    def end(self) -> None:
        """Ends a child that has no command."""
        self.socket.close()
        os.waitpid(self.process, 0)


def _live(
    connection: socket.socket,
    run: Run,
    jobs: int,
    begin: Callable[[], None],
    server: int,
    signals: set[int | signal.Signals],
) -> NoReturn:
    """Waits for the command, runs it, and exits. It must not return into the server's loop."""
    try:
        begin()
        os.setpgid(0, 0)
        share_memory(jobs)
        die_with(server, signal.SIGTERM)
        state, body, descriptors = _receive(connection)
        call = request.unpack(body)
        become(state, call, descriptors)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
    except (EOFError, SystemExit):  # the server has ended, or does not need this child
        os._exit(0)
    except BaseException as error:  # noqa: BLE001
        os.write(2, f"dicomtx: the server cannot run the command: {error}\n".encode())
        os._exit(70)
    code = exit_code(run, call.arguments[1:])
    _report(connection, code)
    os._exit(code)


def _receive(connection: socket.socket) -> tuple[CallerState, bytes, list[int]]:
    """Returns what ``give`` sends.

    Raises:
        EOFError: the server has closed its end.
    """
    size = STATE.size + LENGTH
    head, descriptors, _, _ = socket.recv_fds(connection, size, DESCRIPTORS)
    if not head:
        raise EOFError
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    head += connection.recv(size - len(head), socket.MSG_WAITALL) if len(head) < size else b""
    body = connection.recv(int.from_bytes(head[STATE.size :]), socket.MSG_WAITALL)
    return CallerState.unpacked(head[: STATE.size]), body, descriptors


def _report(connection: socket.socket, code: int) -> None:
    """Sends the wait status, so that the caller does not wait until the memory is freed.

    All other descriptors are closed before: readers of pipes have their end, and locks are free.
    """
    kept = connection.fileno()
    os.closerange(0, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    with suppress(OSError):
        connection.send((code << 8).to_bytes(STATUS))
