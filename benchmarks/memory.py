"""Measures the peak resident memory of a process tree, for a file of 2 GiB and for one of 128 MiB.

It adds up the high-water marks of the command and its descendants every 20 ms. So the result is
never less than the memory that they used at the same time. Compressing is verified, the way back is
not: both decode each frame. The frames are smooth, which saves time and no memory.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks import images
from benchmarks.commands import Command, convert, environment

MIB = 1 << 20
WHOLE = 2 << 30
PART = 16
"""The smaller file is so many times smaller."""
EVERY = 0.02
SMOOTH = 0.1
CODECS = (
    "rle-lossless",
    "jpeg-lossless-sv1",
    "jpeg-ls-lossless",
    "jpeg2000-lossless",
    "htj2k-lossless",
    "jpeg-xl-lossless",
    "deflated-image-frame",
)
NATIVE = "explicit-vr-little-endian"
SCALE = 64
"""With ``quick`` the files are so many times smaller."""


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table of memory, with one row for each conversion."""
    size = WHOLE // SCALE if quick else WHOLE
    counts = [size // images.CT.frame_bytes // PART, size // images.CT.frame_bytes]
    single = _peaks(folder, 1)
    part, whole = (_peaks(folder, count) for count in counts)
    told = [
        "| from | to | 1 frame | " + " | ".join(f"{_mib(c)} MiB" for c in counts) + " | time |",
        "|" + "---|" * 6,
    ]
    for (source, target), (peak, spent) in whole.items():
        cells = (single[source, target][0], part[source, target][0], peak)
        told.append(
            f"| {source} | {target} | "
            + " | ".join(f"{cell // MIB} MiB" for cell in cells)
            + f" | {spent:.0f} s |"
        )
    baseline = peak_and_seconds([sys.executable, "-c", "import numpy, imagecodecs"])[0]
    return [*told, "", f"`import numpy, imagecodecs` alone: {baseline // MIB} MiB."]


def _mib(count: int) -> int:
    return count * images.CT.frame_bytes // MIB


def _peaks(folder: str, count: int) -> dict[tuple[str, str], tuple[int, float]]:
    """Returns the bytes and seconds of each conversion of a file with this many frames."""
    source, out, back = (f"{folder}/{name}.dcm" for name in ("native", "out", "back"))
    images.write(source, images.CT, count, noise=SMOOTH)
    found = {("native", "implicit"): peak_and_seconds(convert(source, out, "implicit"))}
    for target in CODECS:
        there = convert(source, out, target, "--verify=all")
        found["native", target] = peak_and_seconds(there)
        found[target, "native"] = peak_and_seconds(convert(out, back, NATIVE))
    for path in (source, out, back):
        os.unlink(path)
    return found


def peak_and_seconds(command: Command) -> tuple[int, float]:
    """Returns the peak of a command's process tree in bytes, and its wall time.

    Raises:
        CalledProcessError: the command failed.
    """
    peak, start = 0, time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment())
    while process.poll() is None:
        peak = max(peak, sum(high_water(pid) for pid in _tree(process.pid)))
        time.sleep(EVERY)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak, time.perf_counter() - start


def _tree(pid: int) -> Iterator[int]:
    """Yields a process and its descendants that are still running."""
    yield pid
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _tree(int(child))


def high_water(pid: int) -> int:
    """Returns the peak resident memory of a process in bytes; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return 0
