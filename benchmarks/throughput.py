"""Compares dicomtx with the library that it calls, and one thread with two, in a multi-frame file.

The file is on a RAM disk, and nothing is verified. CPU is user and system time of ``dicomtx
convert --threads 1``, less that of the same command on one frame; so start-up does not count, and
reading and writing does. The CPU of the library is that of its calls alone, with one thread. A
speed-up is the wall time with one thread, also less that of one frame, divided by that with two.
Each figure is a median.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks import bare, images
from benchmarks.batch import show
from benchmarks.commands import Spent, convert, environment, spent, threads

NATIVE: Final = "explicit-vr-little-endian"
OTHER_NATIVE: Final = "implicit-vr-little-endian"
FRAMES: Final = 128
ROUNDS: Final = 3

Library = tuple[float, float, float]
"""CPU with one thread, wall time with one and with two."""


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table, with one row for each codec and direction."""
    count, rounds = (16, 1) if quick else (FRAMES, ROUNDS)
    files = [images.write(f"{folder}/{name}.dcm", images.CT, n) for name, n in _files(count)]
    heads = ("CPU of the library", "CPU of dicomtx", "library / dicomtx")
    speed_ups = ("two threads: library", "two threads: dicomtx")
    told = [
        f"{count} frames of 512 x 512 x 16 bits ({_megabytes(count):.0f} MB).",
        "",
        f"| codec | | {' | '.join(heads + speed_ups)} |",
        "|" + "---|" * 7,
        _row(OTHER_NATIVE, "from explicit", files, rounds, count),
    ]
    for syntax in bare.CODECS:
        told.append(_row(syntax, "encode", files, rounds, count))
        packed = [f"{path[:-4]}.packed.dcm" for path in files]
        for path, out in zip(files, packed, strict=True):
            spent(convert(path, out, syntax))
        told.append(_row(syntax, "decode", packed, rounds, count))
    return told


def _files(count: int) -> list[tuple[str, int]]:
    return [("many", count), ("single", 1)]


def _megabytes(count: int) -> float:
    return count * images.CT.frame_bytes / 1e6


def _row(syntax: str, direction: str, sources: list[str], rounds: int, count: int) -> str:
    """Returns a row. ``sources`` are the file with many frames and the one with a single frame."""
    out = f"{os.path.dirname(sources[0])}/out.dcm"
    target = NATIVE if direction == "decode" else syntax
    many, single = (convert(source, out, target) for source in sources)
    library: list[Library] = []
    ours: dict[int, list[Spent]] = {1: [], 2: []}
    for _ in range(rounds):
        if syntax in bare.CODECS:
            library.append(_library(syntax, direction, count))
        for number, taken in ours.items():
            whole, start_up = (spent(command, threads(number)) for command in (many, single))
            taken.append(Spent(whole.cpu - start_up.cpu, whole.wall - start_up.wall))
    one, two = (Spent(*map(statistics.median, zip(*each, strict=True))) for each in ours.values())
    speed_up = f"{one.wall / two.wall:.2f}"
    if not library:
        cells = ("-", _speed(one.cpu, count), "-", "-", speed_up)
    else:
        cpu, alone, together = map(statistics.median, zip(*library, strict=True))
        share = f"{cpu / one.cpu:.0%}"
        both = (_speed(cpu, count), _speed(one.cpu, count))
        cells = (*both, share, f"{alone / together:.2f}", speed_up)
    return show(f"| {syntax} | {direction} | {' | '.join(cells)} |")


def _speed(cpu: float, count: int) -> str:
    return f"{cpu:.2f} s ({_megabytes(count) / cpu:.0f} MB/s)"


def _library(syntax: str, direction: str, count: int) -> Library:
    command = [sys.executable, "-m", "benchmarks.bare", syntax, direction, str(count)]
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=root, env=environment()
    )
    cpu, alone, together = map(float, done.stdout.split())
    return cpu, alone, together
