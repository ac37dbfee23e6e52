"""Data sets of pydicom with edits made to them, read back by pydicom."""

import io

from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.derivation.lossy_attributes import LossyStep, lossy_edits
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.storage.source import Source
from tests.dicom import builder

ENCODINGS = {
    "implicit": (IMPLICIT, ImplicitVRLittleEndian),
    "explicit": (EXPLICIT, ExplicitVRLittleEndian),
    "big-endian": (EXPLICIT_BIG, ExplicitVRBigEndian),
}
FIRST = LossyStep("ISO_15444_1", 12.3456789, "2.25.1", "Lossy compression to JPEG 2000")
SECOND = LossyStep("ISO_10918_1", 8.5, "2.25.2", "Lossy compression to JPEG")


def made(**elements: object) -> Dataset:
    data_set = Dataset()
    data_set.SOPClassUID = builder.SOP_CLASS
    data_set.SOPInstanceUID = builder.SOP_INSTANCE
    for keyword, value in elements.items():
        setattr(data_set, keyword, value)
    return data_set


def stored(data_set: Dataset, name: str = "explicit") -> DataSet:
    """Returns a data set of pydicom as our own, in the encoding of this name."""
    encoding, uid = ENCODINGS[name]
    file = io.BytesIO()
    plain = Dataset()  # else it remembers how it was read
    plain.update(data_set)
    plain.file_meta = FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = uid
    plain.save_as(file, enforce_file_format=True)
    with open_part10(Source(file.getvalue())) as part10:
        assert part10.encoding == encoding
        return part10.data_set


def rewritten(data_set: DataSet, edits: list[Edit], name: str = "explicit") -> Dataset:
    places = [(edit.path, edit.tag) for edit in edits]
    assert len(set(places)) == len(places), "two edits of one element"
    encoding, _ = ENCODINGS[name]
    raw = b"".join(Rewriter(data_set, encoding, edits).rope().chunks())
    file = builder.part10(name, raw)
    read: Dataset = dcmread(io.BytesIO(file))
    for _ in read.iterall():  # nothing is left to be found broken later
        pass
    return read


def after(data_set: Dataset, step: LossyStep = FIRST, name: str = "explicit") -> Dataset:
    found = stored(data_set, name)
    return rewritten(found, lossy_edits(found, step))


def sources(data_set: Dataset) -> list[tuple[str, str]]:
    return [
        (item.ReferencedSOPInstanceUID, item.PurposeOfReferenceCodeSequence[0].CodeValue)
        for item in data_set.SourceImageSequence
    ]
