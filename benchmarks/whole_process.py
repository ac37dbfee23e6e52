"""Times dicomtx, gdcmconv and DCMTK as processes on the same files.

A cell is the median of the rounds; in brackets its ratio to the first column.
"""

import sys
from math import isnan

from pydicom.data import get_testdata_file

from benchmarks import images
from benchmarks.commands import DICOMTX, convert, medians

SMALL = {"10 kB": "MR_small.dcm", "0.5 MB": "693_UNCR.dcm"}
LARGE = {"7 MB": "RG1_UNCR.dcm"}
TARGETS = {
    "implicit-vr-little-endian": (["-w", "-M"], ["dcmconv", "+ti"]),
    "rle-lossless": (["-R"], ["dcmcrle"]),
    "jpeg-lossless-sv1": (["-J"], ["dcmcjpeg", "+e1"]),
    "jpeg-ls-lossless": (["-L"], ["dcmcjpls"]),
    "jpeg2000-lossless": (["-K"], None),
}
"""Options of gdcmconv, and DCMTK's program, for the same target; DCMTK has no JPEG 2000."""


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the tables of start-up and of files, small ones first."""
    few, many = (1, 1) if quick else (3, 7)
    told = ["| start-up | time (ratio) |", "|---|---|", *_start_up(many), ""]
    told += ["| file | to | gdcmconv | DCMTK | dicomtx --no-verify | dicomtx |", "|" + "---|" * 6]
    for label, source in _real(SMALL).items():
        told += [_row(label, source, target, folder, many) for target in TARGETS]
    for label, source in (_real(LARGE) | _made(folder)).items():
        told += [_row(label, source, target, folder, few) for target in TARGETS]
    return told


def _real(names: dict[str, str]) -> dict[str, str]:
    return {label: str(get_testdata_file(name, download=False)) for label, name in names.items()}


def _made(folder: str) -> dict[str, str]:
    """Generates the largest file. The table of batches has large frames."""
    return {"31 MB, 60 frames": images.write(f"{folder}/frames.dcm", images.CT, 60)}


def _row(label: str, source: str, target: str, folder: str, rounds: int) -> str:
    gdcm, dcmtk = TARGETS[target]
    out = f"{folder}/out.dcm"
    spent = medians(
        [
            ["gdcmconv", *gdcm, source, out],
            [*dcmtk, source, out] if dcmtk else None,
            convert(source, out, target),
            convert(source, out, target, "--verify=all"),
        ],
        rounds,
    )
    return f"| {label} | {target} | " + " | ".join(cell(s, spent[0]) for s in spent) + " |"


def _start_up(rounds: int) -> list[str]:
    commands = {
        '`python -c "import click"`': [sys.executable, "-c", "import click"],
        "`dicomtx --help`": [DICOMTX, "--help"],
        "`dicomtx --version`": [DICOMTX, "--version"],
    }
    spent = medians([*commands.values()], rounds)
    return [f"| {n} | {cell(s, spent[0])} |" for n, s in zip(commands, spent, strict=True)]


def cell(spent: float, reference: float) -> str:
    """Returns a time in milliseconds with its ratio to another."""
    return "-" if isnan(spent) else f"{spent * 1000:.0f} ms ({spent / reference:.1f})"
