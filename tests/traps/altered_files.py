"""Test files with one thing changed, and what is in their Pixel Data."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_fragments, generate_frames

from dicomtx.transfer_syntaxes import find
from tests import oracle
from tests.corpus import file
from tests.dicom import builder

Values = NDArray[Any]


def saved(data_set: Dataset) -> bytes:
    """Returns the file that pydicom makes of it."""
    made = io.BytesIO()
    data_set.save_as(made)
    return made.getvalue()


def altered(name: str, label: str = "", **attributes: Any) -> bytes:
    """Returns a test file with other values of these attributes, or another label."""
    data_set = dcmread(file(name))
    for attribute, value in attributes.items():
        setattr(data_set, attribute, value)
    if not label:
        return saved(data_set)
    made, uid = saved(data_set), str(data_set.file_meta.TransferSyntaxUID)
    first = builder.text(0x00020010, "UI", uid)
    assert made.count(first) == 1
    changed = made.replace(first, builder.text(0x00020010, "UI", find(label).uid))
    length = int.from_bytes(made[140:144], "little") + len(changed) - len(made)
    return changed[:140] + length.to_bytes(4, "little") + changed[144:]


def streams(data_set: Dataset) -> list[bytes]:
    """Returns the code stream of each frame."""
    count = int(data_set.get("NumberOfFrames") or 1)
    return list(generate_frames(data_set.PixelData, number_of_frames=count))


def fragments(data_set: Dataset) -> list[bytes]:
    """Returns the fragments behind the Basic Offset Table."""
    return list(generate_fragments(data_set.PixelData))[1:]


def offsets(data_set: Dataset) -> list[int]:
    """Returns the Basic Offset Table."""
    table = next(iter(generate_fragments(data_set.PixelData)))
    return [int(offset) for offset in np.frombuffer(table, "<u4")]


def right_offsets(parts: list[bytes]) -> list[int]:
    """Returns where fragments are of which each is a frame."""
    sizes = [8 + len(part) for part in parts]
    return [sum(sizes[:number]) for number in range(len(parts))]


def encapsulated(name: str, parts: list[bytes], table: tuple[int, ...] = ()) -> bytes:
    """Returns a test file with these fragments in place of its own."""
    data = file(name).read_bytes()
    return data[: pixel_data_at(data)] + builder.encapsulated(parts, table)


def pixel_data_at(data: bytes) -> int:
    """Returns where encapsulated Pixel Data begins."""
    return max(data.rfind(b"\xe0\x7f\x10\0" + vr + b"\0\0\xff\xff") for vr in (b"OB", b"OW"))


def values(data_set: Dataset) -> Values:
    """Returns the stored values of native Pixel Data: frames, rows, columns, samples."""
    found, _ = oracle._native(data_set, data_set.PixelData)
    samples = data_set.SamplesPerPixel
    shape = (-1, data_set.Rows, data_set.Columns, samples)
    return oracle._stored(found, data_set).reshape(shape)


def truth(decoder: oracle.Decoder, path: Path) -> tuple[Values, str]:
    """Returns what other libraries decode, in the same shape, and its colour space."""
    found = decoder(path)
    assert not isinstance(found, str), found
    data_set = dcmread(path, force=True)
    shape = (-1, data_set.Rows, data_set.Columns, data_set.SamplesPerPixel)
    return found[0].reshape(shape), found[1]


def difference(one: Values, other: Values) -> tuple[float, float]:
    """Returns the mean and the largest difference."""
    error = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float(error.mean()), float(error.max())
