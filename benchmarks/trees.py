"""Writes trees of single-frame files: noisy images that differ, in air, like those of scanners."""

from collections.abc import Iterable
from itertools import repeat
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

Size = tuple[int, int]
"""Rows and columns."""

NOISE: Final = 0.15  # of the square root of the signal, as that of counted quanta
SLICES: Final = (12, tuple(repeat((400, 400), 111)))
"""The bits and the sizes of MR slices: 36 MB."""
LARGE: Final = (
    14,
    (*repeat((4096, 3328), 2), *repeat((3328, 2560), 2), *repeat((1760, 1720), 11)),
)
"""Those of mammography and radiography: 155 MB."""


def make_tree(folder: Path, sizes: Iterable[Size], bits: int = 12) -> None:
    """Writes a file of each size, with ``bits`` of 16 stored."""
    data_set = dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    data_set.remove_private_tags()  # dcmjs writes a line about each
    random = np.random.default_rng(5)
    folder.mkdir(parents=True)
    data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = bits, bits - 1, 0
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for number, (rows, columns) in enumerate(sizes):
        data_set.Rows, data_set.Columns = rows, columns
        data_set.PixelData = _image(random, rows, columns, bits).tobytes()
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data_set.save_as(folder / f"{number:04}.dcm")


def squares(side: int, count: int) -> Iterable[Size]:
    """Returns the sizes of square images."""
    return repeat((side, side), count)


def _image(random: np.random.Generator, rows: int, columns: int, bits: int) -> NDArray[np.uint16]:
    """Returns an image of a body in air."""
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None, :]
    signal = (1 << bits) * (0.4 + 0.2 * np.sin(x * 9) * np.cos(y * 7))
    signal[x * x + y * y > 0.8] = 4
    noise = random.standard_normal((rows, columns), dtype=np.float32)
    noise *= NOISE * np.sqrt(signal)
    found: NDArray[np.uint16] = np.clip(signal + noise, 0, (1 << bits) - 1).astype("<u2")
    return found


def megabytes(folder: Path) -> float:
    """Returns the size of the files in a folder, in MB."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
