"""A VR that is none: read on as dcmdump does, or an error that says where it is."""

import re
import subprocess
from pathlib import Path

import pytest

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, Encoding
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import element, image, mark, native, part10, sequence, text

NAME = 0x00100010
ODD = (b"??", b"  ", b"\0\0", b"pn", b"P1", b"P ", b"\xff\xfe")
ENCODINGS = {"explicit": EXPLICIT, "big-endian": EXPLICIT_BIG}


def odd(vr: bytes, encoding: Encoding = EXPLICIT) -> bytes:
    return element(NAME, "PN", b"Synthetic ", encoding).replace(b"PN", vr, 1)


def with_elements(added: bytes, encoding: Encoding = EXPLICIT) -> bytes:
    """Returns an image's data set with elements behind SOP Instance UID."""
    identity = builder.identity(encoding)
    return identity + added + native(image(), bytes(6), encoding).removeprefix(identity)


@pytest.mark.parametrize("vr", ODD)
@pytest.mark.parametrize("name", ENCODINGS)
def test_an_unknown_vr_has_two_bytes_of_length(name: str, vr: bytes) -> None:
    encoding = ENCODINGS[name]
    data = part10(name, with_elements(odd(vr, encoding), encoding))
    with open_part10(Source(data)) as found:
        assert found.data_set.text(NAME) == "Synthetic"
        assert found.data_set.number(0x00280011) == 3
        at = data.index(b"Synthetic") - 4
        assert f"unknown VR at byte {at}: " in " ".join(read_file_info(found).warnings)


@pytest.mark.parametrize("vr", ODD)
@pytest.mark.parametrize("nested", [False, True])
def test_an_unknown_vr_becomes_that_of_the_dictionary(
    tmp_path: Path, vr: bytes, *, nested: bool
) -> None:
    added = sequence(0x00081140, [odd(vr)]) if nested else odd(vr)
    back = Converter(tmp_path).done(part10("explicit", with_elements(added)), "big-endian")
    found = back[0x00081140].value[0] if nested else back
    assert found[NAME].VR == "PN"
    assert found[NAME].value == "Synthetic"


@pytest.mark.parametrize("value", [b"", b"A^B ", b"NOTACS", b"ABCDUSXX", b"x" * 70_000])
def test_a_header_without_vr_is_implicit_as_before(value: bytes) -> None:
    added = mark(NAME, len(value)) + value + mark(0x00100020, 2) + b"id"
    with open_part10(Source(part10("explicit", with_elements(added)))) as found:
        assert found.data_set.value(NAME) == value
        assert found.data_set.text(0x00100020) == "id"


@pytest.mark.parametrize("vr", [b"??", b"\0\0", b"pn"])
def test_a_value_that_reaches_too_far_names_the_vr(vr: bytes) -> None:
    broken = odd(vr).replace(b"\x0a\0Syn", b"\xff\xffSyn")
    data = part10("explicit", builder.identity() + broken)
    at = data.index(b"Synthetic") - 4
    with (
        pytest.raises(DamagedError, match=rf"\(0010,0010\) has an unknown VR at byte {at}: "),
        open_part10(Source(data)),
    ):
        pass


@pytest.mark.peer("dcmdump")
@pytest.mark.parametrize("vr", ODD)
def test_dcmdump_reads_the_same(tmp_path: Path, vr: bytes) -> None:
    path = tmp_path / "in.dcm"
    path.write_bytes(part10("explicit", with_elements(odd(vr) + text(0x00100020, "LO", "id"))))
    dumped = subprocess.run(["dcmdump", "+L", path], capture_output=True, check=False).stdout
    theirs = re.findall(rb"^\((\w{4}),(\w{4})\)", dumped, re.MULTILINE)
    with open_part10(Source(path.read_bytes())) as found:
        ours = [f"{e.tag:08x}".encode() for e in (*found.meta.elements, *found.data_set.elements)]
    assert ours == [group + number for group, number in theirs]


@pytest.mark.parametrize("vr", [b"ZZ", b"QQ"])
@pytest.mark.parametrize("name", ENCODINGS)
def test_a_vr_of_two_letters_that_does_not_exist_is_told(name: str, vr: bytes) -> None:
    encoding = ENCODINGS[name]
    data = part10(name, with_elements(odd(vr, encoding), encoding))
    with open_part10(Source(data)) as found:
        warnings = read_file_info(found).warnings
    assert warnings == (f"(0010,0010) has the unknown VR {vr.decode()}; left unchanged",)
