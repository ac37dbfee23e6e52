"""New values have the bytes that pydicom and the file's character set ask for."""

import io

import pytest
from pydicom import dcmread

from dicomtx.dicom.values.from_text import encoded
from dicomtx.errors import UnsupportedError
from tests.dicom.builder import element, part10, text


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("", "Doe^Jane"),
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 101", "Wałęsa^Łukasz"),
        ("ISO_IR 144", "Иван^Люкс"),
        ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("GBK", "Wang^XiaoDong=王^小东"),
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("\\ISO 2022 IR 100", "Müller^Jürgen"),
        ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", "Müller^Иван"),
    ],
)
def test_a_name_is_written_in_the_character_set_of_the_file(character_set: str, name: str) -> None:
    raw = encoded("PN", "PatientName", name, character_set)
    content = text(0x00080005, "CS", character_set) + element(0x00100010, "PN", raw)
    read = dcmread(io.BytesIO(part10("explicit", content)))
    assert len(raw) % 2 == 0
    assert str(read.PatientName) == name


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("", "Müller"),
        ("ISO_IR 6", "Müller"),
        ("\\ISO 2022 IR 87", "Müller"),
        ("ISO_IR 100", "山田"),
        ("ISO_IR 144", "Müller"),
        ("\\ISO 2022 IR 166", "Łukasz"),
    ],
)
def test_characters_that_the_file_cannot_hold_are_refused(character_set: str, name: str) -> None:
    with pytest.raises(UnsupportedError, match=r"cannot set PatientName=.*Character Set"):
        encoded("PN", "PatientName", name, character_set)


@pytest.mark.parametrize(
    ("vr", "value", "raw"),
    [
        ("LO", "a\\b", b"a\\b "),
        ("LT", "a\\b", b"a\\b "),
        ("UI", "1.2.3", b"1.2.3\0"),
        ("US", "1\\65535", b"\1\0\xff\xff"),
        ("SS", "-2", b"\xfe\xff"),
        ("UL", "4294967295", b"\xff\xff\xff\xff"),
        ("SV", "-1", b"\xff" * 8),
        ("FD", "0.5", b"\0\0\0\0\0\0\xe0\x3f"),
        ("AT", "(0010,0020)\\00280010", b"\x10\0\x20\0\x28\0\x10\0"),
        ("DS", "1.5\\2", b"1.5\\2 "),
        ("LO", "", b""),
    ],
)
def test_values_have_the_form_of_their_vr(vr: str, value: str, raw: bytes) -> None:
    assert encoded(vr, "X", value, "") == raw


@pytest.mark.parametrize("vr", ["OB", "OW", "UN", "SQ", "ZZ", ""])
def test_binary_and_unknown_vrs_are_refused(vr: str) -> None:
    with pytest.raises(UnsupportedError, match="X cannot be set"):
        encoded(vr, "X", "1", "")


def test_the_second_byte_of_a_character_can_be_a_backslash() -> None:
    raw = encoded("LO", "X", "誚\\b", "GB18030")
    assert raw.rstrip() == "誚".encode("gb18030") + b"\\b"
