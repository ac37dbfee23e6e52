"""Trees: ``dicomtx batch`` against other tools, on the same files.

All commands of a syntax are run in turn, round by round, on a RAM disk; a time is the median. Each
writes to a folder that is emptied before; so does dicomtx, whose journal goes with it. Only
dicomtx verifies, unless it says ``--no-verify``.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Final

from pydicom.data import get_testdata_file

from benchmarks import peers
from benchmarks.commands import environment
from benchmarks.trees import LARGE, SLICES, Size, make_tree, megabytes

DICOMTX: Final = (sys.executable, "-m", "dicomtx")
UNVERIFIED: Final = "--no-verify"
JOBS: Final = f"-j{peers.WORKERS}"
MANY: Final = 5_000
POLL: Final = 0.05

Command = Sequence[str]
Times = dict[str, dict[str, float]]
"""The seconds of each command by its name, for each transfer syntax."""


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the tables, and the memory of the parent."""
    base = Path(folder)
    rounds = 1 if quick else 3
    slices = tree(base, *_some(SLICES, 6 if quick else 111))
    small = timed(slices, one_process(slices), rounds)
    large = tree(base, *_some(LARGE, 2 if quick else 15))
    big = timed(large, one_thread(large), rounds)
    cells = ["xargs gdcmconv", "xargs DCMTK", f"batch {JOBS} {UNVERIFIED}", f"batch {JOBS}"]
    found = [
        f"{peers.WORKERS} processes each. In brackets: times as fast as the best peer.",
        peers.MISSING,
        "",
        f"| files | to | {' | '.join(cells)} |",
        "|" + "---|" * 6,
        *against_peers(label(slices, "MR slices"), small),
        *against_peers(label(large, "large frames"), big),
        "",
    ]
    found += ["One process each, MR slices. In brackets: the time as a share of pydicom's.", ""]
    found += shares(small, ("pydicom", "dcmjs-codecs", f"batch -j1 {UNVERIFIED}", "batch -j1"))
    found += ["", f"One job with one thread, large frames. {JOBS}: times as fast.", ""]
    found += speed_ups(big)
    return [*found, "", memory_row(base, 1_000 if quick else MANY)]


def _some(kind: tuple[int, Sequence[Size]], count: int) -> tuple[int, Sequence[Size]]:
    return kind[0], kind[1][-count:]


def tree(base: Path, bits: int, sizes: Sequence[Size]) -> Path:
    """Writes files, and returns their folder."""
    made = base / f"native{bits}"
    make_tree(made, sizes, bits)
    return made


def label(source: Path, what: str) -> str:
    return f"{len(os.listdir(source))} {what} ({megabytes(source):.0f} MB)"


def ours(source: Path, out: Path, to: str, *options: str) -> list[str]:
    return [*DICOMTX, "batch", str(source), str(out), "--to", to, "-q", *options]


Alone = dict[str, dict[str, Command | None]]
"""The commands of a transfer syntax that use one process, by their names."""


def one_process(source: Path) -> Alone:
    """Returns the loops of Python and JavaScript, and one job."""
    out = source.parent / "out"
    return {
        to: {
            "pydicom": peers.pydicom_loop(to, source, out),
            "dcmjs-codecs": peers.dcmjs_loop(to, source, out),
            f"batch -j1 {UNVERIFIED}": ours(source, out, to, "-j1", UNVERIFIED),
            "batch -j1": ours(source, out, to, "-j1"),
        }
        for to in peers.TOOLS
    }


def one_thread(source: Path) -> Alone:
    """Returns one job with one thread."""
    out, alone = source.parent / "out", ("-j1", "--threads=1")
    return {
        to: {
            f"batch -j1 {UNVERIFIED}": ours(source, out, to, *alone, UNVERIFIED),
            "batch -j1": ours(source, out, to, *alone),
        }
        for to in peers.TOOLS
    }


