"""Names made of values: readable, portable, and never out of the tree."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomtx.errors import ExitCode, NotDicomError, UsageError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Source
from dicomtx.storage.zip.directory import members
from dicomtx.workflows.inputs.layout import Layout, place_of
from tests.converter import grey
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import element, text

TREE = "{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm"


def place(template: str, *elements: bytes) -> str:
    return Layout.parse(template).place(builder.data_set(b"".join(sorted(elements))))


def patient(value: str) -> bytes:
    """Returns a Patient ID in UTF-8, as it stands."""
    raw = value.encode("utf-8", "surrogatepass")
    charset = text(0x00080005, "CS", "ISO_IR 192")
    return charset + element(0x00100020, "LO", raw + b" " * (len(raw) % 2))


def test_a_tree_of_patients_and_studies() -> None:
    study, instance = text(0x0020000D, "UI", "1.2.3"), text(0x00080018, "UI", "1.2.3.4")
    assert place(TREE, patient("P-1"), study, instance) == "P-1/1.2.3/1.2.3.4.dcm"


def test_what_is_missing_or_empty_is_unknown() -> None:
    assert place(TREE) == "unknown/unknown/unknown.dcm"
    assert place("{PatientID}", patient("  ")) == "unknown"
    assert place("a-{PatientID}-b") == "a-unknown-b"


def test_texts_tags_and_braces_stand_beside_values() -> None:
    assert place("x/{0010,0020}/{00100020}_{{a}}.dcm", patient("7")) == "x/7/7_{a}.dcm"


def test_numbers_and_several_values_are_texts() -> None:
    assert place("{Rows}x{Columns}", builder.short(0x00280010, 512)) == "512xunknown"
    assert place("{ImageType}", text(0x00080008, "CS", "DERIVED\\PRIMARY")) == "DERIVED_PRIMARY"
    assert place("{OtherPatientIDsSequence}", builder.sequence(0x00101002, [])) == "unknown"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("..", "unknown"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("a/b", "a_b"),
        ("C:\\x", "C__x"),
        ("a\0b", "a_b"),
        ("a\nb\x1b[31m", "a_b_[31m"),
        ("a\u202eb", "a_b"),
        (".hidden", "_hidden"),
        ("name. .", "name"),
        ("CON", "_CON"),
        ("nul.x", "_nul.x"),
        ("COM1", "_COM1"),
        ("COM10", "COM10"),
        ("Müller 中", "Müller 中"),
        ("e\u0301", "é"),
        ("<a>|b?*", "_a__b__"),
    ],
)
def test_values_are_made_into_names(value: str, name: str) -> None:
    assert place("x/{PatientID}", patient(value)) == f"x/{name}"


@given(st.text(max_size=300), st.sampled_from(["{PatientID}", ".{PatientID}", "{PatientID}.dcm"]))
def test_no_value_leads_out_of_the_tree_or_is_no_name(value: str, template: str) -> None:
    name = place(f"in/{template}", patient(value))
    folder, _, own = name.partition("/")
    assert folder == "in"
    assert own.strip(". ")
    assert not set(own) & set('/\\\0\n\r<>:"|?*')
    assert own[0] != "."
    assert len(own.encode()) <= 200
    assert os.path.normpath(name) == name


def test_long_values_are_cut_at_a_character_and_stay_apart() -> None:
    one, two = (place("{PatientID}.dcm", patient("ä" * 300 + end)) for end in "12")
    assert one != two
    assert one.startswith("ä" * 80)
    assert one.endswith(".dcm")
    assert 190 < len(one.encode()) <= 200


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{PatientId}", "not a PS3.6 keyword"),
        ("{}", "no keyword"),
        ("{PatientID", "expected '}'"),
        ("{PatientID}}", "single '}'"),
        ("{PatientID!r}", "only a keyword"),
        ("{PatientID:>9}", "only a keyword"),
        ("{PatientID.real}", "not a PS3.6 keyword"),
        ("{TransferSyntaxUID}", "is file meta or pixel data"),
        ("{PixelData}", "is file meta or pixel data"),
        ("", "is not a valid file name"),
        ("/{PatientID}", "is not a valid file name"),
        ("{PatientID}/", "is not a valid file name"),
        ("a//{PatientID}", "is not a valid file name"),
        ("../{PatientID}", "is not a valid file name"),
        ("a/./b", "is not a valid file name"),
        ("a\\{PatientID}", "is not a valid file name"),
        ("a\0{PatientID}", "is not a valid file name"),
    ],
)
def test_a_wrong_template_is_told_before_any_work(template: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        Layout.parse(template)
    assert caught.value.exit_code == ExitCode.USAGE


def test_files_and_members_are_read_as_far_as_needed(tmp_path: Path) -> None:
    layout = Layout.parse("{Modality}/{PatientName}")
    assert place_of(layout, LocalFile(str(file("CT_small.dcm")))) == "CT/CompressedSamples^CT1"
    path = tmp_path / "media.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.write(file("CT_small.dcm"), "a")
        out.writestr("b", grey())
    one, two = members(LocalFile(str(path)), Source(path.read_bytes()))
    assert place_of(layout, one) == "CT/CompressedSamples^CT1"
    assert place_of(layout, two) == "unknown/unknown"


def test_what_is_no_dicom_has_no_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"something else" * 99)
    with pytest.raises(NotDicomError):
        place_of(Layout.parse("{PatientID}"), LocalFile(str(tmp_path / "x")))
