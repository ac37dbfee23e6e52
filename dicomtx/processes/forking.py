"""The side of a fork server's process: it imports, forks children, and waits for them.

It imports little, since the first child cannot start before. ``fork_server`` is the parent's side.
"""

import gc
import os
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Final

from dicomtx.processes.parent_death import die_with

FORK: Final = 0
IMPORT: Final = -1
QUESTION: Final = struct.Struct("<id")
"""FORK, with nothing; IMPORT, with the length of the names that follow; or a process to wait for,
with the seconds."""
ANSWER: Final = struct.Struct("<ii")  # an error number, and a process ID or a wait status
RUNS: Final = -1  # instead of an error number: the process still runs
DESCRIPTORS: Final = 3
SHORTEST: Final = 0.0005  # seconds between two looks at a process
LONGEST: Final = 0.005


def main() -> None:
    """Serves the parent until that closes the connection. In a child, calls ``run``."""
    gc.disable()  # imports make hardly any garbage
    descriptor, module, *imports = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles interrupts
    connection = socket.socket(fileno=int(descriptor))
    connection.set_inheritable(False)
    run = import_module(module).run
    for name in imports:
        import_module(name)
    run(*_forked(connection))
    os._exit(0)  # spares the child the end of the interpreter, which takes 15 ms


def _forked(connection: socket.socket) -> tuple[int, int]:
    """Answers the questions of the parent. Returns only in a child, with its descriptors."""
    while True:
        question, descriptors, _, _ = socket.recv_fds(connection, QUESTION.size, DESCRIPTORS)
        if len(question) < QUESTION.size:  # the parent is gone; the children are killed now
            os._exit(0)
        what, number = QUESTION.unpack(question)
        if what == IMPORT:
            _import(connection.recv(int(number), socket.MSG_WAITALL))
            continue
        try:
            value = _waited(what, number) if what else _fork()
        except OSError as error:
            answer = (error.errno or RUNS, 0)
        else:
            if what == FORK and value == 0:
                connection.close()
                return _set_up(*descriptors)
            answer = (RUNS, 0) if value is None else (0, value)
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(BrokenPipeError):
            connection.sendall(ANSWER.pack(*answer))


def _import(names: bytes) -> None:
    """Imports the modules of these names."""
    for name in names.decode().split():
        import_module(name)


def _fork() -> int:
    """Forks; what is in memory now is never garbage, so a child does not copy these pages."""
    gc.freeze()
    return os.fork()


def _waited(pid: int, seconds: float) -> int | None:
    """Returns the wait status of a child; None if it still runs after so many seconds."""
    until = time.monotonic() + seconds
    pause = SHORTEST
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() >= until:
            return None
        time.sleep(pause)
        pause = min(2 * pause, LONGEST)


def _set_up(questions: int, answers: int, text: int) -> tuple[int, int]:
    """Makes a new child independent of the server; returns the descriptors of its messages."""
    gc.enable()
    os.setsid()
    die_with(os.getppid())
    for number in (1, 2):
        os.dup2(text, number)
    os.close(text)
    for number in (questions, answers):
        os.set_inheritable(number, False)
    return questions, answers