def timed(source: Path, alone: Alone, rounds: int) -> Times:
    """Returns the times of the commands with several processes, and of those with one."""
    out, found = source.parent / "out", {}
    for to in peers.TOOLS:
        gdcm, dcmtk = peers.xargs(to, source, out)
        commands: dict[str, Command | None] = {
            "gdcmconv": gdcm,
            "DCMTK": dcmtk,
            UNVERIFIED: ours(source, out, to, JOBS, UNVERIFIED),
            "verified": ours(source, out, to, JOBS),
            **alone[to],
        }
        spent = medians([*commands.values()], out, rounds)
        found[to] = dict(zip(commands, spent, strict=True))
        show(f"{to}: " + ", ".join(f"{name} {one:.2f} s" for name, one in found[to].items()))
    return found


def medians(commands: Sequence[Command | None], out: Path, rounds: int) -> list[float]:
    """Returns the median wall time of each command in seconds; NaN if it was not measured."""
    taken: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for command, times in zip(commands, taken, strict=True):
            if not command:
                continue
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment())
            times.append(time.perf_counter() - start)
    return [statistics.median(times) if times else nan for times in taken]


def against_peers(files: str, times: Times) -> Iterator[str]:
    """Yields a row for each transfer syntax: seconds, and how many times as fast."""
    for to, spent in times.items():
        seconds = [spent[name] for name in ("gdcmconv", "DCMTK", UNVERIFIED, "verified")]
        best = min(one for one in seconds[:2] if not isnan(one))
        cells = [_seconds(one, f"{best / one:.2f}") for one in seconds]
        yield f"| {files} | {to} | {' | '.join(cells)} |"


def shares(times: Times, names: Sequence[str]) -> Iterator[str]:
    """Yields the table of commands with one process; the first is the measure of the others."""
    yield f"| to | {' | '.join(names)} |"
    yield "|" + "---|" * (len(names) + 1)
    for to, spent in times.items():
        first = spent[names[0]]
        cells = [
            _seconds(spent[name], "-" if isnan(first) else f"{spent[name] / first:.2f}")
            for name in names
        ]
        yield f"| {to} | {' | '.join(cells)} |"


def speed_ups(times: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yields the table of one job against several."""
    alone = {UNVERIFIED: f"batch -j1 {UNVERIFIED}", "verified": "batch -j1"}
    yield f"| to | {' | '.join(f'{name} | {JOBS}' for name in alone.values())} |"
    yield "|" + "---|" * 5
    for to, spent in times.items():
        cells = [
            f"{spent[one]:.2f} s | {spent[one] / spent[several]:.2f}"
            for several, one in alone.items()
        ]
        yield f"| {to} | {' | '.join(cells)} |"


def _seconds(spent: float, note: str) -> str:
    return "-" if isnan(spent) else f"{spent:.2f} s ({note})"


def resident(pid: int) -> int:
    """Returns the resident memory of a process in KiB; 0 if it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


def memory_row(base: Path, count: int) -> str:
    """Returns the memory of the parent after a twentieth of the files, and its later peak."""
    source = Path(str(get_testdata_file("MR_small.dcm", download=False))).read_bytes()
    for number in range(count):
        path = base / "many" / str(number // 1000) / f"{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
    report, out = base / "report.jsonl", base / "many-out"
    command = [*ours(base / "many", out, "implicit"), "--report", str(report)]
    running = subprocess.Popen(command)
    first, most, started = 0, 0, time.perf_counter()
    while running.poll() is None:
        if not first and (out / "0").exists() and len(os.listdir(out / "0")) > min(900, count // 2):
            first = resident(running.pid)
        most = max(most, resident(running.pid))
        time.sleep(POLL)
    seconds = time.perf_counter() - started
    shutil.rmtree(base / "many")
    return (
        f"Memory of the parent over {count} files of 10 kB: {first / 1024:.0f} MiB after the first "
        f"thousand, {most / 1024:.0f} MiB at most ({count / seconds:.0f} files a second)."
    )


def show(line: str) -> str:
    """Returns the line, and prints it on standard error: the whole table takes minutes."""
    print(line, file=sys.stderr, flush=True)
    return line
