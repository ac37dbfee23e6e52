"""Worker processes of a Dask cluster on this machine, for ``--cluster local:N``."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def local_workers(scheduler: str, number: int, memory: int) -> Iterator[None]:
    """Starts worker processes that share ``memory`` bytes, and ends them after the block.

    They also end when their scheduler is gone.
    """
    options = (f"--nworkers={number}", "--nthreads=1", f"--memory-limit={memory // number}")
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, *options]
    with subprocess.Popen(
        [*command, "--no-dashboard"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt at the terminal reaches only this process
    ) as process:
        try:
            yield
        finally:
            process.terminate()
