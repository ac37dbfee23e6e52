"""Measures how the cost of hostile files grows from n to 4n elements.

Processor time and peak memory are those beyond a file of 10 elements. A growth of 4 is linear.
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.commands import DICOMTX, Command, convert, environment
from benchmarks.memory import EVERY, MIB, high_water
from tests.test_growth import INPUTS

FEW = 10
SIZE = 25_000
SIZES = {"bytes behind a deflate stream": 500, "nested, defined": 4000}
"""Inputs whose size does not grow with 8 bytes or so for each element."""
SCALE = 100
"""With ``quick`` the files are so many times smaller."""
NOISE = 0.05  # seconds, and the same share of memory: growth below this is not reported

COMMANDS: dict[str, Callable[[str], Command]] = {
    "info": lambda path: [DICOMTX, "info", path],
    "convert": lambda path: convert(path, f"{path}.out", "implicit"),
    "compare": lambda path: [DICOMTX, "compare", path, path],
}


class Cost(NamedTuple):
    """The cost of one process: CPU seconds, and peak memory in MiB."""

    seconds: float
    memory: float


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table, with one row for each input and command."""
    path = Path(folder) / "in.dcm"
    told = [
        "| input | command | 4n, MiB | time, 4n | growth | memory, 4n | growth |",
        "|" + "---|" * 7,
    ]
    for name, make in INPUTS.items():
        size = SIZES.get(name, SIZE) // (SCALE if quick else 1)
        costs: dict[str, list[Cost]] = {command: [] for command in COMMANDS}
        for count in (FEW, size, 4 * size):
            path.write_bytes(make(count))
            for command, line in COMMANDS.items():
                costs[command].append(cost(line(str(path))))
        mib = path.stat().st_size / MIB
        told += [f"| {name} | {c} | {mib:.1f} | {cells(*costs[c])} |" for c in COMMANDS]
    return told


def cells(few: Cost, once: Cost, four: Cost) -> str:
    """Returns the last four cells of a row."""
    seconds, memory = (growth(*values) for values in zip(few, once, four, strict=True))
    return f"{four.seconds:.2f} s | {seconds} | {four.memory:.0f} MiB | {memory}"


def growth(few: float, once: float, four: float) -> str:
    """Returns the growth of the cost beyond ``few``; empty if the cost is too small to compare."""
    return f"{(four - few) / (once - few):.1f}" if once - few > NOISE * max(few, 1) else "-"


def cost(command: Command) -> Cost:
    """Returns the cost of a command. It may refuse the hostile file."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    peak = done = 0
    while not done:  # ru_maxrss would count what this process had when it was forked
        peak = max(peak, high_water(process.pid))
        time.sleep(EVERY)
        done, status, used = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(used.ru_utime + used.ru_stime, peak / MIB)
