"""A warm server of its own for a test, and commands that go through it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from dicomtx.warm.address import VARIABLE

DICOMTX = (sys.executable, "-m", "dicomtx")
PATIENCE = 60
T = TypeVar("T")


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Yields a server that listens at ``folder/s``, and stops it afterwards."""
    arguments = (*DICOMTX, "serve", "--socket", str(folder / "s"), *options)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=cold()) as process:
        assert process.stderr
        line = process.stderr.readline()
        assert "listening" in line, line + process.stderr.read()
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()


def cold() -> dict[str, str]:
    """Returns an environment in which commands run without a server."""
    return {name: value for name, value in os.environ.items() if name != VARIABLE}


def warm(folder: Path) -> dict[str, str]:
    """Returns an environment in which commands use the server of this folder."""
    return cold() | {VARIABLE: str(folder / "s")}


def status(folder: Path) -> dict[str, str]:
    """Returns what the server says of itself."""
    arguments = (*DICOMTX, "serve", "--status", "--socket", str(folder / "s"))
    lines = subprocess.run(arguments, capture_output=True, text=True, check=True, env=cold()).stdout
    return dict(line.split(": ") for line in lines.splitlines())


def until(condition: Callable[[], T], what: Sequence[str] = ()) -> T:
    """Waits until a function returns something true, and returns that."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found
