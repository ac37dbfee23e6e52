"""Trees of small files for the tests of batches."""

import os
from collections.abc import Iterable
from pathlib import Path

from dicomtx.workflows.batch.journal import NAME
from tests.dicom.builder import image, native, part10

PIXEL = image(8, 8)
OURS = {NAME, f"{NAME}-wal", f"{NAME}-shm", NAME.replace(".sqlite", ".lock")}


def small(number: int, first: int = 0) -> bytes:
    """Returns a file of 8 x 8 pixels, unlike all others; ``first`` is its first pixel."""
    pixels = bytes([first]) + number.to_bytes(7, "big") + bytes(range(56))
    return part10("explicit", native(PIXEL, pixels))


def make(folder: Path, firsts: Iterable[int]) -> Path:
    """Writes files into folders of ten; the first pixel of each is told."""
    for number, first in enumerate(firsts):
        path = folder / f"{number // 10}" / f"{number:05}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small(number, first))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Returns all files of a tree, without what a batch keeps for itself."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OURS
    }


def part_files(folder: Path) -> list[str]:
    """Returns what should not be there when a run has ended."""
    return [n for _, _, names in os.walk(folder) for n in names if n.endswith(".part")]
