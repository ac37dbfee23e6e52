"""The keys of directory records: pydicom's definitions, and what stands for what is missing."""

import gc
import io
import warnings
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_charset_files
from pydicom.filereader import read_dataset
from pydicom.fileset import _FOUR_LEVEL_SOP_CLASSES, _SINGLE_LEVEL_SOP_CLASSES, DIRECTORY_RECORDERS

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.file_set.directory_records import TYPE_1, Records, kind
from dicomtx.dicom.part10 import open_part10
from dicomtx.storage.source import Source
from tests.corpus import file
from tests.dicom.builder import data_set, element, sequence, text

FROM_DOCUMENT = 0x0040A730


def read_keys(raw: bytes) -> Dataset:
    return read_dataset(io.BytesIO(raw), is_implicit_VR=False, is_little_endian=True)


def of(path: Path | str) -> DataSet:
    with open_part10(Source(Path(path).read_bytes())) as part10:
        return part10.data_set


def test_the_table_has_every_record_of_pydicom() -> None:
    assert TYPE_1.keys() == DIRECTORY_RECORDERS.keys()


@pytest.mark.parametrize("record", TYPE_1)
def test_a_data_set_without_any_value_gets_all_type_1_keys(record: str) -> None:
    made = Records(data_set(b"")).make(record)
    assert made.invented == TYPE_1[record]
    keys = read_keys(made.keys)
    assert all(keys[name].value not in (None, "") for name in TYPE_1[record])


def test_what_is_invented_is_the_same_for_what_is_alike_only() -> None:
    def patient(name: str) -> str:
        made = Records(data_set(text(0x00100010, "PN", name)))
        assert made.make("PATIENT").invented == ("PatientID",)
        return made.patient_id()

    assert patient("Doe^Jane") == patient("Doe^Jane") != patient("Doe^John")


def test_the_date_of_a_study_may_be_that_of_its_series() -> None:
    made = Records(data_set(text(0x00080021, "DA", "20240229"))).make("STUDY")
    assert read_keys(made.keys).StudyDate == "20240229"


def test_dates_as_acr_nema_wrote_them_are_made_right() -> None:
    old = text(0x00080020, "DA", "1994.11.05") + text(0x00080030, "TM", "11:20:00")
    keys = read_keys(Records(data_set(old)).make("STUDY").keys)
    assert (keys.StudyDate, keys.StudyTime) == ("19941105", "112000")


@pytest.mark.parametrize(
    "path",
    [p for p in get_charset_files("chr*.dcm") if "SQ" not in p],
    ids=lambda path: Path(path).name,
)
def test_names_keep_their_character_set(path: str) -> None:
    keys = read_keys(Records(of(path)).make("PATIENT").keys)
    original = dcmread(path)
    assert keys.PatientName == original.PatientName
    needed = not bytes(original.PatientName.original_string).isascii()
    assert not needed or keys.SpecificCharacterSet == original.SpecificCharacterSet


def test_an_ascii_record_needs_no_character_set() -> None:
    keys = read_keys(Records(of(file("CT_small.dcm"))).make("PATIENT").keys)
    assert "SpecificCharacterSet" not in keys


def test_of_a_document_only_what_modifies_its_title_is_a_key() -> None:
    def content(relation: str) -> bytes:
        return text(0x0040A010, "CS", relation) + text(0x0040A040, "CS", "TEXT")

    items = [content("CONTAINS"), content("HAS CONCEPT MOD"), content("CONTAINS")]
    for undefined in (False, True):
        whole = data_set(sequence(FROM_DOCUMENT, items, undefined=undefined))
        keys = read_keys(Records(whole).make("SR DOCUMENT").keys)
        relations = [one.RelationshipType for one in keys.ContentSequence]
        assert relations == ["HAS CONCEPT MOD"]


@pytest.mark.parametrize(
    ("uid", "record"),
    [*_FOUR_LEVEL_SOP_CLASSES.items(), *_SINGLE_LEVEL_SOP_CLASSES.items(), ("1.2.3", "IMAGE")],
    ids=str,
)
def test_records_are_chosen_as_pydicom_does(uid: str, record: str) -> None:
    made = kind(data_set(text(0x00080016, "UI", uid)))
    assert made.record == record
    assert made.single == (uid in _SINGLE_LEVEL_SOP_CLASSES)


@pytest.mark.parametrize(
    ("one", "record"),
    [
        (text(0x00080060, "CS", "RTRAD"), "RADIOTHERAPY"),
        (text(0x00080060, "CS", "PLAN"), "PLAN"),
        (element(0x00420011, "OB", b"%PDF"), "ENCAP DOC"),
        (text(0x300A0002, "SH", "boost"), "RT PLAN"),
    ],
)
def test_what_is_told_by_other_elements(one: bytes, record: str) -> None:
    assert kind(data_set(one)).record == record


@pytest.mark.parametrize("name", ["reportsi.dcm", "CT_small.dcm", "rtplan.dcm", "chrH31.dcm"])
def test_records_of_one_data_set_do_not_disturb_each_other(name: str) -> None:
    records, order = Records(of(file(name))), ("PATIENT", "STUDY", "SERIES", "IMAGE")
    assert [records.make(r) for r in order] == [Records(of(file(name))).make(r) for r in order]
    assert [records.make(r) for r in order[::-1]] == [records.make(r) for r in order][::-1]


def test_a_series_says_its_description_only_when_extended() -> None:
    records = Records(data_set(text(0x0008103E, "LO", "thorax")))
    assert "SeriesDescription" not in read_keys(records.make("SERIES").keys)
    assert read_keys(records.make("SERIES", extended=True).keys).SeriesDescription == "thorax"


class _Garbage:
    """Warns when it is collected, as a temporary folder does that nobody closed."""

    def __init__(self) -> None:
        self.cycle = self

    def __del__(self) -> None:
        warnings.warn("somebody else's", ResourceWarning, stacklevel=1)


@pytest.mark.parametrize("record", ["PATIENT", "STUDY", "IMAGE"])
def test_a_record_is_not_blamed_for_what_the_garbage_collector_warns_of(record: str) -> None:
    records = Records(data_set(text(0x00100010, "PN", "A^B")))
    before = gc.get_threshold()
    gc.collect()
    gc.disable()
    _ = [_Garbage() for _ in range(10)]
    del _
    gc.set_threshold(1)
    gc.enable()
    try:
        assert records.make(record).warnings == ()
    finally:
        gc.set_threshold(*before)
