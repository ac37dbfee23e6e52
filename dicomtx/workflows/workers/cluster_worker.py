"""A cluster's worker: it converts the files of a task in child processes, like the pool.

A codec that crashes ends a child process, not the worker. The children keep their codecs open for
the next file. They ask the worker before they use more memory than their share.
"""

import pickle
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from typing import Any, Final, NamedTuple

from dicomtx.codecs.registry import GROUP
from dicomtx.codecs.versions import shaping_results
from dicomtx.errors import ExitCode
from dicomtx.processes.fork_server import ForkServer
from dicomtx.resources import AT_REST, Budget
from dicomtx.settings import Settings
from dicomtx.workflows.convert.outcomes import failure
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers.process import Process
from dicomtx.workflows.workers.server import worker_server

MEMORY: Final = "MEMORY"  # the Dask resource of a worker: bytes for conversions
SECONDS: Final = 3.0  # after this time, a task takes no further file
OWN_MEMORY: Final = 160 << 20  # bytes that a worker needs for itself
LEAST: Final = OWN_MEMORY + AT_REST + (32 << 20)


class Task(NamedTuple):
    """Files for one worker.

    Attributes:
        number: its number in the run.
        run: identifies the run, among all that use the cluster.
        worker: identifies the worker that should do it; one that was restarted is another worker.
        requests: the files.
        file_timeout: seconds for one file; 0 is no limit.
    """

    number: int
    run: str
    worker: str
    requests: tuple[Request, ...]
    file_timeout: float


class Death(NamedTuple):
    """Why a file has no outcome: its child process died.

    Attributes:
        ending: how it ended.
    """

    ending: str


class Answer(NamedTuple):
    """What became of a task.

    Attributes:
        number: the number of the task.
        results: one for each file; fewer if the time was up before the remaining files. None if
            the task reached another worker than it should.
    """

    number: int
    results: tuple[Outcome | Death, ...] | None


class Facts(NamedTuple):
    """What a worker says about itself before it gets work.

    Attributes:
        worker: identifies the worker.
        versions: of dicomtx, Python and the codecs.
        threads: how many files it converts at once.
        memory: bytes for all of them.
        reserved: bytes of the memory resource that each task reserves; 0 if it has none.
    """

    worker: str
    versions: dict[str, str]
    threads: int
    memory: int
    reserved: int


