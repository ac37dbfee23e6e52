"""A real Dask cluster for tests: a scheduler and workers as processes on the loopback."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

DEADLINE: Final = 60.0  # seconds
QUIET: Final = ("--no-dashboard", "--host=127.0.0.1")


def until(condition: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def die_with_parent() -> None:
    """Runs in a new process: ends it when the tests are killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class DaskCluster:
    """A scheduler, and workers that start, end and are killed.

    Attributes:
        file: the scheduler file.
        workers: the processes of the workers; without a nanny each is one process.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Starts the scheduler, which writes its address to a file in ``folder``."""
        self.file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self.scheduler = self._started("scheduler", "--port=0", f"--scheduler-file={self.file}")
        until(lambda: self.file.exists() and self.file.stat().st_size)

    def start_scheduler_again(self) -> None:
        """Starts another scheduler, which writes the same file."""
        self.file.unlink()
        self.scheduler = self._started("scheduler", "--port=0", f"--scheduler-file={self.file}")
        until(lambda: self.file.exists() and self.file.stat().st_size)

    def add_worker(self, *options: str, environment: Mapping[str, str] | None = None) -> None:
        """Starts another worker, with one thread."""
        self.workers.append(
            self._started(
                "worker",
                f"--scheduler-file={self.file}",
                "--nthreads=1",
                "--no-nanny",
                *options,
                environment=environment,
            )
        )

    def kill_worker(self, number: int = 0) -> None:
        """Kills a worker with SIGKILL."""
        worker = self.workers.pop(number)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def _started(
        self, program: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with open(self._folder / f"{program}.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{program}", *QUIET, *options],
                cwd=self._folder,
                env={**self._environment, **(environment or {})},
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the tests have one thread here
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def running(
    folder: Path, workers: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[DaskCluster]:
    """Yields a cluster with workers."""
    folder.mkdir(parents=True, exist_ok=True)
    with DaskCluster(folder, environment) as cluster:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
