"""Times sending and receiving beside DCMTK and Orthanc: CPU and wall time of an instance.

Small instances have 256 x 256 pixels (131 kB), large ones 3000 x 4500 (27 MB). CPU is that of the
program in the first column, start included. All rows of a table run in turn, several rounds, and
the best round counts. Senders send to the same storescp, which keeps nothing. ``buffer`` has the
table of transcoding buffers.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import buffer
from benchmarks.commands import DICOMTX, Spent, spent
from benchmarks.receivers import receiving
from tests.dicom.builder import element, image, module, part10, text
from tests.dicom_peers import StoreScp

CT: Final = "1.2.840.10008.5.1.4.1.1.2"
SMALL: Final = (100, 256, 256)
LARGE: Final = (10, 3000, 4500)
QUICK: Final = (3, 64, 64)
ROUNDS: Final = 3


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the tables."""
    found: list[str] = []
    kinds = {"small": QUICK, "large": QUICK} if quick else {"small": SMALL, "large": LARGE}
    for kind, (count, rows, columns) in kinds.items():
        sources = instances(Path(folder) / kind, count, rows, columns)
        head = f"| {count} {kind} instances | CPU of an instance | wall time of an instance |"
        found += ["", head, "|---|---|---|"]
        found += sending(Path(folder), sources, 1 if quick else ROUNDS)
        found += ["", f"| {count} {kind} instances, received | CPU | wall time |", "|---|---|---|"]
        found += receiving(Path(folder), sources, 1 if quick else ROUNDS)
    return [*found[1:], "", *buffer.lines(folder, quick=quick)]


def instances(folder: Path, count: int, rows: int, columns: int) -> Path:
    """Writes CT images of random pixels, 16 bits, and returns their folder."""
    folder.mkdir()
    for number in range(count):
        uid = f"1.2.826.0.1.3680043.10.54321.{rows}.{number}"
        elements = (
            text(0x00080016, "UI", CT),
            text(0x00080018, "UI", uid),
            text(0x00080060, "CS", "CT"),
            text(0x00100020, "LO", "BENCH"),
            text(0x0020000D, "UI", "1.2.826.0.1.3680043.10.54321.1"),
            text(0x0020000E, "UI", "1.2.826.0.1.3680043.10.54321.2"),
            module(image(rows, columns, allocated=16)),
            element(0x7FE00010, "OW", os.urandom(rows * columns * 2)),
        )
        meta = (text(0x00020002, "UI", CT), text(0x00020003, "UI", uid))
        path = folder / f"{number:03}.dcm"
        path.write_bytes(part10("explicit", b"".join(elements), *meta))
    return folder


def sending(folder: Path, sources: Path, rounds: int) -> Iterator[str]:
    """Yields a row for each program that sends."""
    with StoreScp(folder / "received", None, "--ignore") as scp:
        place = ("127.0.0.1", str(scp.port))
        programs = {
            "`storescu`": ("storescu", "-aec", scp.title, *place, "+sd", str(sources)),
            "`dcmsend`": ("dcmsend", "-aec", scp.title, *place, "+sd", str(sources)),
            "`dicomtx send`": (DICOMTX, "send", "-q", str(sources), scp.url),
        }
        count = len(list(sources.iterdir()))
        for label, (cpu, wall) in best(programs, count, rounds).items():
            yield f"| {label} | {cpu * 1000:.1f} ms | {wall * 1000:.1f} ms |"


def best(programs: Mapping[str, Sequence[str]], count: int, rounds: int) -> dict[str, Spent]:
    """Returns the best of several rounds of each program, for one of ``count`` instances."""
    found: dict[str, list[Spent]] = {label: [] for label in programs}
    for _ in range(rounds):
        for label, command in programs.items():
            found[label].append(spent(command))
    return {
        label: Spent(min(one.cpu for one in each) / count, min(one.wall for one in each) / count)
        for label, each in found.items()
    }
