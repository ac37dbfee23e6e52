"""Converts files in a pool of processes, each of which can crash without harm to the others.

A process that dies is replaced, and its file is retried once, alone. If it dies again, the file has
failed, unless the caller finds that it was done before. A file that needs more than its share of
the memory waits until the other processes leave room.
"""

import pickle
import select
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

from dicomtx.errors import DestinationError, ExitCode
from dicomtx.processes.fork_server import ForkServer
from dicomtx.resources import AT_REST, Budget
from dicomtx.settings import Settings
from dicomtx.storage.outputs import sweep_for
from dicomtx.storage.source import reason
from dicomtx.workflows.convert.outcomes import failure
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers.executor import AfterDeath, Result
from dicomtx.workflows.workers.finished import Finished
from dicomtx.workflows.workers.process import Process
from dicomtx.workflows.workers.server import worker_server

GRACE: Final = 5.0  # seconds for a process to clean up
LARGE: Final = 4 << 20  # bytes of a file for which starting threads pays
TICK: Final = 0.2  # seconds until it asks for requests again


class ProcessPool(NamedTuple):
    """An ``Executor``: worker processes on this machine, and their limits.

    Attributes:
        workers: how many files to convert at once; 0 is one per CPU.
        max_memory: bytes for all of them; 0 is three quarters of the machine's.
        file_timeout: seconds for one file; 0 is no limit.
        server: starts the workers; None starts one for each run, for the target of its first file.
        grouped: make the names of outputs durable in groups. Then a result comes a little later.
    """

    workers: int = 0
    max_memory: int = 0
    file_timeout: float = 0.0
    server: ForkServer | None = None
    grouped: bool = False

    def run(
        self, requests: Iterable[Request | None], after_death: AfterDeath = lambda request: request
    ) -> Generator[Result, None, None]:
        """Yields each request with its outcome, as they are done; see ``Executor.run``."""
        pool = _Pool(iter(requests), self, after_death)
        try:
            yield from pool.results()
        finally:
            pool.stop()


class _Task(NamedTuple):
    request: Request
    again: bool = False


