"""The second pass of a batch: updates references to what got new UIDs."""

import os
from collections.abc import Callable, Mapping, Sequence

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


def remap(
    path: str,
    uid_map: Mapping[str, str],
    *,
    below: str = "",
    preserve: bool = False,
    predecessors: bool = False,
    record: Callable[[int], None] | None = None,
) -> int:
    """Updates the references in a file in place; returns how many it changed.

    Everything else is copied byte for byte, including Pixel Data and file meta information. A
    DICOMDIR is not changed, because it contains offsets into itself.

    Args:
        path: the file.
        uid_map: maps old to new UIDs.
        below: the folder that contains the file, at any depth; links below it are not followed.
        preserve: keep the time of modification.
        predecessors: also update references to predecessors, see ``reference_edits``.
        record: called with the open new file just before it replaces the old one. So a run that is
            killed at any moment has recorded every file that it replaced.

    Raises:
        SourceError: the file cannot be read, or has faults that forbid rewriting it.
        VerificationError: the result is wrong; the file is unchanged.
        DestinationError: the file cannot be written.
    """
    with LocalFile(path).open() as file:
        with open_part10(file, whole=False) as part10:
            found = reference_edits(part10.data_set, uid_map, predecessors=predecessors)
            if is_directory(part10) or not found:
                return 0
        times = os.stat(path)
        with open_part10(file) as part10:
            edits = reference_edits(part10.data_set, uid_map, predecessors=predecessors)
            if part10.warnings:
                raise SourceError(f"references not updated: {part10.warnings[0]}")
            with atomic_write(path, overwrite=True, below=below) as fd:
                _write(part10, edits, fd)
                if preserve:
                    os.utime(fd, ns=(times.st_atime_ns, times.st_mtime_ns))
                if record:
                    record(fd)
    return len(edits)


def _write(part10: Part10, edits: Sequence[Edit], fd: int) -> None:
    """Writes the file with the edits, and verifies the result."""
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
