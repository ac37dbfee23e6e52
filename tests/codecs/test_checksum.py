"""The checksum is that of zlib, whichever library computes it."""

import subprocess
import sys
import zlib

import imagecodecs
import pytest

from dicomtx.codecs.checksum import SHORT, crc32

DATA = bytes(range(251)) * 300


def test_the_faster_library_is_there() -> None:
    assert imagecodecs.deflate_crc32(DATA) == zlib.crc32(DATA)


@pytest.mark.parametrize("size", [0, 1, SHORT, SHORT + 1, len(DATA)])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("before", [0, 1, 0xFEDCBA98])
def test_it_is_that_of_zlib(size: int, kind: type[bytes], before: int) -> None:
    assert crc32(kind(DATA[:size]), before) == zlib.crc32(DATA[:size], before)


def test_no_library_is_imported_for_it() -> None:
    code = (
        "import sys; from dicomtx.codecs.checksum import crc32; crc32(bytes(1 << 20));"
        " sys.exit('imagecodecs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