class Host:
    """The child processes of this worker, and their memory."""

    def __init__(self, facts: Facts) -> None:
        """Starts without children."""
        self.facts = facts
        self._memory = max(facts.memory - OWN_MEMORY, AT_REST)
        self._share = self._memory // facts.threads
        self._server: ForkServer | None = None
        self._idle: list[Process] = []
        self._running: dict[Process, str] = {}
        self._stopped: set[str] = set()
        self._lock = threading.Condition()

    def carry_out(self, task: Task, is_cancelled: Callable[[], bool]) -> Answer:
        """Converts the files of a task, one after the other."""
        if task.worker != self.facts.worker:
            return Answer(task.number, None)
        results: list[Outcome | Death] = []
        until = time.monotonic() + SECONDS
        for request in task.requests:
            if results and time.monotonic() > until:
                break
            if is_cancelled() or task.run in self._stopped:
                results.append(Death("was stopped"))
            else:
                results.append(self._convert(request, task))
        return Answer(task.number, tuple(results))

    def stop(self, run: str) -> None:
        """Ends the children that work for a run; they discard partial output."""
        with self._lock:
            self._stopped.add(run)
            working = [process for process, whose in self._running.items() if whose == run]
        for process in working:
            process.terminate()

    def _convert(self, request: Request, task: Task) -> Outcome | Death:
        settings = request.settings
        most = self._memory - AT_REST
        memory = min(settings.max_memory or most, most)
        settings = settings._replace(threads=settings.threads or 1, max_memory=max(memory, 1))
        message = pickle.dumps((request._replace(settings=settings), self._share), 5)
        try:
            with self._given(message, task.run) as process:
                return self._outcome(process, request, task.file_timeout)
        except OSError as error:  # the system allows no more processes
            return Death(f"could not be started: {error.strerror}")

    @contextmanager
    def _given(self, message: bytes, run: str) -> Iterator[Process]:
        """Gives a request to a child process."""
        process = None
        while self._idle and process is None:
            process = self._idle.pop()
            try:
                process.give(message)
            except OSError:  # it is gone
                process.end()
                process = None
        if process is None:
            process = self._started()
            with suppress(OSError):  # if it is gone, ``hear`` reports it
                process.give(message)
        with self._lock:
            self._running[process] = run
        try:
            yield process
        finally:
            with self._lock:
                del self._running[process]
                self._lock.notify_all()

    def _started(self) -> Process:
        """Returns a new child process."""
        with self._lock:
            self._server = self._server or worker_server()
        return Process(self._server)

    def _outcome(self, process: Process, request: Request, timeout: float) -> Outcome | Death:
        """Waits for the outcome of a file."""
        process.deadline = time.monotonic() + timeout if timeout else 0.0
        poll = select.poll()
        poll.register(process.answers, select.POLLIN)
        while True:
            left = max(0.0, process.deadline - time.monotonic()) * 1000 + 1
            if not poll.poll(left if process.deadline else None):
                process.end()
                told = f"took more than {timeout:g} s (--file-timeout)"
                return failure(request, told, ExitCode.CODEC, "CodecError")
            try:
                said = process.hear()
            except (EOFError, OSError, pickle.UnpicklingError):
                return Death(process.ending())
            if isinstance(said, Outcome):
                self._idle.append(process)
                return said
            self._grant(process, said)
            process.deadline = time.monotonic() + timeout if timeout else 0.0

    def _grant(self, process: Process, memory: int) -> None:
        """Grants memory to a child as soon as the others leave room."""
        process.asks = memory

        def has_room() -> bool:
            others = [p for p in self._running if p is not process and not p.asks]
            taken = sum(max(self._share, other.granted) for other in others)
            return not others or taken + memory <= self._memory

        with self._lock:
            self._lock.wait_for(has_room)
            process.grant()


def problem_of(name: str, facts: Any) -> str:
    """Returns why a worker must not get work; empty if it can."""
    if isinstance(facts, BaseException):
        return f"the worker {name} cannot run this version of dicomtx: {facts}"
    if facts.memory < LEAST:
        least = f"it needs at least {LEAST >> 20} MiB for dicomtx"
        return f"the worker {name} has {facts.memory >> 20} MiB of memory; {least}"
    ours, theirs = versions(), facts.versions
    for what in {**ours, **theirs}:
        here, there = ours.get(what) or "is missing", theirs.get(what) or "is missing"
        if here != there:
            return (
                f"versions differ: {what} {there} on the worker {name}, {what} {here} here;"
                " install the same versions everywhere"
            )
    return ""


def versions() -> dict[str, str]:
    """Returns the versions that results can depend on, those of plugins included."""
    plugins = {point.dist for point in entry_points(group=GROUP) if point.dist}
    return shaping_results() | {plugin.name: plugin.version for plugin in plugins}


_hosts: dict[str, Host] = {}


def host_of(worker: Any) -> Host:
    """Returns the host of a Dask worker of this process.

    Its memory is its resource ``MEMORY``, or its limit, or three quarters of the machine's.
    """
    if worker.id not in _hosts:
        reserved = int(worker.state.total_resources.get(MEMORY, 0))
        limit = reserved or int(worker.memory_manager.memory_limit or 0)
        threads = worker.state.nthreads
        memory = limit or Budget.of(Settings()).memory
        facts = Facts(worker.id, versions(), threads, memory, reserved // threads)
        _hosts[worker.id] = Host(facts)
    return _hosts[worker.id]
