"""Instances to send, from files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom

from dicomtx.network.delivery import Instance
from dicomtx.storage.local_file import LocalFile


@contextmanager
def instance_of(path: Path) -> Iterator[Instance]:
    """Yields the instance in a Part 10 file."""
    found = pydicom.dcmread(path, stop_before_pixels=True)
    meta = 144 + found.file_meta.FileMetaInformationGroupLength
    with LocalFile(str(path)).open() as file:
        yield Instance(
            sop_class_uid=found.SOPClassUID,
            sop_instance_uid=found.SOPInstanceUID,
            transfer_syntax_uid=found.file_meta.TransferSyntaxUID,
            file=file,
            data_set=meta,
        )
