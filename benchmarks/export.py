"""Times exports of many members and of large ones, and how much memory they take.

The sources are links to one tiny file (so that finding them is all that they cost) and a sparse
file past 4 GiB. Memory is the largest resident set of the process that writes the archive.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MEMBERS = 3_500
ALL_MEMBERS = 70_000
"""With ``--full``: more than a ZIP archive has without ZIP64."""
FULL = (1 << 32) - 1
LARGE = (1 << 32) - (1 << 20)
SMALL = 1 << 22
RUN = """
import sys
from dicomtx.__main__ import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024, file=sys.stderr)
sys.exit(code)
"""
"""ru_maxrss would count what this process had when it started the command."""


class Measured(NamedTuple):
    """The seconds and the bytes of memory of a command, and the bytes that it wrote."""

    seconds: float
    memory: int
    size: int


def measured(kind: str, sources: Path, out: Path, *options: str) -> Measured:
    start = time.perf_counter()
    command = [sys.executable, "-c", RUN, "export", kind, str(sources), str(out), "-q", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    spent = time.perf_counter() - start
    size = out.stat().st_size
    out.unlink()
    return Measured(spent, int(done.stderr.splitlines()[-1]), size)


def tiny(uid: str) -> bytes:
    """Returns a file of 8 x 8 pixels, of one of 100 series."""
    from tests.dicom.builder import element as raw  # noqa: PLC0415
    from tests.dicom.builder import image, module, part10, text  # noqa: PLC0415

    series = str(int(uid.rpartition(".")[2]) % 100)
    values = (
        (0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        (0x00080018, "UI", uid),
        (0x00080020, "DA", "20240229"),
        (0x00080030, "TM", "120000"),
        (0x00080060, "CS", "OT"),
        (0x00100010, "PN", "Many^Files"),
        (0x00100020, "LO", "P1"),
        (0x0020000D, "UI", "1.2.3"),
        (0x0020000E, "UI", f"1.2.3.{series}"),
        (0x00200010, "SH", "S1"),
        (0x00200011, "IS", series),
        (0x00200013, "IS", "1"),
    )
    header = b"".join(text(*value) for value in values)
    pixels = module(image(8, 8)) + raw(0x7FE00010, "OB", bytes(64))
    meta = (text(0x00020002, "UI", values[0][2]), text(0x00020003, "UI", uid))
    return part10("explicit", header + pixels, *meta)


def many(folder: Path, count: int) -> Path:
    made = folder / f"{count}"
    for n in range(count):
        below = made / f"{n % 100:02}"
        if n < 100:
            below.mkdir(parents=True)
        (below / f"{n:06}.dcm").write_bytes(tiny(f"1.2.3.4.{n}"))
    return made


def large(folder: Path) -> Path:
    """Returns files of more than 4 GiB in total. Their fragments are holes on disk."""
    from tests.dicom.builder import (  # noqa: PLC0415
        element,
        identity,
        image,
        mark,
        module,
        part10,
    )

    made = folder / "large"
    made.mkdir()
    for n, size in enumerate((LARGE, SMALL)):
        pixels = element(0x7FE00010, "OB", mark(0xFFFEE000) + mark(0xFFFEE000, size), length=FULL)
        head = part10("rle", identity() + module(image(8, 8)) + pixels)
        with (made / f"large{n}.dcm").open("wb") as file:
            file.write(head)
            file.seek(len(head) + size)
            file.write(mark(0xFFFEE0DD))
    return made


def row(name: str, found: Measured, members: int) -> str:
    speed = f"{found.seconds / members * 1000:.1f} ms" if members > 2 else "-"
    return (
        f"| {name} | {found.seconds:.0f} s | {speed} | {found.memory / 1e6:.0f} MB"
        f" | {found.size / 1e6:.1f} MB |"
    )


def rows(members: int, folder: Path) -> Iterator[str]:
    """Yields the table of exports as Markdown, each row as soon as it is known."""
    yield "| export | time | a member | memory | written |"
    yield "|---|---|---|---|---|"
    out = folder / "out.zip"
    if members >= MEMBERS:
        yield row("archive past 4 GiB", measured("archive", large(folder), out), 2)
    kinds: list[tuple[str, tuple[str, ...]]]
    kinds = [("archive", ()), ("archive", ("--to", "rle")), ("media", ())]
    few = members // 7
    memory: dict[int, list[int]] = {}
    for count in (few, members):
        sources = many(folder, count)
        for kind, options in kinds:
            found = measured(kind, sources, out, *options)
            memory.setdefault(count, []).append(found.memory)
            yield row(f"{' '.join((kind, *options))}, {count:,} members", found, count)
    yield ""
    for (kind, options), before, after in zip(kinds, memory[few], memory[members], strict=True):
        more = (after - before) / (members - few)
        yield f"{' '.join((kind, *options))}: {more:.0f} bytes of memory for each member more"


def lines(folder: str, *, quick: bool = False, full: bool = False) -> list[str]:
    members = ALL_MEMBERS if full else MEMBERS // 10 if quick else MEMBERS
    return list(rows(members, Path(folder)))


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else MEMBERS
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        for line in rows(members, Path(name)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
