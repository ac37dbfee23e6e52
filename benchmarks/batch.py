"""Trees: ``dicomtx batch`` against ``xargs`` over gdcmconv and DCMTK, on the same files.

The commands of a row are run in turn, round by round; a cell is the median. Peers write to a folder
that is emptied before each run; so does dicomtx, whose journal goes with it. Also how much memory
the parent takes for many small files.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from benchmarks.commands import environment

PYDICOM: Final = """
import sys
from pathlib import Path
from pydicom import dcmread
from pydicom.uid import UID
source, out, syntax = sys.argv[1:]
for path in sorted(Path(source).iterdir()):
    data_set = dcmread(path)
    data_set.compress(UID(syntax), generate_instance_uid=False)
    data_set.save_as(Path(out) / path.name)
"""
"""What a Python user would write instead. It does not verify, and uses one process."""
DICOMTX: Final = (sys.executable, "-m", "dicomtx")
WORKERS: Final = len(os.sched_getaffinity(0))
SIZES: Final = {"512 x 512": (512, 512, 120), "4096 x 3328": (4096, 3328, 6)}
"""Rows, columns, and how many files."""
ENCODERS: Final = {
    "rle-lossless": ("gdcmconv -R", "dcmcrle"),
    "jpeg-lossless-sv1": ("gdcmconv -J", "dcmcjpeg +e1"),
    "jpeg-ls-lossless": ("gdcmconv -L", "dcmcjpls"),
    "jpeg2000-lossless": ("gdcmconv -K", ""),
}
DECODERS: Final = {
    "rle-lossless": ("gdcmconv -w", "dcmdrle"),
    "jpeg-lossless-sv1": ("gdcmconv -w", "dcmdjpeg"),
    "jpeg-ls-lossless": ("gdcmconv -w", "dcmdjpls"),
    "jpeg2000-lossless": ("gdcmconv -w", ""),
}
LOOPED: Final = {
    "rle-lossless": "1.2.840.10008.1.2.5",
    "jpeg-ls-lossless": "1.2.840.10008.1.2.4.80",
    "jpeg2000-lossless": "1.2.840.10008.1.2.4.90",
}
MANY: Final = 20_000
POLL: Final = 0.05


def make_tree(folder: Path, rows: int, columns: int, count: int) -> None:
    """Writes different smooth images with noise, 12 bits each."""
    data_set = dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    random = np.random.default_rng(5)
    y, x = np.mgrid[0:rows, 0:columns]
    smooth = 1500 + 900 * np.sin(x / columns * 9) * np.cos(y / rows * 7)
    folder.mkdir(parents=True)
    data_set.Rows, data_set.Columns = rows, columns
    data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 12, 11, 0
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for number in range(count):
        noise = random.normal(0, 6, (rows, columns))
        data_set.PixelData = np.clip(smooth + noise, 0, 4095).astype("<u2").tobytes()
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data_set.save_as(folder / f"{number:04}.dcm")


def ours(source: Path, out: Path, to: str, *options: str) -> list[str]:
    return [*DICOMTX, "batch", str(source), str(out), "--to", to, "-q", *options]


def xargs(tool: str, source: Path, out: Path) -> list[str]:
    """Returns the command that a shell user would write, with N processes."""
    script = f'{tool} "$0" "{out}/$(basename "$0")"'
    find = f"find {source} -name '*.dcm' -print0"
    return ["sh", "-c", f"{find} | xargs -0 -P {WORKERS} -n 1 sh -c '{script}'"]


def medians(commands: Sequence[Sequence[str] | None], out: Path, rounds: int) -> list[float]:
    """Returns the median wall time of each command in seconds; NaN if it was not measured."""
    taken: list[list[float]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, times in zip(commands, taken, strict=True):
            if not command:
                continue
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment())
            if number:  # the first round fills the disk cache
                times.append(time.perf_counter() - start)
    return [statistics.median(times) if times else float("nan") for times in taken]


def pydicom_loop(source: Path, out: Path, to: str) -> list[str] | None:
    """Returns the command of a loop in Python; None if pydicom does not encode this syntax."""
    syntax = LOOPED.get(to) if to != "jpeg-ls-lossless" or find_spec("jpeg_ls") else None
    return [sys.executable, "-c", PYDICOM, str(source), str(out), syntax] if syntax else None


def row(label: str, tools: tuple[str, str], folders: tuple[Path, Path], to: str, n: int) -> str:
    """Returns one line of the table: seconds, and the ratio to the faster peer."""
    source, out = folders
    peers = [xargs(tool, source, out) if tool else None for tool in tools]
    mine = [ours(source, out, to, "--no-verify"), ours(source, out, to)]
    alone = [pydicom_loop(source, out, to), ours(source, out, to, "-j1")]
    spent = medians([*peers, *mine, *alone], out, n)
    best = min(seconds for seconds in spent[:2] if seconds == seconds)  # noqa: PLR0124  NaN
    cells = ["-" if s != s else f"{s:.2f} s ({s / best:.2f})" for s in spent]  # noqa: PLR0124  NaN
    return f"| {label} | " + " | ".join(cells) + " |"


def size_rows(base: Path, size: str, rounds: int) -> list[str]:
    rows, columns, count = SIZES[size]
    native, out = base / "native", base / "out"
    make_tree(native, rows, columns, count)
    found = []
    for to, tools in ENCODERS.items():
        label = f"{count} of {size} | native to {to}"
        found.append(show(row(label, tools, (native, out), to, rounds)))
        encoded = base / to
        subprocess.run(ours(native, encoded, to), check=True)
        back = f"{count} of {size} | {to} to native"
        found.append(show(row(back, DECODERS[to], (encoded, out), "explicit", rounds)))
        shutil.rmtree(encoded)
    shutil.rmtree(native)
    return found


def resident(pid: int) -> int:
    """Returns the resident memory of a process in KiB; 0 if it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


