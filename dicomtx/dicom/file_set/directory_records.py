"""Makes directory records (PS3.3 F.5), with the keys that pydicom defines.

For a missing type 1 key, a value is generated. It appears only in the record.
"""

import hashlib
import warnings
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pydicom import config
from pydicom.charset import python_encoding
from pydicom.config import IGNORE
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.fileset import (
    _FOUR_LEVEL_SOP_CLASSES,
    _PREFIXES,
    _SINGLE_LEVEL_SOP_CLASSES,
    DIRECTORY_RECORDERS,
)
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag
from pydicom.uid import UID

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.values import character_sets, text
from dicomtx.errors import DamagedError

LONGEST_VALUE: Final = 1 << 16
FALLBACKS: Final = {
    "StudyDate": ("SeriesDate", "AcquisitionDate", "ContentDate"),
    "StudyTime": ("SeriesTime", "AcquisitionTime", "ContentTime"),
}
"""Alternative sources of a study's date and time; other missing keys have none."""
_CONTENT = ("InstanceNumber", "ContentDate", "ContentTime")
_LABELLED = (*_CONTENT, "ContentLabel")
TYPE_1: Final[dict[str, tuple[str, ...]]] = {
    "PATIENT": ("PatientID",),
    "STUDY": ("StudyDate", "StudyTime", "StudyInstanceUID", "StudyID"),
    "SERIES": ("Modality", "SeriesInstanceUID", "SeriesNumber"),
    "IMAGE": ("InstanceNumber",),
    "RT DOSE": ("InstanceNumber", "DoseSummationType"),
    "RT STRUCTURE SET": ("InstanceNumber", "StructureSetLabel"),
    "RT PLAN": ("InstanceNumber", "RTPlanLabel"),
    "RT TREAT RECORD": ("InstanceNumber",),
    "PRESENTATION": (
        *("PresentationCreationDate", "PresentationCreationTime"),
        *("InstanceNumber", "ContentLabel"),
    ),
    "WAVEFORM": _CONTENT,
    "SR DOCUMENT": (*_CONTENT, "CompletionFlag", "VerificationFlag", "ConceptNameCodeSequence"),
    "KEY OBJECT DOC": (*_CONTENT, "ConceptNameCodeSequence"),
    "SPECTROSCOPY": (
        *("ImageType", *_CONTENT, "NumberOfFrames", "Rows", "Columns"),
        *("DataPointRows", "DataPointColumns"),
    ),
    "RAW DATA": _CONTENT,
    "REGISTRATION": _LABELLED,
    "FIDUCIAL": _LABELLED,
    "HANGING PROTOCOL": (
        *("HangingProtocolCreator", "HangingProtocolCreationDateTime"),
        *("HangingProtocolDefinitionSequence", "NumberOfPriorsReferenced"),
    ),
    "ENCAP DOC": ("InstanceNumber", "MIMETypeOfEncapsulatedDocument"),
    "VALUE MAP": _LABELLED,
    "STEREOMETRIC": (),
    "PALETTE": ("ContentLabel",),
    "IMPLANT": ("Manufacturer", "ImplantName", "ImplantPartNumber"),
    "IMPLANT ASSY": ("ImplantAssemblyTemplateName", "Manufacturer", "ProcedureTypeCodeSequence"),
    "IMPLANT GROUP": ("ImplantTemplateGroupName", "ImplantTemplateGroupIssuer"),
    "PLAN": (),
    "MEASUREMENT": _LABELLED,
    "SURFACE": _LABELLED,
    "SURFACE SCAN": ("ContentDate", "ContentTime"),
    "TRACT": _LABELLED,
    "ASSESSMENT": ("InstanceNumber", "InstanceCreationDate"),
    "RADIOTHERAPY": ("InstanceNumber",),
}
"""The keys that pydicom requires in each record; tests compare this table with pydicom."""
OPTIONAL: Final = (
    *("PatientName", "StudyDescription", "AccessionNumber", "SeriesDescription"),
    *("StructureSetDate", "StructureSetTime", "RTPlanDate", "RTPlanTime", "TreatmentDate"),
    *("TreatmentTime", "ContentDescription", "ContentCreatorName", "ReferencedSeriesSequence"),
    *("BlendingSequence", "VerificationDateTime", "ContentSequence", "InstanceCreationTime"),
    *("HangingProtocolUserIdentificationCodeSequence", "ContentDate", "ContentTime"),
    *("DocumentTitle", "HL7InstanceIdentifier", "ConceptNameCodeSequence", "ImplantSize"),
    *("ReferencedImageEvidenceSequence", "UserContentLabel", "UserContentLongLabel"),
)
INVENTED: Final[dict[str, Any]] = {
    "Modality": "OT",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
    "MIMETypeOfEncapsulatedDocument": "application/octet-stream",
}
BY_VR: Final[dict[str, Any]] = {
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "IS": 0,
    "US": 1,
    "UL": 1,
}
"""Generated values by VR, for keys that are not in ``INVENTED``; others get UNKNOWN."""
PUNCTUATION: Final = {"DA": b".", "TM": b":"}  # ACR-NEMA style of dates and times


