"""Patients that Orthanc keeps apart are not merged by an export, whatever the VR of their ID."""

from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.workflows.export.job import Media
from tests.dicom.builder import SOP_CLASS, element, image, module, part10, text
from tests.export_folder import Folder

PAIRS = {
    "UN": (("UN", b"a1"), ("UN", b"b2")),
    "UN and none": (("UN", b"a1"), ("LO", b"")),
    "a space in front": (("LO", b"id"), ("LO", b" id ")),
    "case": (("LO", b"id"), ("LO", b"ID")),
    "several values": (("LO", b"id\\x"), ("LO", b"id\\y")),
}
SAME = {
    "a space behind": (("LO", b"id"), ("LO", b"id  ")),
    "NUL behind": (("LO", b"id"), ("LO", b"id\0\0")),
    "UN": (("LO", b"id"), ("UN", b"id")),
}


def put(folder: Folder, number: int, vr: str, patient: bytes) -> None:
    """Puts a file into the sources; all of them have one study and one series."""
    uid = f"1.2.3.{number}"
    content = (
        text(0x00080016, "UI", SOP_CLASS)
        + text(0x00080018, "UI", uid)
        + text(0x00080060, "CS", "OT")
        + element(0x00100020, vr, patient)
        + text(0x0020000D, "UI", f"1.2.4.{number}")
        + text(0x0020000E, "UI", f"1.2.5.{number}")
        + module(image())
        + element(0x7FE00010, "OB", bytes(6))
    )
    data = part10("explicit", content, text(0x00020003, "UI", uid))
    (folder.sources / f"{number}.dcm").write_bytes(data)


def patients(folder: Folder, pair: tuple[tuple[str, bytes], ...]) -> tuple[int, int]:
    """Returns how many patients an archive has folders for, and a DICOMDIR records."""
    for number, (vr, patient) in enumerate(pair):
        put(folder, number, vr, patient)
    outcomes = folder.export(to="")
    assert not any(outcome.error for outcome in outcomes)
    folders = {name.split("/")[0] for name in folder.members()}
    folder.export("disc", "", media=Media())
    records = dcmread(folder.path / "disc" / "DICOMDIR").DirectoryRecordSequence
    return len(folders), sum(record.DirectoryRecordType == "PATIENT" for record in records)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Sources, and a place for what is made of them."""
    return Folder(tmp_path)


@pytest.mark.parametrize("name", PAIRS)
def test_two_patients_stay_two(folder: Folder, name: str) -> None:
    assert patients(folder, PAIRS[name]) == (2, 2)


@pytest.mark.parametrize("name", SAME)
def test_one_patient_stays_one(folder: Folder, name: str) -> None:
    assert patients(folder, SAME[name]) == (1, 1)
