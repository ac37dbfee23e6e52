"""Memory is that of a few frames, however many there are; positions are right past 4 GiB."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels.utils import pixel_array

from dicomtx.dicom import tags
from tests.converter import Converter
from tests.dicom.builder import UNDEFINED, element, identity, image, mark, module, part10

MIB = 1 << 20
FEW = 8 * MIB
"""How much more twice the frames may take: bookkeeping, and how the threads happened to run."""
CONVERT = """
import sys
from dicomtx.__main__ import main
code = main(["convert", *sys.argv[1:], "--quiet"])
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
sys.exit(code)
"""
SLICE = image(512, 512, allocated=16)


def peak(source: Path, out: Path, to: str) -> int:
    """Returns the most memory that a conversion had resident, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", CONVERT, str(source), str(out), "--to", to],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024


def hollow(path: Path, count: int) -> Path:
    """Writes a native file of so many frames of zeros, which take no room on the disk."""
    size = count * SLICE.frame_bytes
    start = identity() + module(SLICE, frames=str(count))
    path.write_bytes(part10("explicit", start + element(tags.PIXEL_DATA, "OW", length=size)))
    os.truncate(path, path.stat().st_size + size)
    return path


@pytest.mark.long
@pytest.mark.parametrize("target", ["rle", "implicit", "jpeg-ls-lossless"])
def test_twice_the_frames_take_no_more_memory(tmp_path: Path, target: str) -> None:
    peaks, back = [], []
    for count in (200, 400):
        source, out = hollow(tmp_path / "in.dcm", count), tmp_path / f"{target}.{count}.dcm"
        peaks.append(peak(source, out, target))
        back.append(peak(out, tmp_path / "back.dcm", "explicit"))
        for path in (out, tmp_path / "back.dcm"):
            path.unlink()
    assert peaks[1] - peaks[0] < FEW, peaks
    assert back[1] - back[0] < FEW, back
    assert max(peaks + back) < 200 * SLICE.frame_bytes


@pytest.mark.long
def test_frames_past_4_gib_are_found_and_converted(converter: Converter) -> None:
    pixel = image(2048, 2048, allocated=16)
    count, step = 540, pixel.frame_bytes + 8
    offsets = [index * step for index in range(count)]
    assert offsets[-1] > UNDEFINED
    tables = (
        element(0x7FE00001, "OV", struct.pack(f"<{count}Q", *offsets)),
        element(0x7FE00002, "OV", struct.pack(f"<{count}Q", *[pixel.frame_bytes] * count)),
    )
    start = identity() + module(pixel, frames=str(count)) + b"".join(tables)
    start += element(tags.PIXEL_DATA, "OB", length=UNDEFINED) + mark(0xFFFEE000)
    told = {0: 7, 511: 500, 512: 501, count - 1: 65535}  # on both sides of 2^32
    with open(converter.source, "wb") as file:
        file.write(part10("encapsulated-uncompressed", start))
        first = file.tell()
        for index, offset in enumerate(offsets):
            file.seek(first + offset)
            file.write(mark(0xFFFEE000, pixel.frame_bytes))
            file.write(struct.pack("<H", told.get(index, 0)))
        file.seek(first + count * step)
        file.write(mark(0xFFFEE0DD))
    outcome = converter.again(converter.source, converter.out, "rle")
    assert outcome.status == "done", outcome.error
    assert outcome.warnings == ()
    data_set = dcmread(converter.out)
    assert data_set.NumberOfFrames == count
    assert "ExtendedOffsetTable" not in data_set
    for index, value in told.items():
        frame = pixel_array(data_set, index=index)
        assert frame[0, 0] == value
        assert np.count_nonzero(frame) == 1
