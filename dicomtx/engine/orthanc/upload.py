"""The files that Orthanc refuses before it applies its configuration, as observed with 1.10.1."""

from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, Encoding
from dicomtx.dicom.inspection import FileInfo

IDENTIFIERS: Final = {
    "Study Instance UID": tags.STUDY_INSTANCE_UID,
    "Series Instance UID": tags.SERIES_INSTANCE_UID,
    "SOP Instance UID": tags.SOP_INSTANCE_UID,
}
"""The attributes that every stored instance needs; a Patient ID can be missing."""


def refused(header: FileInfo, data_set: DataSet) -> str:
    """Returns why Orthanc refuses an upload; empty if it does not."""
    missing = [name for name, tag in IDENTIFIERS.items() if not _first_string(data_set, tag)]
    if missing:
        return f"missing {' and '.join(missing)}"
    return _unreadable(header, data_set)


def _first_string(data_set: DataSet, tag: int) -> bytes:
    return data_set.value(tag).partition(b"\0")[0].strip()


def _unreadable(header: FileInfo, data_set: DataSet) -> str:
    """Returns why DCMTK cannot read a file that dicomtx reads; empty if it can."""
    label, last = header.label, data_set.elements[-1]
    if header.meta == "no prefix":
        return "it has file meta information, but no preamble and prefix"
    native = not label.encapsulated
    said = Encoding(label.implicit_vr, label.big_endian) if native else EXPLICIT
    if label.keyword and (data_set.encoding != said or label.deflated != header.deflated):
        return f"its data set is not encoded as {label.name}"
    if label.keyword and not native and header.pixel_data == "native":
        return f"its Pixel Data is not encapsulated, but its label is {label.name}"
    if last.end < data_set.source.size:
        return f"{data_set.source.size - last.end} bytes follow the last element"
    return ""
