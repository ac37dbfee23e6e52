"""Checks a reader, here pydicom: it finds the expected frames in every test file."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from pydicom import dcmread


def read_frames(path: Path, count: int) -> Any:
    """The reader under test: returns each frame as little endian samples, colour-by-pixel."""
    pixels = dcmread(path).pixel_array
    return pixels.astype(pixels.dtype.newbyteorder("<")).reshape(count, -1)


def test_the_reader_finds_the_expected_frames(dicom_file: tuple[Path, dict[str, Any]]) -> None:
    """The hashes of the frames are those of the manifest."""
    path, entry = dicom_file
    frames = read_frames(path, entry["image"]["number_of_frames"])
    assert [sha256(frame.tobytes()).hexdigest() for frame in frames] == entry["expected"]["sha256"]
