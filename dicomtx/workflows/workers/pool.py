"""Many files on many processes: each converts one file at a time, and may die of it.

A process that dies is replaced. Its file is tried once more, alone, then it has failed, unless the
caller finds that it was done before the process died. What takes more than a process' share of the
memory waits until the others leave room.
"""

import pickle
import select
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from dicomtx.errors import DestinationError, ExitCode
from dicomtx.resources import Budget
from dicomtx.settings import Settings
from dicomtx.storage.part_files import sweep_for
from dicomtx.storage.source import reason
from dicomtx.workflows.convert.file_rules import AT_REST
from dicomtx.workflows.convert.outcomes import failure
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers.executor import AfterDeath, Result
from dicomtx.workflows.workers.process import Process

GRACE: Final = 5.0  # seconds to let go of a file


class ProcessPool(NamedTuple):
    """An ``Executor``: worker processes on this machine, and what they may take together.

    Attributes:
        workers: how many files at once; 0 is one for each CPU.
        max_memory: bytes for all of them; 0 is three quarters of the machine's.
        file_timeout: seconds for one file; 0 is no limit.
    """

    workers: int = 0
    max_memory: int = 0
    file_timeout: float = 0.0

    def run(
        self, requests: Iterable[Request], after_death: AfterDeath = lambda request: request
    ) -> Generator[Result, None, None]:
        """Yields what came of each request, as they are done; see ``Executor.run``."""
        pool = _Pool(iter(requests), self, after_death)
        try:
            yield from pool.results()
        finally:
            pool.stop()


class _Task(NamedTuple):
    request: Request
    again: bool = False


class _Pool:
    """The processes and what they are at."""

    def __init__(
        self, requests: Iterator[Request], limits: ProcessPool, after_death: AfterDeath
    ) -> None:
        self._requests = requests
        self._limits = limits
        self._after_death = after_death
        self._cpus, self._memory = Budget.of(Settings(max_memory=limits.max_memory))
        wanted = limits.workers or self._cpus
        if self._memory // wanted < AT_REST:  # so little: fewer at once
            wanted = max(1, self._memory // AT_REST)
        self._share = self._memory // wanted
        self._workers = wanted
        self._next = next(requests, None)
        self._alone: deque[_Task] = deque()
        self._idle: list[Process] = []
        self._busy: dict[int, Process] = {}
        self._tasks: dict[int, _Task] = {}
        self._asking: deque[Process] = deque()
        self._poll = select.poll()

    def results(self) -> Iterator[Result]:
        self._hand_out()
        while self._busy:
            for happened, process in self._ready():
                result = happened(process)
                self._hand_out()  # so that nobody waits while the result is looked at
                if result:
                    yield result

    def stop(self) -> None:
        """Ends all processes; files in the making are dropped."""
        busy, self._busy = list(self._busy.values()), {}
        for process in busy:
            process.terminate()
        until = time.monotonic() + GRACE
        for process in busy:
            process.end(max(0.0, until - time.monotonic()))
            sweep_for(self._tasks[process.pid].request.destination)
        while self._idle:
            self._idle.pop().end(GRACE)

    def _hand_out(self) -> None:
        """Gives work to whom there is room for."""
        self._let_in()
        while len(self._busy) < self._workers and not self._asking:
            if self._alone:
                if not self._busy:
                    self._start(self._alone.popleft())
                return
            if self._next is None:
                return
            request, self._next = self._next, next(self._requests, None)
            self._start(_Task(request))

    def _start(self, task: _Task) -> None:
        request = task.request
        if not request.settings.threads:
            last = task.again or (self._next is None and not self._alone)
            among = len(self._busy) + 1 if last else self._workers
            settings = request.settings._replace(threads=max(1, self._cpus // among))
            request = request._replace(settings=settings)
        message = pickle.dumps((request, self._share), 5)
        while self._idle:
            if self._gave(self._idle.pop(), message, task):
                return
        try:
            process = Process()
        except OSError as error:  # the system has no room for as many
            self._take_back(task, error)
            return
        if not self._gave(process, message, task):
            self._expect(process, task)  # how it ended is heard there

    def _take_back(self, task: _Task, error: OSError) -> None:
        """Has a file wait until one of the processes that there are is idle.

        Raises:
            DestinationError: there are none.
        """
        if not self._busy:
            raise DestinationError(f"no process can be started: {reason(error)}") from error
        self._workers = len(self._busy)
        if task.again:
            self._alone.appendleft(task)
            return
        if self._next is not None:
            self._requests = chain((self._next,), self._requests)
        self._next = task.request

    def _gave(self, process: Process, message: bytes, task: _Task) -> bool:
        """Whether an idle process was still there to take it."""
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
        """Waits, and returns the processes that answer or are late, with what to do about each.

        A process that has answered is not late, however long we were busy elsewhere.
        """
        deadlines = [p.deadline for p in self._busy.values() if p.deadline and not p.asks]
        wait = max(0.0, min(deadlines) - time.monotonic()) * 1000 + 1 if deadlines else None
        heard = [self._busy[fd] for fd, _ in self._poll.poll(wait)]
        late = [p for p in self._busy.values() if p.is_late() and p not in heard]
        return [(self._heard, p) for p in heard] + [(self._give_up, p) for p in late]

    def _give_up(self, process: Process) -> Result | None:
        """Ends a process that takes too long, and returns what came of its file."""
        task = self._tasks[process.pid]
        process.end()
        self._forget(process)
        limit = self._limits.file_timeout
        error = f"took more than {limit:g} s: it was given up"
        return self._lost(task._replace(again=True), error)

    def _heard(self, process: Process) -> Result | None:
        """Returns a result, if that is what there was to hear."""
        task = self._tasks[process.pid]
        try:
            said = process.hear()
        except (EOFError, OSError, pickle.UnpicklingError):
            ending = process.ending()
            self._forget(process)
            return self._lost(task, f"the process that worked on it {ending}, twice")
        if isinstance(said, int):
            process.asks = said
            self._asking.append(process)
            return None
        self._forget(process)
        self._idle.append(process)
        return task.request, said

    def _lost(self, task: _Task, error: str) -> Result | None:
        """Returns what came of a file whose process died; None: it is tried again."""
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
        """Lets those who ask for memory begin: one after the other, when there is room."""
        while self._asking:
            process = self._asking[0]
            running = [p for p in self._busy.values() if not p.asks]
            taken = sum(max(self._share, p.granted) for p in running)
            if running and taken + process.asks > self._memory:
                return
            self._asking.popleft()
            process.grant()
            self._set_clock(process)
