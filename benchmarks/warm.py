"""Times commands through the warm server, gdcmconv, and a process that does nothing.

A cell is the median of the rounds; in brackets its ratio to gdcmconv. The last column follows the
one before it at once, so it also shows what the server does between two commands.
"""

import sys
from pathlib import Path

from pydicom.data import get_testdata_file

from benchmarks.commands import convert, medians, served
from benchmarks.whole_process import TARGETS, cell
from tests import warm_server

FILES = {"10 kB": "MR_small.dcm", "0.5 MB": "693_UNCR.dcm"}
COLUMNS = (
    "file",
    "to",
    "gdcmconv",
    "`python -c pass`",
    "dicomtx, cold",
    "warm --no-verify",
    "warm",
)


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table."""
    place = Path(folder) / "server"
    place.mkdir(mode=0o700)
    rounds = 1 if quick else 11
    written = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    with warm_server.running(place):
        for label, name in FILES.items():
            source = str(get_testdata_file(name, download=False))
            written += [_row(label, source, target, place, rounds) for target in TARGETS]
    return written


def _row(label: str, source: str, target: str, place: Path, rounds: int) -> str:
    out = f"{place}/out.dcm"
    socket = f"{place}/s"
    spent = medians(
        [
            ["gdcmconv", *TARGETS[target][0], source, out],
            [sys.executable, "-c", "pass"],
            convert(source, out, target, "--verify=all"),
            served(socket, convert(source, out, target)),
            served(socket, convert(source, out, target, "--verify=all")),
        ],
        rounds,
    )
    return f"| {label} | {target} | " + " | ".join(cell(s, spent[0]) for s in spent) + " |"
