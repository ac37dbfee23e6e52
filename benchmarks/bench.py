"""Times whole processes: dicomtx against gdcmconv and DCMTK on the same files, in one run.

The commands of a row are run in turn, round by round, so that whatever else the machine does
meets all of them alike; a cell is the median of the rounds. Results go to RESULTS.md beside this
file: ratios are what counts, milliseconds are there to judge them by.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydicom.data import get_testdata_file

DICOMTX = str(Path(sys.executable).parent / "dicomtx")
IMAGES = {"10 kB": "MR_small.dcm", "0.5 MB": "693_UNCR.dcm", "7 MB": "RG1_UNCR.dcm"}
TARGETS = {
    "implicit-vr-little-endian": (["-w", "-M"], ["dcmconv", "+ti"]),
    "rle-lossless": (["-R"], ["dcmcrle"]),
    "jpeg-lossless-sv1": (["-J"], ["dcmcjpeg", "+e1"]),
    "jpeg-ls-lossless": (["-L"], ["dcmcjpls"]),
    "jpeg2000-lossless": (["-K"], None),
}
"""Options of gdcmconv, and DCMTK's program, for the same target; DCMTK has no JPEG 2000."""
RESULTS = Path(__file__).parent / "RESULTS.md"

Command = Sequence[str]


def seconds(command: Command) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def medians(commands: Sequence[Command | None], rounds: int) -> list[float]:
    """Returns the median wall time of each command in seconds; NaN where there is none."""
    taken: list[list[float]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, times in zip(commands, taken, strict=True):
            if command:
                spent = seconds(command)
                if number:  # the first round fills the disk cache
                    times.append(spent)
    return [statistics.median(times) if times else float("nan") for times in taken]


def cell(spent: float, reference: float) -> str:
    return "-" if spent != spent else f"{spent * 1000:.0f} ms ({spent / reference:.1f})"  # noqa: PLR0124  NaN


def convert_row(label: str, image: str, target: str, folder: str, rounds: int) -> str:
    source = str(get_testdata_file(image, download=False))
    gdcm, dcmtk = TARGETS[target]
    out = f"{folder}/out.dcm"
    ours = [DICOMTX, "convert", source, out, "--to", target, "--overwrite"]
    spent = medians(
        [
            ["gdcmconv", *gdcm, source, out],
            [*dcmtk, source, out] if dcmtk else None,
            [*ours, "--no-verify"],
            ours,
        ],
        rounds,
    )
    return f"| {label} | {target} | " + " | ".join(cell(s, spent[0]) for s in spent) + " |"


def start_up_rows(rounds: int) -> list[str]:
    names = ['`python -c "import click"`', "`dicomtx --help`", "`dicomtx --version`"]
    spent = medians(
        [
            [sys.executable, "-c", "import click"],
            [DICOMTX, "--help"],
            [DICOMTX, "--version"],
        ],
        rounds,
    )
    return [f"| {n} | {cell(s, spent[0])} |" for n, s in zip(names, spent, strict=True)]


def said_version(program: str) -> str:
    done = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    words = (done.stdout + done.stderr).split()
    return next((word for word in words if word[:1].isdigit() or word[:2] == "v3"), "?")


def heading() -> list[str]:
    packages = ", ".join(f"{n} {version(n)}" for n in ("imagecodecs", "numpy", "click"))
    return [
        "# What a conversion costs",
        "",
        "Written by `make bench`. Wall time of the whole process, median of interleaved rounds; in",
        "brackets the ratio to the first column of the row, which was measured in the same run.",
        "",
        (
            f"Machine: {os.cpu_count()} cores, {platform.system()} {platform.machine()}. "
            f"Python {platform.python_version()}, dicomtx {version('dicomtx')}, {packages}; "
            f"gdcmconv {said_version('gdcmconv')}, DCMTK {said_version('dcmconv')}."
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    missing = [name for name in ("gdcmconv", "dcmconv") if not shutil.which(name)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (Debian: libgdcm-tools, dcmtk)")
    lines = [*heading(), "", "| start-up | time (ratio) |", "|---|---|", *start_up_rows(rounds)]
    lines += [
        "",
        "| file | to | gdcmconv | DCMTK | dicomtx --no-verify | dicomtx |",
        "|" + "---|" * 6,
    ]
    with tempfile.TemporaryDirectory() as folder:
        for label, image in IMAGES.items():
            lines += [convert_row(label, image, target, folder, rounds) for target in TARGETS]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
