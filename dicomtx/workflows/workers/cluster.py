"""Converts files on the workers of a cluster; ``dask.Connection`` talks to them.

This process gives each task to one worker and decides what happens if that worker is gone. So the
caller can look up in its journal what was done, before a file is retried on another worker.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final, NamedTuple, Protocol

from dicomtx.errors import ExitCode, NetworkError, UnsupportedError
from dicomtx.settings import Settings
from dicomtx.storage.outputs import outputs_at, sweep_for
from dicomtx.workflows.convert.outcomes import failure
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers.cluster_worker import Answer, Death, Facts, Task
from dicomtx.workflows.workers.executor import AfterDeath, Result
from dicomtx.workflows.workers.grouping import Grouping

AHEAD: Final = 2  # tasks for each thread of a worker: one in progress, one waiting
GONE: Final = Death("was lost with its worker")
DEATHS: Final = 2  # of processes that had a file alone
NUMBERS: Final = count(1)  # of tasks; Dask must not take two runs on one connection for one
PATIENCE: Final = 3600.0  # seconds to wait for a worker if there is none


class Connection(Protocol):
    """The workers of a cluster."""

    run: str

    def workers(self) -> dict[str, Facts]:
        """Returns the workers that can get tasks now, by address.

        Raises:
            NetworkError: the cluster is gone and did not come back.
        """

    def start(self, address: str, task: Task) -> None:
        """Gives a task to a worker."""

    def drop(self, number: int) -> None:
        """Forgets a task whose worker is gone."""

    def answers(self) -> list[Answer]:
        """Waits a moment for tasks that are done, and returns their answers."""

    def stop(self) -> None:
        """Stops all tasks of this run, and waits until they have discarded partial output."""


class Cluster(NamedTuple):
    """An ``Executor``: the workers of a cluster.

    Attributes:
        connection: to the workers.
        file_timeout: seconds for one file; 0 is no limit.
        tell: called with messages for the user.
    """

    connection: Connection
    file_timeout: float = 0.0
    tell: Callable[[str], None] = lambda _: None

    def run(
        self, requests: Iterable[Request | None], after_death: AfterDeath = lambda request: request
    ) -> Generator[Result, None, None]:
        """Yields each request with its outcome, as they are done; see ``Executor.run``."""
        run = _Run(iter(requests), self, after_death)
        try:
            yield from run.results()
        finally:
            run.stop()


@contextmanager
def connected_cluster(
    address: str, settings: Settings, file_timeout: float, tell: Callable[[str], None]
) -> Iterator[Cluster]:
    """Yields the cluster at an address; see ``dask.connected``.

    Raises:
        UnsupportedError: Dask is not installed.
        UsageError: this is not an address.
        NetworkError: the scheduler cannot be reached, or a worker has other versions.
    """
    try:
        from dicomtx.workflows.workers.dask import connected  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnsupportedError("a cluster needs Dask: pip install 'dicomtx[cluster]'") from error
    with connected(address, settings, tell) as connection:
        yield Cluster(connection, file_timeout, tell)


class _File(NamedTuple):
    """A file to convert.

    Attributes:
        request: as the caller gave it.
        deaths: how many processes died that had the file alone.
        alone: whether it is retried, alone in its task.
        avoid: the worker that it was lost on.
        taken: whether its output was found to exist, and then looked up.
    """

    request: Request
    deaths: int = 0
    alone: bool = False
    avoid: str = ""
    taken: bool = False


class _Flying(NamedTuple):
    """A task that a worker has."""

    address: str
    worker: str
    files: tuple[_File, ...]


class _Run:
    """The tasks of one run.

    ``_again`` are files that were lost, ``_left`` those that a task had no time for.
    """

    def __init__(
        self, requests: Iterator[Request | None], limits: Cluster, after_death: AfterDeath
    ) -> None:
        self._requests = requests
        self._cluster = limits.connection
        self._limits = limits
        self._after_death = after_death
        self._grouping = Grouping()
        self._ended = False
        self._again: deque[_File] = deque()
        self._left: deque[Request] = deque()
        self._flying: dict[int, _Flying] = {}
        self._deserted = 0.0  # when the last worker left; 0 if there are workers

    def results(self) -> Iterator[Result]:
        while True:
            workers = self._cluster.workers()
            yield from self._lost_with(workers)
            self._hand_out(workers)
            if self._ended and not (self._flying or self._again or self._left):
                return
            self._wait_for_workers(workers)
            for answer in self._cluster.answers():
                yield from self._heard(answer)

    def stop(self) -> None:
        """Ends all tasks and discards partial output."""
        if not self._flying:
            return
        flying, self._flying = self._flying, {}
        self._cluster.stop()
        for task in flying.values():
            for file in task.files:
                sweep_for(file.request.destination)

    def _wait_for_workers(self, workers: dict[str, Facts]) -> None:
        """Says that there are no workers, such as before a queue has started them.

        Raises:
            NetworkError: there were none for too long.
        """
        if workers:
            self._deserted = 0.0
        elif not self._deserted:
            self._deserted = time.monotonic()
            minutes = f"{PATIENCE / 60:g} minutes"
            self._limits.tell(f"the cluster has no workers; waiting up to {minutes} for one")
        elif time.monotonic() - self._deserted > PATIENCE:
            raise NetworkError(
                f"the cluster had no workers for {PATIENCE / 60:g} minutes."
                " Start some, and run the same command again to go on"
            )

    def _hand_out(self, workers: dict[str, Facts]) -> None:
        """Gives each worker as many tasks as it should have."""
        load = dict.fromkeys(workers, 0)
        for task in self._flying.values():
            if task.address in load:
                load[task.address] += 1
        while load:
            address = min(load, key=lambda one: load[one] / workers[one].threads)
            files = self._next(address, workers, load)
            if not files:
                del load[address]
                continue
            self._start(address, workers[address], files)
            load[address] += 1

    def _next(
        self, address: str, workers: dict[str, Facts], load: dict[str, int]
    ) -> tuple[_File, ...]:
        """Returns the files of the next task for a worker; none if it should not get one now.

        A retried file starts at once, so that it can be blamed if its worker dies again.
        """
        threads = workers[address].threads
        if load[address] < threads:
            for file in self._again:
                if file.avoid != workers[address].worker or len(workers) == 1:
                    self._again.remove(file)
                    return (file,)
        if load[address] >= threads * AHEAD:
            return ()
        return tuple(map(_File, self._grouping.group(self._pull)))

    def _pull(self) -> Request | None:
        """Returns the next request; None if there is none at the moment, or no more."""
        if self._left:
            return self._left.popleft()
        try:
            return None if self._ended else next(self._requests)
        except StopIteration:
            self._ended = True
            return None

    def _start(self, address: str, facts: Facts, files: tuple[_File, ...]) -> None:
        number = next(NUMBERS)
        self._flying[number] = _Flying(address, facts.worker, files)
        requests = tuple(_absolute(file.request) for file in files)
        limit = self._limits.file_timeout
        task = Task(number, self._cluster.run, facts.worker, requests, limit)
        self._cluster.start(address, task)

    def _lost_with(self, workers: dict[str, Facts]) -> Iterator[Result]:
        """Yields the results of files whose worker is gone."""
        here = {(address, facts.worker) for address, facts in workers.items()}
        gone = [n for n, task in self._flying.items() if (task.address, task.worker) not in here]
        for number in gone:
            self._cluster.drop(number)
            yield from self._heard(Answer(number, None))

    def _heard(self, answer: Answer) -> Iterator[Result]:
        task = self._flying.pop(answer.number, None)
        if task is None:  # its worker was thought to be gone
            return
        results = answer.results or (GONE,) * len(task.files)
        self._left.extend(file.request for file in task.files[len(results) :])
        for file, said in zip(task.files, results, strict=False):
            result = self._settled(file, task, said)
            if result:
                yield result

    def _settled(self, file: _File, task: _Flying, said: Outcome | Death) -> Result | None:
        """Returns the result of a file; None if it is retried."""
        if isinstance(said, Death):
            blamed = len(task.files) == 1 or said is not GONE
            lost = file._replace(deaths=file.deaths + blamed, avoid=task.worker)
            return self._lost(lost, f"its worker process {said.ending}")
        self._grouping.learn(said)
        request = file.request
        if _is_taken(said, request) and not file.taken:  # perhaps by a process of an earlier run
            return self._lost(file._replace(taken=True), said.error)
        names = {"path": request.source.name, "destination": request.destination}
        return request, said._replace(**names)

    def _lost(self, file: _File, error: str) -> Result | None:
        """Returns the outcome of a file that was lost; None if it is retried."""
        request = file.request
        sweep_for(request.destination)
        found = self._after_death(request)
        if isinstance(found, Outcome):
            return request, found
        if file.deaths < DEATHS:
            self._again.append(file._replace(request=found, alone=True))
            return None
        told = f"{error}, after another process that had it"
        return request, failure(request, told, ExitCode.CODEC, "CodecError")


def _is_taken(outcome: Outcome, request: Request) -> bool:
    """Whether the file failed because there is an output that must not be overwritten."""
    failed = outcome.status == "failed" and outcome.exit_code == ExitCode.DESTINATION
    return failed and not request.overwrite


def _absolute(request: Request) -> Request:
    """Returns the request for a process with another working directory."""
    outputs = outputs_at(request.destination)
    return request._replace(
        source=request.source.absolute(),
        destination=outputs.absolute(request.destination),
        below=outputs.absolute(request.below) if request.below else "",
    )
