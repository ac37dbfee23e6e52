"""Times whole processes in turn, so that other load affects all of them in the same way."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

DICOMTX = str(Path(sys.executable).parent / "dicomtx")

Command = Sequence[str]


class Spent(NamedTuple):
    """What a process took with its children, in seconds: CPU is user and system time."""

    cpu: float
    wall: float


def convert(source: str, destination: str, target: str, *more: str) -> list[str]:
    """Returns the command that converts a file without verification; ``more`` are options."""
    asked = ["--to", target, "--overwrite", *(more or ("--no-verify",))]
    return [DICOMTX, "convert", source, destination, *asked]


def served(socket: str, command: Command) -> list[str]:
    """Returns a command that the server at this socket runs."""
    return ["env", f"DICOMTX_SERVER={socket}", *command]


def threads(number: int) -> dict[str, str]:
    """Returns the environment in which dicomtx uses this many threads."""
    return {"DICOMTX_THREADS": str(number)}


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """Returns the environment of the processes. Python caches byte code there, as for users."""
    mine = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return mine | (more or {})


def seconds(command: Command, more: dict[str, str] | None = None) -> float:
    """Returns the wall time of a process, in seconds."""
    return spent(command, more).wall


def spent(command: Command, more: dict[str, str] | None = None) -> Spent:
    """Runs a process, and returns what it took."""
    before, start = _children(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment(more))
    return Spent(_children() - before, time.perf_counter() - start)


def _children() -> float:
    """Returns the CPU time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def medians(commands: Sequence[Command | None], rounds: int) -> list[float]:
    """Returns the median wall time of each command in seconds; NaN if it was not measured."""
    taken: list[list[float]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, times in zip(commands, taken, strict=True):
            if command:
                taking = seconds(command)
                if number:  # the first round fills the disk cache
                    times.append(taking)
    return [statistics.median(times) if times else float("nan") for times in taken]
