"""Talks to the scheduler and the workers of a Dask cluster. It needs ``dicomtx[cluster]``.

This process chooses the worker of each task. So Dask does not move or repeat a task on its own:
``cluster`` first looks up what the lost worker had finished.
"""

import json
import logging
import os
import pickle
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from distributed import Client, Future, LocalCluster, Worker, get_worker

from dicomtx.errors import NetworkError, UsageError
from dicomtx.resources import Budget
from dicomtx.settings import Settings
from dicomtx.workflows.workers.cluster_worker import (
    MEMORY,
    Answer,
    Facts,
    Task,
    host_of,
    problem_of,
)
from dicomtx.workflows.workers.local_workers import local_workers

LOCAL: Final = "local:"
CONNECT: Final = 10.0  # seconds to reach the scheduler
START: Final = 60.0  # seconds for local workers to start
RETURN: Final = 300.0  # seconds to wait for a scheduler that is gone
POLL: Final = 1.0  # seconds between two looks at the workers
TICK: Final = 0.2  # seconds to wait for answers
AT_ONCE: Final = 200  # answers


@contextmanager
def connected(
    address: str, settings: Settings, tell: Callable[[str], None]
) -> Iterator["DaskConnection"]:
    """Yields the connection to a cluster, after checking the versions of its workers.

    Args:
        address: ``tcp://HOST:PORT``, the path of a scheduler file, or ``local:N``.
        settings: the memory of ``local:N``.
        tell: called with messages for the user.

    Raises:
        UsageError: the address is not one of these.
        NetworkError: the scheduler cannot be reached, or a worker has other versions.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    logging.getLogger("tornado").setLevel(logging.CRITICAL)
    with _scheduler(address, settings) as scheduler:
        connection = DaskConnection(scheduler, tell)
        try:
            connection.workers()
            yield connection
        finally:
            connection.close()


class DaskConnection:
    """A ``Connection`` of ``cluster`` to Dask.

    Attributes:
        run: identifies this run.
    """

    def __init__(self, scheduler: str, tell: Callable[[str], None]) -> None:
        """Connects to the scheduler.

        Raises:
            NetworkError: it cannot be reached.
        """
        self.run = uuid.uuid4().hex
        self._scheduler = scheduler
        self._tell = tell
        self._facts: dict[str, Facts] = {}
        self._refused: set[str] = set()
        self._futures: dict[int, Future[bytes]] = {}
        self._done: queue.SimpleQueue[Future[bytes] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._polled = 0.0
        self._client = _client(scheduler)
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()

    def workers(self) -> dict[str, Facts]:
        """Returns the workers that can get tasks now; see ``Connection.workers``."""
        if self._client.status != "running":
            self._reconnect()
        if time.monotonic() - self._polled > POLL:
            try:
                self._facts = self._looked_up()
            except (OSError, TimeoutError):  # the scheduler is gone
                self._reconnect()
            self._polled = time.monotonic()
        return self._facts

    def start(self, address: str, task: Task) -> None:
        """Gives a task to a worker, and to no other."""
        facts = self._facts[address]
        resources = {MEMORY: facts.reserved} if facts.reserved else None
        try:
            future = self._client.submit(
                carry_out,
                pickle.dumps(task, 5),
                key=f"dicomtx-{self.run}-{task.number}",
                workers=[address],
                resources=resources,
                pure=False,
            )
        except (OSError, TimeoutError, RuntimeError):  # the scheduler is gone
            self._answers.put(Answer(task.number, None))
            return
        self._futures[task.number] = future
        future.add_done_callback(self._done.put)

    def drop(self, number: int) -> None:
        """Forgets a task whose worker is gone."""
        future = self._futures.pop(number, None)
        if future is not None:
            with suppress(OSError, RuntimeError):
                future.cancel()

    def answers(self) -> list[Answer]:
        """Waits a moment for tasks that are done, and returns their answers."""
        found: list[Answer] = []
        with suppress(queue.Empty):
            found.append(self._answers.get(timeout=TICK))
            while len(found) < AT_ONCE:
                found.append(self._answers.get_nowait())
        for answer in found:
            self._futures.pop(answer.number, None)
        return found

    def stop(self) -> None:
        """Stops all tasks of this run; see ``Connection.stop``."""
        with suppress(OSError, TimeoutError, RuntimeError):
            futures, self._futures = self._futures, {}
            self._client.run(stop, self.run, workers=list(self._facts), on_error="ignore")
            deadline = time.monotonic() + CONNECT
            while any(f.status == "pending" for f in futures.values()) and (
                time.monotonic() < deadline
            ):
                time.sleep(0.05)
            self._client.cancel(list(futures.values()))

    def close(self) -> None:
        """Closes the connection."""
        self._done.put(None)
        with suppress(OSError, TimeoutError, RuntimeError):
            self._client.close(timeout=CONNECT)

    def _collect(self) -> None:
        """Fetches the answers of tasks that are done, many at once."""
        while (first := self._done.get()) is not None:
            futures = [first]
            with suppress(queue.Empty):
                while len(futures) < AT_ONCE and (another := self._done.get_nowait()):
                    futures.append(another)
            missing = {int(str(future.key).rpartition("-")[2]) for future in futures}
            with suppress(Exception):  # the scheduler or the worker is gone
                for message in self._client.gather(futures, errors="skip"):
                    answer: Answer = pickle.loads(message)  # noqa: S301 - our workers'
                    missing.discard(answer.number)
                    self._answers.put(answer)
            for number in missing:
                self._answers.put(Answer(number, None))

    def _looked_up(self) -> dict[str, Facts]:
        """Returns the running workers, and asks new ones for their versions."""
        found = self._client.scheduler_info()["workers"]
        running = {name for name, one in found.items() if one.get("status") == "running"}
        new = sorted(running - self._facts.keys() - self._refused)
        said = self._client.run(facts_of, workers=new, on_error="return") if new else {}
        known = {name: facts for name, facts in self._facts.items() if name in running}
        for name, facts in said.items():
            problem = problem_of(name, facts)
            if not problem:
                known[name] = facts
            elif not isinstance(facts, OSError):  # otherwise it has just gone
                self._refuse(name, problem)
        return known

    def _refuse(self, name: str, problem: str) -> None:
        """Refuses a worker: before any work that is an error, later it gets no work.

        Raises:
            NetworkError: there was no work yet.
        """
        if not self._polled:
            raise NetworkError(problem)
        self._refused.add(name)
        self._tell(f"{problem}; this worker gets no files")

    def _reconnect(self) -> None:
        """Waits for the scheduler, which has lost all tasks.

        Raises:
            NetworkError: it did not come back.
        """
        self._tell(f"lost the scheduler {self._scheduler}; waiting up to {RETURN:g} s for it")
        with suppress(Exception):
            self._client.close(timeout=1)
        self._facts, self._futures = {}, {}
        deadline = time.monotonic() + RETURN
        while True:
            try:
                self._client = _client(self._scheduler)
            except NetworkError as error:
                if time.monotonic() > deadline:
                    raise NetworkError(f"{error}. Run the same command again to go on") from error
                time.sleep(POLL)
            else:
                self._tell("the scheduler is back")
                return


@contextmanager
def _scheduler(address: str, settings: Settings) -> Iterator[str]:
    """Yields the address of the scheduler, or the path of its file; starts a local cluster.

    Raises:
        UsageError: this is not an address.
    """
    number = address.removeprefix(LOCAL)
    if number == address:
        if "://" not in address and not os.path.exists(address):
            raise UsageError(
                f"--cluster {address}: not tcp://HOST:PORT, an existing scheduler file or local:N"
            )
        yield address
        return
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 1000):
        raise UsageError(f"--cluster {address}: use local:N with the number of processes")
    with LocalCluster(
        n_workers=0, dashboard_address=None, host="127.0.0.1", silence_logs=logging.CRITICAL
    ) as local:
        scheduler = local.scheduler_address
        with local_workers(scheduler, int(number), Budget.of(settings).memory):
            try:
                with _client(scheduler) as client:
                    client.wait_for_workers(int(number), timeout=START)
            except TimeoutError as error:
                raise NetworkError(f"the workers of {address} did not start") from error
            yield scheduler


def _client(scheduler: str) -> Client:
    """Returns a client of a scheduler.

    Raises:
        NetworkError: the scheduler cannot be reached.
    """
    try:
        address = scheduler
        if "://" not in scheduler:
            with open(scheduler, encoding="utf-8") as file:
                address = json.load(file)["address"]
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, KeyError) as error:
        told = " ".join(str(error).split()) or "no answer"
        raise NetworkError(f"cannot reach the Dask scheduler {scheduler}: {told}") from error


def facts_of(dask_worker: Worker) -> Facts:
    """Runs on a worker: returns the facts about it."""
    return host_of(dask_worker).facts


def stop(run: str, dask_worker: Worker) -> None:
    """Runs on a worker: stops the files of a run."""
    host_of(dask_worker).stop(run)


def carry_out(message: bytes) -> bytes:
    """Runs on a worker: converts the files of a task, and returns the answer."""
    worker = get_worker()
    task: Task = pickle.loads(message)  # noqa: S301 - the parent's
    key = f"dicomtx-{task.run}-{task.number}"

    def is_cancelled() -> bool:
        state = worker.state.tasks.get(key)
        return state is None or state.state == "cancelled"

    return pickle.dumps(host_of(worker).carry_out(task, is_cancelled), 5)
