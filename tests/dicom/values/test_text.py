import io
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_charset_files
from pydicom.datadict import tag_for_keyword

from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.values import text
from dicomtx.errors import SettingsError
from dicomtx.storage.source import Source


def said(keyword: str, **elements: object) -> str:
    made = Dataset()
    for name, value in elements.items():
        setattr(made, name, value)
    file = io.BytesIO()
    made.save_as(file, implicit_vr=True, little_endian=True)
    with open_part10(Source(file.getvalue())) as part10:
        return text.value(part10.data_set, text.tag_of(keyword))


@pytest.mark.parametrize(
    "path",
    [p for p in get_charset_files("chr*.dcm") if "SQ" not in p],
    ids=lambda path: Path(path).name,
)
def test_names_of_people_are_decoded_in_their_character_set(path: str) -> None:
    with open_part10(Source(Path(path).read_bytes())) as part10:
        assert text.value(part10.data_set, 0x00100010) == str(dcmread(path).PatientName)


def test_numbers_are_written_out() -> None:
    assert said("Rows", SOPClassUID="1.2", Rows=7) == "7"


def test_what_is_not_there_is_empty() -> None:
    assert said("Columns", SOPClassUID="1.2", Rows=7) == ""


@pytest.mark.parametrize("name", ["Modality", "(0008,0060)", "00080060", "0008,0060"])
def test_a_tag_can_be_written_in_many_ways(name: str) -> None:
    assert text.tag_of(name) == tag_for_keyword("Modality")


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"not a PS3\.6 keyword"):
        text.tag_of("Modalitee")
