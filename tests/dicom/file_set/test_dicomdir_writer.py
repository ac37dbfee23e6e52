"""DICOMDIRs that pydicom, DCMTK and dicom3tools find nothing wrong with."""

import os
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet as PydicomFileSet

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.file_set.dicomdir_writer import FileSet, Reference
from dicomtx.dicom.file_set.directory_records import kind
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source
from tests.corpus import file
from tests.dicom.builder import data_set, text

KINDS = (
    *("CT_small.dcm", "MR_small.dcm", "693_J2KR.dcm", "rtplan.dcm", "rtdose_1frame.dcm"),
    *("reportsi.dcm", "waveform_ecg.dcm", "chrX2.dcm", "chrH31.dcm", "MR_small_bigendian.dcm"),
    *("examples_palette.dcm", "liver_1frame.dcm", "image_dfl.dcm"),
)


def written(made: FileSet, path: Path, uid: str = "1.2.3") -> None:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    made.write(fd, uid)
    os.close(fd)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A File-set with a file of each kind."""
    folder = tmp_path_factory.mktemp("media")
    with FileSet("KINDS", extended=True) as made:
        for number, name in enumerate(KINDS):
            shutil.copy(file(name), folder / f"IM{number}")
            with open_part10(Source(file(name).read_bytes())) as part10:
                values = part10.data_set
                assert part10.label
                reference = Reference(
                    f"IM{number}",
                    values.text(tags.SOP_CLASS_UID),
                    values.text(tags.SOP_INSTANCE_UID),
                    part10.label.uid,
                )
                made.add(values, kind(values), reference, number)
        written(made, folder / "DICOMDIR")
    return folder


def test_pydicom_finds_each_file(folder: Path) -> None:
    found = list(PydicomFileSet(folder / "DICOMDIR"))
    assert len(found) == len(KINDS) - 1  # MR_small is there twice, in two byte orders
    for instance in found:
        own = instance.load()
        assert instance.SOPInstanceUID == own.SOPInstanceUID
        assert instance.SOPClassUID == own.SOPClassUID
        assert instance.ReferencedTransferSyntaxUIDInFile == own.file_meta.TransferSyntaxUID


def _errors(*command: str | Path) -> list[str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith(("Error", "E:", "F:"))]


@pytest.mark.peer("dciodvfy")
def test_dciodvfy_finds_no_error(folder: Path) -> None:
    assert _errors("dciodvfy", folder / "DICOMDIR") == []


@pytest.mark.peer("dcmdump")
def test_dcmdump_reads_it(folder: Path) -> None:
    assert _errors("dcmdump", folder / "DICOMDIR") == []


@pytest.mark.peer("dcmmkdir")
def test_dcmmkdir_adds_to_it(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shutil.copy(file("MR_small_RLE.dcm"), tmp_path / "NEW")
    command = ["dcmmkdir", "+A", "+I", "-W", "-Nxc", "NEW"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(PydicomFileSet(tmp_path / "DICOMDIR"))) == len(KINDS) - 1


def test_records_are_sorted_by_their_place_and_not_by_when_they_came(tmp_path: Path) -> None:
    with FileSet("ORDER") as made:
        for place in (2, 0, 1):
            values = _values(f"1.2.{place}")
            made.add(
                values, kind(values), Reference(f"IM{place}", "1.2", f"1.2.{place}", "1"), place
            )
        written(made, tmp_path / "DICOMDIR")
    records = dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence
    files = [one.ReferencedFileID for one in records if "ReferencedFileID" in one]
    assert files == ["IM0", "IM1", "IM2"]


def _values(uid: str, patient: str = "P") -> DataSet:
    return data_set(
        text(0x00080018, "UI", uid)
        + text(0x00100020, "LO", patient)
        + text(0x0020000D, "UI", "1.2")
        + text(0x0020000E, "UI", "1.2.3")
    )


def test_an_empty_file_set_has_no_records(tmp_path: Path) -> None:
    with FileSet("") as made:
        written(made, tmp_path / "DICOMDIR")
    assert len(PydicomFileSet(tmp_path / "DICOMDIR")) == 0


def test_what_has_no_sop_instance_uid_has_no_place() -> None:
    values = data_set(text(0x00100020, "LO", "P"))
    with FileSet("X") as made, pytest.raises(DamagedError, match="no SOP Class UID"):
        made.add(values, kind(values), Reference("IM0", "1.2", "", "1"), 0)


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        tracemalloc.reset_peak()
        with FileSet("MANY") as made:
            for n in range(count):
                values = _values(f"1.2.{n}", f"P{n % 10}")
                made.add(values, kind(values), Reference(f"IM{n}", "1.2", f"1.2.{n}", "1"), n)
            written(made, tmp_path / "DICOMDIR")
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(10)
        few = peak(10)
        assert peak(510) - few < 500 * 400  # bytes; the issue allows 4 kB for each
    finally:
        tracemalloc.stop()