class RecordKind(NamedTuple):
    """The position of a data set in a directory.

    Attributes:
        record: its Directory Record Type (PS3.3 F.3.2.2).
        prefix: two letters for its File ID.
        single: whether its record is at the root, without patient, study and series.
    """

    record: str
    prefix: str
    single: bool


class Record(NamedTuple):
    """The encoded keys of one record, the generated keys, and pydicom's warnings."""

    keys: bytes
    invented: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def kind(data_set: DataSet) -> RecordKind:
    """Returns the kind of record for a data set; an image record by default."""
    uid = data_set.text(tags.SOP_CLASS_UID)
    single = _SINGLE_LEVEL_SOP_CLASSES.get(UID(uid, IGNORE))
    record = single or _instance_record(data_set, uid)
    return RecordKind(record, _PREFIXES[record], bool(single))


def _instance_record(data_set: DataSet, uid: str) -> str:
    modality = data_set.text(tags.MODALITY)
    if modality in ("RTINTENT", "RTSEGANN", "RTRAD"):
        return "RADIOTHERAPY"
    if modality == "PLAN":
        return "PLAN"
    if tags.ENCAPSULATED_DOCUMENT in data_set:
        return "ENCAP DOC"
    if tags.RT_PLAN_LABEL in data_set:  # several SOP Classes are plans
        return "RT PLAN"
    return _FOUR_LEVEL_SOP_CLASSES.get(UID(uid, IGNORE), "IMAGE")


