"""Measures MB/s of raw pixels for each codec and direction, compared with the library itself.

It converts a multi-frame file on the RAM disk without verification, and subtracts the time of the
same command on a file of one frame. It uses one thread, then two, to show the speed-up.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import bare, images
from benchmarks.commands import convert, environment, seconds, threads

NATIVE = "explicit-vr-little-endian"


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table, with one row for each codec and direction."""
    count, rounds = (16, 1) if quick else (192, 3)
    many = images.write(f"{folder}/many.dcm", images.CT, count)
    single = images.write(f"{folder}/single.dcm", images.CT, 1)
    told = [
        (
            f"{count} frames of 512 x 512 x 16 bits ({count * images.CT.frame_bytes / 1e6:.0f} MB)."
            " In brackets: of the library with as many threads."
        ),
        "",
        "| codec | | library | `--threads 1` | library, 2 threads | `--threads 2` | speed-up |",
        "|" + "---|" * 7,
    ]
    for syntax in bare.CODECS:
        told.append(_row(syntax, "encode", (many, single), rounds, count))
        packed = [f"{path[:-4]}.packed.dcm" for path in (many, single)]
        for path, out in zip((many, single), packed, strict=True):
            seconds(convert(path, out, syntax))
        told.append(_row(syntax, "decode", (packed[0], packed[1]), rounds, count))
    return told


def _row(syntax: str, direction: str, sources: tuple[str, str], rounds: int, count: int) -> str:
    """Returns a row. ``sources`` are the file with many frames and the one with a single frame."""
    out = f"{os.path.dirname(sources[0])}/out.dcm"
    target = syntax if direction == "encode" else NATIVE
    library: dict[int, list[float]] = {1: [], 2: []}
    ours: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for number in (1, 2):
            library[number].append(_bare(syntax, direction, number, count))
            whole, start_up = (
                seconds(convert(source, out, target), threads(number)) for source in sources
            )
            ours[number].append(whole - start_up)
    megabytes = count * images.CT.frame_bytes / 1e6
    speeds = {
        name: [megabytes / statistics.median(taken[n]) for n in (1, 2)]
        for name, taken in (("library", library), ("ours", ours))
    }
    cells = [f"{syntax} | {direction}"]
    for bare_speed, speed in zip(speeds["library"], speeds["ours"], strict=True):
        cells += [f"{bare_speed:.0f} MB/s", f"{speed:.0f} MB/s ({speed / bare_speed:.0%})"]
    return f"| {' | '.join(cells)} | {speeds['ours'][1] / speeds['ours'][0]:.2f} |"


def _bare(syntax: str, direction: str, number: int, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.bare", syntax, direction, str(number), str(count)]
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=root, env=environment()
    )
    return float(done.stdout)
