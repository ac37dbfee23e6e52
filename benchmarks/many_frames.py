"""Times 100,000 against 10,000 frames of 32 x 32 pixels, without verification: 10 is linear.

Times are those of the whole command, the median of three for 10,000 frames, and one for 100,000.
The peaks are resident memory: dicomtx remembers the place of each frame, and how it was made.
"""

import statistics

from benchmarks import images
from benchmarks.commands import convert
from benchmarks.memory import MIB, peak_and_seconds

NATIVE = "explicit-vr-little-endian"
TARGETS = ("implicit-vr-little-endian", "rle-lossless", "jpeg-ls-lossless", "jpeg2000-lossless")


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table of times, and the ratio between them."""
    few, rounds = (1_000, 1) if quick else (10_000, 3)
    sources = [
        images.write(f"{folder}/{count}.dcm", images.TINY, count) for count in (few, 10 * few)
    ]
    told = [
        f"| from | to | {few:,} frames | {10 * few:,} frames | ratio | peaks |",
        "|" + "---|" * 6,
    ]
    for target in TARGETS:
        outs = [f"{source[:-4]}.out.dcm" for source in sources]
        told.append(_row("native", target, sources, outs, rounds))
        if target != TARGETS[0]:
            backs = [f"{source[:-4]}.back.dcm" for source in sources]
            told.append(_row(target, "native", outs, backs, rounds))
    return told


def _row(source: str, target: str, files: list[str], outs: list[str], rounds: int) -> str:
    asked = NATIVE if target == "native" else target
    taken: list[list[float]] = [[], []]
    peaks = [0, 0]
    for size, (path, out) in enumerate(zip(files, outs, strict=True)):
        for _ in range(1 if size else rounds):
            peak, spent = peak_and_seconds(convert(path, out, asked))
            taken[size].append(spent)
            peaks[size] = max(peaks[size], peak)
    few, many = (statistics.median(times) for times in taken)
    told = ", ".join(f"{peak // MIB} MiB" for peak in peaks)
    return f"| {source} | {target} | {few:.2f} s | {many:.2f} s | {many / few:.1f} | {told} |"