class Records:
    """Makes the records of one data set."""

    def __init__(self, data_set: DataSet) -> None:
        """Reads the values that directory records can have."""
        self._data_set = data_set
        self._values = _values(data_set)

    def missing(self, *types: str) -> Iterator[str]:
        """Yields the missing type 1 keys of these records."""
        for record in types:
            yield from (name for name in TYPE_1[record] if not self._has(name))

    def patient_id(self) -> str:
        """Returns the Patient ID, or one generated from the name or the study."""
        known = text.identifier(self._data_set, tags.PATIENT_ID)
        if known:
            return known
        name, study = (
            self._data_set.value(t) for t in (tags.PATIENT_NAME, tags.STUDY_INSTANCE_UID)
        )
        return f"NO ID {hashlib.sha1(name or study, usedforsecurity=False).hexdigest()[:10]}"

    def make(self, record: str, *, extended: bool = False) -> Record:
        """Returns the keys of one record. With ``extended``, a series has its description.

        Raises:
            DamagedError: a value is not valid in a record.
        """
        invented = tuple(self.missing(record))
        values = Dataset(dict(self._values))  # a copy, because pydicom decodes values in place
        values.set_original_encoding(*_original(self._data_set))
        try:
            with config.disable_value_validation(), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("ignore")  # includes warnings of the garbage collector
                warnings.simplefilter("always", UserWarning)
                for name in invented:
                    setattr(values, name, self._invented(name))
                made = DIRECTORY_RECORDERS[record](values)
                if "ContentSequence" in made:
                    _only_modifiers(made)
                if extended and record == "SERIES" and "SeriesDescription" in values:
                    made.SeriesDescription = values.SeriesDescription
                keys = _encoded(made, values)
                told = dict.fromkeys(f"in the DICOMDIR: {one.message}" for one in caught)
                return Record(keys, invented, tuple(told))
        except (AttributeError, ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise DamagedError(f"a DICOMDIR cannot list it as {record}: {error}") from error

    def _has(self, name: str) -> bool:
        element = self._values.get(Tag(text.tag_of(name)))
        return element is not None and bool((element.value or b"").strip(b" \0"))

    def _invented(self, name: str) -> Any:
        if name == "PatientID":
            return self.patient_id()
        for other in FALLBACKS.get(name, ()):
            if self._has(other):
                return text.value(self._data_set, text.tag_of(other))
        vr = vr_of(text.tag_of(name), signed=False)
        if vr == "UI":
            # patients without a UID must not share one
            study = self._data_set.value(tags.STUDY_INSTANCE_UID) or self.patient_id().encode()
            seed = study + name.encode()
            return f"2.25.{int(hashlib.sha1(seed, usedforsecurity=False).hexdigest()[:30], 16)}"
        return [_unknown_code()] if vr == "SQ" else INVENTED.get(name, BY_VR.get(vr, "UNKNOWN"))


def _unknown_code() -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "UNKNOWN", "99DICOMTX", "?"
    return code


def _original(data_set: DataSet) -> tuple[bool, bool, Any]:
    charsets = character_sets.encodings(data_set.text(tags.SPECIFIC_CHARACTER_SET))
    return data_set.encoding.implicit_vr, not data_set.encoding.big_endian, charsets


KEYS: Final = frozenset(
    text.tag_of(name)
    for name in {
        *OPTIONAL,
        *(key for keys in TYPE_1.values() for key in keys),
        *(key for keys in FALLBACKS.values() for key in keys),
    }
)


def _values(data_set: DataSet) -> dict[Any, Any]:
    """Returns the elements that can be keys, as undecoded pydicom elements."""
    found: dict[Any, Any] = {}
    for element in data_set.elements:
        if element.tag not in KEYS and element.tag != tags.SPECIFIC_CHARACTER_SET:
            continue
        size = element.end - element.value
        vr = element.vr or vr_of(element.tag, signed=data_set.signed)
        if size > LONGEST_VALUE and vr != "SQ":
            continue
        vr = vr_of(element.tag, signed=data_set.signed) if vr == "UN" else vr
        raw = data_set.source.read(element.value, size)
        if element.tag == tags.SPECIFIC_CHARACTER_SET:
            vr, raw = "CS", _writable(data_set.text(tags.SPECIFIC_CHARACTER_SET)).encode()
        if vr in PUNCTUATION:
            raw = raw.replace(PUNCTUATION[vr], b"")
        tag, at = Tag(element.tag), element.value
        implicit, little = data_set.encoding.implicit_vr, not data_set.encoding.big_endian
        found[tag] = RawDataElement(tag, vr, len(raw), raw, at, implicit, little)
    return found


def _writable(named: str) -> str:
    """Returns the character sets for the keys: those of the file if pydicom supports them."""
    terms = character_sets.terms(named)
    return "\\".join(terms) if all(t in python_encoding for t in terms) else "ISO_IR 192"


def _only_modifiers(made: Dataset) -> None:
    """Removes document content except concept modifiers of the title (PS3.3 F.5.25)."""
    kept = [
        item for item in made.ContentSequence if item.get("RelationshipType") == "HAS CONCEPT MOD"
    ]
    if kept:
        made.ContentSequence = kept
    else:
        del made.ContentSequence


def _encoded(made: Dataset, values: Dataset) -> bytes:
    """Encodes the keys in explicit VR little endian, with a character set if they need one."""
    if values.get("SpecificCharacterSet"):
        made.SpecificCharacterSet = values.SpecificCharacterSet
    encoded = _written(made)
    if tags.SPECIFIC_CHARACTER_SET in made and encoded.isascii() and b"\x1b" not in encoded:
        del made.SpecificCharacterSet
        encoded = _written(made)
    return encoded


def _written(made: Dataset) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, made)
    return file.getvalue()
