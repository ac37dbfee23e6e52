"""Runs roles in child processes: starts them again if they die, and ends them on a signal."""

import os
import pickle
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, NamedTuple

from dicomtx.processes.child_process import ending_of
from dicomtx.processes.parent_death import die_with

TICK: Final = 0.5  # seconds until the next look at what is not an event
SOON: Final = 1.0  # seconds: a child that ends earlier is started again after this time
LONGEST: Final = 1 << 17  # bytes of a message
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Channel(NamedTuple):
    """Sends messages from a child to its parent."""

    socket: socket.socket

    def send(self, message: object) -> None:
        """Sends a message. It is lost if the parent is gone."""
        with suppress(OSError):
            self.socket.send(pickle.dumps(message, 5))


class Role(NamedTuple):
    """What a child process does until SIGTERM: a name for the log, and the function."""

    name: str
    main: Callable[[Channel], None]


class Told(NamedTuple):
    """What the parent does with what happens.

    Attributes:
        message: called with each message of a child.
        note: called with a line for the log.
        tick: called several times a second.
        ends: called once when the first signal arrives, before the children are ended.
    """

    message: Callable[[Any], None]
    note: Callable[[str], None]
    tick: Callable[[], None]
    ends: Callable[[], None]


class _Child:
    """A running child process."""

    def __init__(self, role: Role, others: Sequence["_Child"]) -> None:
        self.role = role
        self.started = time.monotonic()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self.pid = os.fork()
        if self.pid:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
            return
        for other in (*others, self):
            other.socket.close()
        _be_child(role, Channel(theirs), parent)


def _be_child(role: Role, channel: Channel, parent: int) -> None:
    """Runs a role in the child, which never returns to the code of the parent."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # the terminal sends it to all; the parent acts
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        die_with(parent, signal.SIGTERM)
        role.main(channel)
        status = 0
    except BaseException:  # noqa: BLE001 - it must not run what the parent has left to do
        channel.send(traceback.format_exc())
    finally:
        os._exit(status)


def supervise(roles: Sequence[Role], told: Told) -> int:
    """Runs roles until a signal, and until all children have ended.

    The first SIGTERM or SIGINT ends the children gently, the second one with SIGKILL. Returns the
    second one; 0 if there was none.
    """
    sys.stdout.flush()
    with _signals() as (caught, wakeup):
        family = _Family(roles, told)
        try:
            family.run(caught, wakeup)
        finally:
            family.kill()
    return caught[1] if len(caught) > 1 else 0


class _Family:
    """The children."""

    def __init__(self, roles: Sequence[Role], told: Told) -> None:
        self._told = told
        self._waiting = [(0.0, role) for role in roles]
        self._children: list[_Child] = []
        self._stopping = False

    def run(self, caught: list[int], wakeup: int) -> None:
        """Reacts to events until a signal was caught and all children have ended."""
        while self._children or not caught:
            if caught and not self._stopping:
                self._stop()
            if len(caught) > 1:
                self.kill()
            if not caught:
                self._start()
            for child in self._ready(wakeup):
                self._hear(child)
            self._told.tick()

    def _start(self) -> None:
        """Starts the roles that have no child, and whose time has come."""
        now = time.monotonic()
        for when, role in [pair for pair in self._waiting if pair[0] <= now]:
            try:
                child = _Child(role, self._children)
            except OSError as error:
                self._told.note(f"cannot start {role.name}: {error.strerror}")
                self._waiting.remove((when, role))
                self._waiting.append((now + SOON, role))
                return
            self._waiting.remove((when, role))
            self._children.append(child)

    def _stop(self) -> None:
        self._stopping = True
        self._told.ends()
        for child in self._children:
            os.kill(child.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Ends all children at once."""
        for child in self._children:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)

    def _ready(self, wakeup: int) -> list[_Child]:
        """Waits for events; returns the children that sent a message, or ended."""
        poll = select.poll()
        poll.register(wakeup, select.POLLIN)
        by_number = {child.socket.fileno(): child for child in self._children}
        for number in by_number:
            poll.register(number, select.POLLIN)
        found = [number for number, _ in poll.poll(TICK * 1000)]
        if wakeup in found:
            with suppress(BlockingIOError):
                os.read(wakeup, 64)
        return [by_number[number] for number in found if number in by_number]

    def _hear(self, child: _Child) -> None:
        data = child.socket.recv(LONGEST)
        if not data:
            self._bury(child)
            return
        message = pickle.loads(data)  # noqa: S301 - from our own child
        if isinstance(message, str):
            self._told.note(message)
        else:
            self._told.message(message)

    def _bury(self, child: _Child) -> None:
        """Removes a child that has ended, and starts it again unless all end."""
        _, status = os.waitpid(child.pid, 0)
        child.socket.close()
        self._children.remove(child)
        if self._stopping:
            return
        if status:  # 0: it has got the signal that is on its way to this process
            self._told.note(f"{child.role.name} {ending_of(os.waitstatus_to_exitcode(status))}")
        early = not status or time.monotonic() - child.started < SOON
        self._waiting.append((time.monotonic() + SOON * early, child.role))


@contextmanager
def _signals() -> Iterator[tuple[list[int], int]]:
    """Yields a list of the caught signals, and a descriptor that can be read when one arrives."""
    caught: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    wanted = [n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    before = [(n, signal.signal(n, handle)) for n in wanted]
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield caught, reader
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before:
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)
