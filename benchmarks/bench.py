"""Runs the benchmarks and writes RESULTS.md.

All commands of a row run in turn, so other load on the machine affects them alike. Each table is
a module beside this one. ``--only`` runs one table, or several, and replaces them in RESULTS.md.
``--quick`` uses small inputs to check that everything runs, and writes nothing. ``--full`` takes as
long as it takes: the tables that have larger inputs use them.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from benchmarks import (
    batch,
    durability,
    export,
    growth,
    hooks,
    many_frames,
    memory,
    network,
    plan,
    scale,
    throughput,
    warm,
    whole_process,
)
from tests import audit_extra

RESULTS = Path(__file__).parent / "RESULTS.md"
RAM_DISK = "/dev/shm"
TOOK = "This table took {:.0f} s."
TABLES = {
    "whole-process": ("Whole processes", whole_process),
    "warm": ("Through the warm server", warm),
    "hooks": ("Hooks of Orthanc", hooks),
    "throughput": ("Speed of each codec, and parallel frames", throughput),
    "many-frames": ("Time by number of frames", many_frames),
    "memory": ("Memory", memory),
    "batch": ("Batches", batch),
    "durability": ("Outputs that survive a power failure", durability),
    "plan": ("Dry runs", plan),
    "export": ("Exports", export),
    "network": ("Network", network),
    "scale": ("Clusters and object stores", scale),
    "growth": ("Growth of hostile files", growth),
}
GROWING = (export, scale)
"""The tables that ``--full`` makes larger."""


def said_version(program: str) -> str:
    done = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    words = (done.stdout + done.stderr).split()
    return next((word for word in words if word[:1].isdigit() or word[:2] == "v3"), "?")


def heading(sections: dict[str, str]) -> list[str]:
    packages = ", ".join(f"{n} {version(n)}" for n in ("imagecodecs", "numpy", "click"))
    return [
        "# Benchmark results",
        "",
        "Written by `make bench`. Look at the ratios: both sides of each were measured in the same",
        "run, in turn. The times show how large they are.",
        "",
        (
            f"Machine: {os.cpu_count()} cores, {platform.system()} {platform.machine()}. "
            f"Python {platform.python_version()}, dicomtx {version('dicomtx')}, {packages}; "
            f"gdcmconv {said_version('gdcmconv')}, DCMTK {said_version('dcmconv')}."
        ),
        "",
        f"All tables together took {seconds_of(sections) / 60:.0f} minutes.",
    ]


def seconds_of(sections: dict[str, str]) -> int:
    """Returns how long the tables took, as they say."""
    pattern = re.compile(re.escape(TOOK).replace(r"\{:\.0f\}", r"(\d+)"))
    return sum(int(taken) for text in sections.values() for taken in pattern.findall(text))


def main() -> int:
    audit_extra.hide()  # it adds a process to each verification
    asked = arguments()
    missing = [name for name in ("gdcmconv", "dcmconv") if not shutil.which(name)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (Debian: libgdcm-tools, dcmtk)")
    sections = {} if asked.quick else written()
    for name, (title, table) in TABLES.items():
        if not asked.only or name in asked.only:
            sections[title] = measured(table, asked)
            print(f"## {title}\n\n{sections[title]}\n", flush=True)
            if not asked.quick:
                write(sections)
    print(f"{seconds_of(sections)} s in total")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    only = "run only this table (may be given several times)"
    parser.add_argument("--only", choices=TABLES, action="append", help=only)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument(
        "--quick", action="store_true", help="small files, one round, RESULTS.md unchanged"
    )
    sizes.add_argument(
        "--full",
        action="store_true",
        help="70,000 members of an archive, 100,000 files on a cluster",
    )
    parser.add_argument("--folder", default=RAM_DISK if os.path.isdir(RAM_DISK) else None)
    return parser.parse_args()


def measured(table: ModuleType, asked: argparse.Namespace) -> str:
    """Returns a section of RESULTS.md: what the table shows, the table, how long it took."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        sizes = {"full": True} if asked.full and table in GROWING else {}
        lines = table.lines(folder, quick=asked.quick, **sizes)
    took = TOOK.format(time.perf_counter() - started)
    return "\n".join([(table.__doc__ or "").strip(), "", *lines, "", took])


def written() -> dict[str, str]:
    """Returns the tables of RESULTS.md by their titles."""
    parts = RESULTS.read_text().split("\n## ")[1:] if RESULTS.exists() else []
    found = dict(part.split("\n\n", 1) for part in parts)
    return {title: text.rstrip() for title, text in found.items()}


def write(sections: dict[str, str]) -> None:
    titles = [title for title, _ in TABLES.values() if title in sections]
    tables = [f"## {title}\n\n{sections[title]}" for title in titles]
    RESULTS.write_text("\n\n".join(["\n".join(heading(sections)), *tables]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
