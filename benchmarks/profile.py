"""Shows where the CPU time of a batch goes: ``python -m benchmarks.profile large rle-lossless``.

It samples one job with one thread by Linux perf (Debian: linux-perf), and groups the samples by
library and kernel function. The first column is the same command on one file of 10 kB: start-up.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydicom.data import get_testdata_file

from benchmarks import images, peers
from benchmarks.batch import ours
from benchmarks.commands import environment
from benchmarks.trees import LARGE, SLICES, make_tree
from tests import audit_extra

RATE: Final = 997  # samples a second
TREES: Final = ("slices", "large", "frames")
PLACES: Final = (
    (
        "kernel: page faults",
        r"\[kernel.*(fault|clear_page|zap_|(?<!file)map|alloc_page|free_)",
    ),
    ("kernel: reading and writing", r"\[kernel.*(copy_|iter|shmem|read|write|sync|ext4)"),
    ("kernel: other", r"\[kernel|\[vdso|\[guest"),
    ("copies and memory (libc)", r"libc\.so"),
    ("Python", r"python3|libpython|ld-linux|libpthread|unknown"),
    ("numpy", r"_multiarray|_umath|openblas|_simd"),
    ("checksums (zlib, OpenSSL)", r"libz\.|zlib|libcrypto|_sha|_blake|_hashlib"),
    ("codecs", r""),
)
"""The parts, by the first pattern that is found in the library and the function of a sample."""
TOTAL: Final = "total"


def main() -> int:
    audit_extra.hide()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", choices=TREES, help="the trees of the tables, or 64 MB of frames")
    parser.add_argument("to", choices=peers.TOOLS)
    parser.add_argument("--folder", default="/dev/shm" if Path("/dev/shm").is_dir() else None)
    asked = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("not installed: perf (Debian: linux-perf)")
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        print("\n".join(lines(Path(folder), asked.tree, asked.to)))
    return 0


def lines(base: Path, tree: str, to: str) -> Iterator[str]:
    """Yields the table: CPU seconds in each part."""
    one = base / "one"
    one.mkdir()
    shutil.copy(str(get_testdata_file("MR_small.dcm", download=False)), one / "one.dcm")
    source = make(base / "native", tree)
    runs = [sampled(base, one, to), sampled(base, source, to, "--no-verify")]
    runs.append(sampled(base, source, to))
    yield f"| {tree} to {to}, CPU seconds | start | --no-verify | verified |"
    yield "|" + "---|" * 4
    for part in (*(name for name, _ in reversed(PLACES)), TOTAL):
        yield f"| {part} | " + " | ".join(f"{run[part] / RATE:.2f}" for run in runs) + " |"


def make(folder: Path, tree: str) -> Path:
    """Writes the files, and returns their folder."""
    if tree == "frames":
        folder.mkdir()
        images.write(str(folder / "frames.dcm"), images.CT, 128)
    else:
        bits, sizes = SLICES if tree == "slices" else LARGE
        make_tree(folder, sizes, bits)
    return folder


def sampled(base: Path, source: Path, to: str, *options: str) -> Counter[str]:
    """Runs a batch, and returns the samples in each part."""
    out, data = base / "out", base / "perf.data"
    shutil.rmtree(out, ignore_errors=True)
    command = ours(source, out, to, "-j1", "--threads=1", *options)
    record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(RATE), "-o", str(data)]
    subprocess.run([*record, *command], check=True, env=environment())
    report = ["perf", "report", "-q", "-i", str(data), "-F", "sample,dso,sym", "-t", ";", "--stdio"]
    done = subprocess.run(report, check=True, capture_output=True, text=True)
    found: Counter[str] = Counter()
    for line in filter(None, done.stdout.splitlines()):
        count, _, place = line.partition(";")
        found[part_of(place)] += int(count)
        found[TOTAL] += int(count)
    return found


def part_of(place: str) -> str:
    """Returns the part to which a library and a function belong."""
    return next(name for name, pattern in PLACES if re.search(pattern, place))


if __name__ == "__main__":
    sys.exit(main())