def memory_row(base: Path, count: int) -> str:
    """Returns the memory of the parent after a twentieth of the files, and its later peak."""
    source = Path(str(get_testdata_file("MR_small.dcm", download=False))).read_bytes()
    for number in range(count):
        path = base / "many" / str(number // 1000) / f"{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
    report, out = base / "report.jsonl", base / "out"
    command = [*ours(base / "many", out, "implicit"), "--report", str(report)]
    running = subprocess.Popen(command)
    first, most, started = 0, 0, time.perf_counter()
    while running.poll() is None:
        if not first and (out / "0").exists() and len(os.listdir(out / "0")) > min(900, count // 2):
            first = resident(running.pid)
        most = max(most, resident(running.pid))
        time.sleep(POLL)
    seconds = time.perf_counter() - started
    shutil.rmtree(base / "many")
    return (
        f"Memory of the parent over {count} files of 10 kB: {first / 1024:.0f} MiB after the first "
        f"thousand, {most / 1024:.0f} MiB at most ({count / seconds:.0f} files a second)."
    )


def show(line: str) -> str:
    """Returns the line, and prints it on standard error: the whole table takes half an hour."""
    print(line, file=sys.stderr, flush=True)
    return line


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table, and the memory of the parent."""
    rounds, many = (1, 1_000) if quick else (3, MANY)
    found = [
        f"Wall time with {WORKERS} processes; in brackets the ratio to the faster of the peers.",
        "The last columns have one process: pydicom in a loop, without verification, and batch.",
        "",
        "| files | to | xargs gdcmconv | xargs DCMTK | batch --no-verify | batch | pydicom | -j1 |",
        "|" + "---|" * 8,
    ]
    for size in list(SIZES)[: 1 if quick else None]:
        found += size_rows(Path(folder), size, rounds)
    return [*found, "", memory_row(Path(folder), many)]
