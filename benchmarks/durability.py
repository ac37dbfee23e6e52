"""What it costs that outputs survive a power failure: ``batch -j2`` over small files.

The names are synced once for a group of outputs, as the command does it, or once for each output.
Without any sync, nothing would survive for certain: this shows what there is to gain. The three run
in turn, round by round; a cell is the median. CPU is that of all processes.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.trees import make_tree, squares

RUN: Final = """
import sys
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.request import FileRules
from dicomtx.workflows.workers.pool import ProcessPool
source, out, how = sys.argv[1:]
rules = FileRules(sync="nothing" if how == "nothing" else "all")
pool = ProcessPool(2, grouped=how == "grouped")
with opened(Batch((source,), out, find("rle-lossless"), rules=rules, executor=pool)) as run:
    assert all(outcome.status == "done" for outcome in run.outcomes())
"""
WAYS: Final = {"names in groups": "grouped", "each name": "each", "no sync": "nothing"}
FILES, ROUNDS, SIDE = 500, 5, 64
DISK: Final = "/var/tmp"  # unlike /tmp, never in memory


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table."""
    count, rounds = (20, 1) if quick else (FILES, ROUNDS)
    source = Path(folder) / "small"
    make_tree(source, squares(SIDE, count))
    found = [
        f"{count} files of {SIDE} x {SIDE} to RLE Lossless.",
        "",
        "| destination | | wall | CPU |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory(dir=DISK) as disk:
        for place in dict.fromkeys((disk, folder)):
            found += rows(source, place, rounds)
    return found


def rows(source: Path, place: str, rounds: int) -> list[str]:
    """Returns the rows of one destination."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for number in range(rounds):
        for name, how in WAYS.items():
            out = os.path.join(place, f"{how}{number}")
            taken[name].append(timed(sys.executable, "-c", RUN, str(source), out, how))
    kind = kind_of(place)
    told = []
    for name, both in taken.items():
        wall, cpu = (statistics.median(one) for one in zip(*both, strict=True))
        told.append(f"| {kind} | {name} | {wall:.2f} s | {cpu:.2f} s |")
    return told


def timed(*command: str) -> tuple[float, float]:
    """Returns the seconds and the CPU seconds of a command and its processes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def kind_of(place: str) -> str:
    """Returns the type of the file system of a folder."""
    asked = ["df", "--output=fstype", place]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[-1]
