"""Prepares originals of files that could not be converted for an export."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dicomtx.dicom.part10 import file_meta, open_part10
from dicomtx.errors import DicomtxError
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import TransferSyntax


@contextmanager
def with_meta(source: Source, syntax: TransferSyntax, staging: str) -> Iterator[Source]:
    """Yields the file itself, or a copy with file meta information if it has none (PS3.10 7.1).

    Args:
        source: the file.
        syntax: the transfer syntax of its data set.
        staging: the folder for the copy.
    """
    path = os.path.join(staging, "with-meta")
    if not _copied(source, syntax, path):
        yield source
        return
    with LocalFile(path).open() as copy:
        yield copy
    os.unlink(path)


def _copied(source: Source, syntax: TransferSyntax, path: str) -> bool:
    """Copies a file without file meta information, and adds it. Returns whether it did."""
    try:
        with open_part10(source, whole=False, salvage=True) as part10:
            if part10.has_meta:
                return False
            with atomic_write(path, overwrite=True, mode=source.mode) as fd:
                file_meta(part10, syntax).write_to(fd)
                source.copy_to(fd, part10.start, source.size - part10.start)
            return True
    except DicomtxError:  # its elements cannot be read, so it stays unchanged
        return False
