"""The second pass of a batch: references follow the instances that were given new UIDs."""

import os
from collections.abc import Mapping, Sequence

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.deflate import write_deflated
from dicomtx.dicom.derivation.references import reference_edits
from dicomtx.dicom.file_set.dicomdir_reader import is_directory
from dicomtx.dicom.part10 import Part10, open_part10, syntax_of
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.dicom.rope import Rope
from dicomtx.engine.verification import elements
from dicomtx.errors import SourceError
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Written


def remap(path: str, uid_map: Mapping[str, str], *, below: str = "", preserve: bool = False) -> int:
    """Rewrites the references in a file, in its place; returns how many: 0 leaves it alone.

    All else passes as bytes, Pixel Data and file meta too. A DICOMDIR is left alone: it holds
    offsets into itself.

    Args:
        path: the file.
        uid_map: new SOP Instance UIDs by the old ones.
        below: the folder that the file is in, at any depth: no link in it is followed.
        preserve: the time of modification stays.

    Raises:
        SourceError: it cannot be read, or is not sound enough to be written again.
        VerificationError: what was written is not what was meant; the file is as it was.
        DestinationError: it cannot be written.
    """
    with LocalFile(path).open() as file:
        with open_part10(file, whole=False) as part10:
            if is_directory(part10) or not reference_edits(part10.data_set, uid_map):
                return 0
        times = os.stat(path)
        with open_part10(file) as part10:
            edits = reference_edits(part10.data_set, uid_map)
            if part10.warnings:
                raise SourceError(f"its references are not rewritten: {part10.warnings[0]}")
            with atomic_write(path, overwrite=True, below=below) as fd:
                _write(part10, edits, fd)
    if preserve:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return len(edits)


def _write(part10: Part10, edits: Sequence[Edit], fd: int) -> None:
    """Writes the file anew, and reads back what was written."""
    rope = Rope()
    first = part10.meta if part10.deflated else part10.data_set
    start = first.elements[-1].end if part10.deflated else first.elements[0].start
    rope.span(part10.file, 0, start)
    data_set = Rewriter(part10.data_set, part10.encoding, edits).rope()
    if part10.deflated:
        rope.write_to(fd)
        write_deflated(data_set, fd)
    else:
        rope.extend(data_set)
        rope.write_to(fd)
    with open_part10(Written(fd=fd)) as output:
        target = part10.label or syntax_of(part10.encoding)
        elements.post_conditions(part10, output, target, edits)
        elements.pixel_data(part10.data_set, output.data_set, None)
