"""Writes Part 10 files of new data sets (PS3.10 7.1)."""

from collections.abc import Iterable

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import EXPLICIT, elements
from dicomtx.dicom.part10 import Part10, file_meta
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.dicom.rope import Rope
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import DEFAULT_TARGET


def new_file(edits: Iterable[Edit]) -> bytes:
    """Returns a file with these elements, in explicit VR little endian.

    SOP Class UID and SOP Instance UID are copied to the file meta information.
    """
    nothing = DataSet(Source(), EXPLICIT, ())
    data_set = joined(Rewriter(nothing, EXPLICIT, edits).rope())
    source = Source(data_set)
    made = DataSet(source, EXPLICIT, elements(source, 0, source.size, EXPLICIT))
    part10 = Part10(source, b"", nothing, None, made, ())
    return joined(file_meta(part10, DEFAULT_TARGET)) + data_set


def joined(rope: Rope) -> bytes:
    """Returns all bytes of a rope."""
    return b"".join(rope.chunks())
