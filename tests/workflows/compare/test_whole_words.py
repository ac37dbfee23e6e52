"""Comparisons look at whole words: bits above Bits Stored, overlay planes, clipped values."""

from pathlib import Path

import numpy as np
import pytest
from imagecodecs import jpeg8_encode

from tests.converter import Converter
from tests.dicom.builder import encapsulated, identity, image, module, native, part10, short
from tests.workflows.compare.test_compare import between


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg-ls-lossless", "jpeg2000-lossless"])
@pytest.mark.parametrize(("allocated", "stored"), [(8, 6), (16, 12), (32, 20)])
def test_bits_above_bits_stored_are_compared_too(
    converter: Converter, to: str, allocated: int, stored: int
) -> None:
    pixel = image(8, 8, allocated=allocated, stored=stored)
    words = np.arange(64, dtype=f"<u{allocated // 8}")
    clean = part10("explicit", native(pixel, words.tobytes()))
    words[:3] |= np.array((1 << allocated) - (1 << stored), words.dtype)
    dirty = part10("explicit", native(pixel, words.tobytes()))
    if converter.convert(dirty, to).status == "refused":
        return
    made = converter.out.read_bytes()
    assert between(converter.out.parent, dirty, made).same
    found = between(converter.out.parent, clean, made, tolerance=1000)
    assert not found.same
    assert (found.pixels.high_bits, found.pixels.frames[0].largest_error) == (3, 0)
    assert not found.pixels.frames[0].equal


@pytest.mark.parametrize("stored", [5, 8, 12])
def test_zeros_above_signed_values_are_the_same_as_the_sign(tmp_path: Path, stored: int) -> None:
    pixel = image(8, 8, allocated=16, stored=stored, signed=True)
    extended = np.arange(-10, 54, dtype="<i2") % (1 << stored - 1) - 10
    zeros = extended.view("<u2") & ((1 << stored) - 1)
    files = [part10("explicit", native(pixel, words.tobytes())) for words in (extended, zeros)]
    assert between(tmp_path, *files).same


@pytest.mark.parametrize("to", ["rle", "jpeg-ls-lossless", "jpeg2000-lossless"])
def test_overlay_planes_that_were_moved_are_no_difference_of_pixels(
    converter: Converter, to: str
) -> None:
    pixel = image(8, 8, allocated=16, stored=12)
    plane = short(0x60000010, 8) + short(0x60000011, 8) + short(0x60000100, 16)
    plane += short(0x60000102, 12)
    made = native(pixel, (np.arange(64, dtype="<u2") | 0x1000).tobytes())
    at = made.rindex(b"\xe0\x7f\x10\0")
    file = part10("explicit", made[:at] + plane + made[at:])
    assert converter.convert(file, to).status == "done"
    assert between(converter.out.parent, file, converter.out.read_bytes(), pixels_only=True).same


def test_values_of_a_lossy_stream_that_are_clipped_are_told(tmp_path: Path) -> None:
    values = np.where(np.indices((40, 34)).sum(axis=0) % 3 == 0, 1023, 900).astype("<u2")
    stream = bytes(jpeg8_encode(values, 90, bitspersample=12))
    pixel = image(40, 34, allocated=16, stored=10)
    parts = [stream + b"\0" * (len(stream) % 2)]
    file = part10("jpeg-extended", identity() + module(pixel) + encapsulated(parts))
    found = between(tmp_path, file, file)
    assert found.same
    assert sum("were clipped" in warning for warning in found.warnings) == 2
