"""Writes a data set as one deflate stream (PS3.5 A.5)."""

import zlib
from collections.abc import Iterator

from dicomtx.dicom.rope import Rope
from dicomtx.storage.source import write_all


def write_deflated(data_set: Rope, fd: int) -> None:
    """Writes the deflated data set, padded to an even length."""
    size = 0
    for data in _deflated(data_set):
        write_all(fd, data)
        size += len(data)
    write_all(fd, b"\0" * (size % 2))


def _deflated(data_set: Rope) -> Iterator[bytes]:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    for data in data_set.chunks():
        yield deflater.compress(data)
    yield deflater.flush()