class _Pool:
    """The processes and their tasks."""

    def __init__(
        self, requests: Iterator[Request | None], limits: ProcessPool, after_death: AfterDeath
    ) -> None:
        self._requests = requests
        self._limits = limits
        self._after_death = after_death
        self._cpus, self._memory = Budget.of(Settings(max_memory=limits.max_memory))
        wanted = limits.workers or self._cpus
        if self._memory // wanted < AT_REST:  # too little memory for as many
            wanted = max(1, self._memory // AT_REST)
        self._share = self._memory // wanted
        self._workers = wanted
        self._upcoming: deque[Request] = deque()
        self._ended = False
        self._alone: deque[_Task] = deque()
        self._idle: list[Process] = []
        self._busy: dict[int, Process] = {}
        self._tasks: dict[int, _Task] = {}
        self._asking: deque[Process] = deque()
        self._poll = select.poll()
        self._server = limits.server
        self._finished = Finished(grouped=limits.grouped)

    def results(self) -> Iterator[Result]:
        self._hand_out()
        while self._busy or self._finished or not self._ended:
            for happened, process in self._ready():
                result = happened(process)
                self._hand_out()  # so that no process is idle while the caller handles the result
                if result:
                    self._finished.add(result)
                    yield from self._told()
            if not self._busy:
                self._finished.hurry()
            yield from self._told()
            self._hand_out()  # there may be requests now

    def _told(self) -> Iterator[Result]:
        """Yields what is due: one result, unless more are pressing."""
        while result := self._finished.next():
            yield result
            if not self._finished.pressing:
                return  # another process may have answered

    def stop(self) -> None:
        """Ends all processes and discards partial output."""
        busy, self._busy = list(self._busy.values()), {}
        for process in busy:
            process.terminate()
        until = time.monotonic() + GRACE
        for process in busy:
            process.end(max(0.0, until - time.monotonic()))
            sweep_for(self._tasks[process.pid].request.destination)
        for process in self._idle:
            process.hang_up()  # all at once, then wait
        while self._idle:
            self._idle.pop().end(GRACE)
        if self._server and not self._limits.server:
            self._server.close()

    def _hand_out(self) -> None:
        """Starts as many tasks as there is room for."""
        self._let_in()
        while len(self._busy) < self._workers and not self._asking:
            if self._alone:
                if not self._busy:
                    self._start(self._alone.popleft())
                return
            if any(task.again for task in self._tasks.values()):
                return
            self._look_ahead()
            if not self._upcoming:
                return
            self._start(_Task(self._upcoming.popleft()))

    def _look_ahead(self) -> None:
        """Takes what can start now, and one more request, if any: so it is known what is last."""
        room = self._workers - len(self._busy)
        while len(self._upcoming) <= room and (request := self._pull()):
            self._upcoming.append(request)

    def _pull(self) -> Request | None:
        """Returns the next request; None if there is none at the moment, or no more."""
        if self._ended:
            return None
        try:
            return next(self._requests)
        except StopIteration:
            self._ended = True
            return None

    def _start(self, task: _Task) -> None:
        request = task.request
        if not request.settings.threads:
            settings = request.settings._replace(threads=self._threads(task))
            request = request._replace(settings=settings)
        message = pickle.dumps((self._finished.for_worker(request), self._share), 5)
        while self._idle:
            if self._gave(self._idle.pop(), message, task):
                return
        try:
            self._server = self._server or worker_server(request.target)
            process = Process(self._server)
        except OSError as error:  # the system allows no more processes
            self._take_back(task, error)
            return
        if not self._gave(process, message, task):
            self._expect(process, task)  # the next poll reports how it ended

    def _threads(self, task: _Task) -> int:
        """Returns the number of threads for a task, which cannot get more later.

        The last files share the CPUs. The very last one, if it is large, has all of them, as the
        others end first.
        """
        waiting = len(self._upcoming) + len(self._alone)
        last = self._ended and not waiting
        if task.again or (last and task.request.size >= LARGE):
            return self._cpus
        among = len(self._busy) + 1 + waiting if self._ended else self._workers
        return max(1, self._cpus // min(among, self._workers))

    def _take_back(self, task: _Task, error: OSError) -> None:
        """Puts a task back to wait for one of the running processes.

        Raises:
            DestinationError: there is no running process.
        """
        if not self._busy:
            raise DestinationError(f"cannot start a worker process: {reason(error)}") from error
        self._workers = len(self._busy)
        self._upcoming.appendleft(task.request)

    def _gave(self, process: Process, message: bytes, task: _Task) -> bool:
        """Gives a task to a process; returns False if the process is gone."""
        try:
            process.give(message)
        except OSError:
            return False
        self._set_clock(process)
        self._expect(process, task)
        return True

    def _expect(self, process: Process, task: _Task) -> None:
        self._tasks[process.pid] = task
        self._busy[process.answers] = process
        self._poll.register(process.answers, select.POLLIN)

    def _set_clock(self, process: Process) -> None:
        timeout = self._limits.file_timeout
        process.deadline = time.monotonic() + timeout if timeout else 0.0

    def _ready(self) -> Sequence[tuple[Callable[[Process], Result | None], Process]]:
        """Waits, and returns the processes that answered or are late, each with its handler.

        A process that has answered is never late, however long this process was busy.
        """
        deadlines = [p.deadline for p in self._busy.values() if p.deadline and not p.asks]
        if not (self._ended or self._upcoming or len(self._busy) >= self._workers):
            deadlines.append(time.monotonic() + TICK)
        if self._finished:
            deadlines.append(self._finished.due)
        wait = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        heard = [self._busy[fd] for fd, _ in self._poll.poll(wait and ceil(wait * 1000))]
        late = [p for p in self._busy.values() if p.is_late() and p not in heard]
        return [(self._heard, p) for p in heard] + [(self._give_up, p) for p in late]

    def _give_up(self, process: Process) -> Result | None:
        """Ends a process that takes too long, and returns the outcome of its file."""
        task = self._tasks[process.pid]
        process.end()
        self._forget(process)
        limit = self._limits.file_timeout
        error = f"took more than {limit:g} s (--file-timeout)"
        return self._lost(task._replace(again=True), error)

    def _heard(self, process: Process) -> Result | None:
        """Receives a message; returns the result if it is one."""
        task = self._tasks[process.pid]
        try:
            said = process.hear()
        except (EOFError, OSError, pickle.UnpicklingError):
            ending = process.ending()
            self._forget(process)
            return self._lost(task, f"its worker process {ending}, twice")
        if isinstance(said, int):
            process.asks = said
            self._asking.append(process)
            return None
        self._forget(process)
        self._idle.append(process)
        return task.request, said

    def _lost(self, task: _Task, error: str) -> Result | None:
        """Returns the outcome of a file whose process died; None if it is retried."""
        sweep_for(task.request.destination)
        found = self._after_death(task.request)
        if isinstance(found, Outcome):
            return task.request, found
        if not task.again:
            self._alone.append(_Task(found, again=True))
            return None
        return task.request, failure(task.request, error, ExitCode.CODEC, "CodecError")

    def _forget(self, process: Process) -> None:
        self._poll.unregister(process.answers)
        del self._busy[process.answers], self._tasks[process.pid]

    def _let_in(self) -> None:
        """Grants the requests for memory in turn, as long as there is room."""
        while self._asking:
            process = self._asking[0]
            running = [p for p in self._busy.values() if not p.asks]
            taken = sum(max(self._share, p.granted) for p in running)
            if running and taken + process.asks > self._memory:
                return
            self._asking.popleft()
            process.grant()
            self._set_clock(process)
