"""Icons in the DICOMDIR, and what stays of an old one when files are appended."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.export.export import opened
from dicomtx.workflows.export.job import Export, Media
from tests.corpus import file
from tests.export_folder import Folder, by_source
from tests.in_process import InProcess

IMAGES = ("CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "examples_palette.dcm")


def records(media: Path) -> dict[str, Dataset]:
    """Returns the records that lead to files, by their File IDs."""
    found = dcmread(media / "DICOMDIR").DirectoryRecordSequence
    names = (("/".join(np.atleast_1d(r.get("ReferencedFileID", ""))), r) for r in found)
    return {name: record for name, record in names if name}


@pytest.mark.parametrize("to", ["", "jpeg2000-lossless", "explicit"])
def test_records_of_images_have_icons_as_the_profiles_want_them(folder: Folder, to: str) -> None:
    folder.put(*IMAGES, "rtplan.dcm", "reportsi.dcm")
    outcomes = folder.export("disc", to, media=Media(icons=True))
    assert not [text for o in outcomes for text in o.warnings if "icon" in text]
    found = records(folder.path / "disc")
    assert len(found) == len(outcomes)
    for record in found.values():
        assert ("IconImageSequence" in record) == (record.DirectoryRecordType == "IMAGE")
    icons = [r.IconImageSequence[0] for r in found.values() if "IconImageSequence" in r]
    assert len(icons) == len(IMAGES)
    for icon in icons:
        assert (icon.Rows, icon.Columns, len(icon.PixelData)) == (64, 64, 4096)
        assert (icon.BitsAllocated, icon.PhotometricInterpretation) == (8, "MONOCHROME2")
        assert max(icon.PixelData) - min(icon.PixelData) > 100


def test_an_icon_is_the_middle_frame(folder: Folder) -> None:
    source = dcmread(file("CT_small.dcm"))
    source.NumberOfFrames, source.RescaleIntercept = 3, 0
    source.WindowCenter, source.WindowWidth = 0, 2000
    dark, light = np.full((128, 128), -2000, "<i2"), np.full((128, 128), 2000, "<i2")
    source.PixelData = dark.tobytes() + light.tobytes() + dark.tobytes()
    source.save_as(folder.sources / "three.dcm")
    folder.export("disc", media=Media(icons=True))
    (record,) = records(folder.path / "disc").values()
    assert set(record.IconImageSequence[0].PixelData) == {255}


def test_what_cannot_be_decoded_has_no_icon_and_that_is_told(folder: Folder) -> None:
    folder.put("JPEG2000.dcm")
    path = folder.sources / "JPEG2000.dcm"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x50"))
    (outcome,) = folder.export("disc", "", media=Media(icons=True))
    assert outcome.status == "done"
    assert [text for text in outcome.warnings if text.startswith("no icon in the DICOMDIR: ")]
    (record,) = records(folder.path / "disc").values()
    assert "IconImageSequence" not in record


@pytest.mark.peer("dciodvfy")
@pytest.mark.peer("dcentvfy")
@pytest.mark.peer("dcmdump")
def test_dicom3tools_and_dcmtk_find_no_error_in_icons(folder: Folder) -> None:
    folder.put(*IMAGES, "rtplan.dcm")
    folder.export("disc", media=Media(icons=True, naming="standard"))
    disc = folder.path / "disc"
    names = [str(p.relative_to(disc)) for p in disc.rglob("*") if p.is_file()]
    names = sorted(name for name in names if name != "MANIFEST.json")
    for command in (["dciodvfy", "DICOMDIR"], ["dcentvfy", "DICOMDIR"], ["dcmdump", "DICOMDIR"]):
        done = subprocess.run(command, cwd=disc, check=False, capture_output=True, text=True)
        told = (done.stderr + done.stdout).splitlines()
        assert not [line for line in told if line.startswith(("Error", "E:", "F:"))]


def test_the_same_files_give_the_same_icons(folder: Folder) -> None:
    folder.put(*IMAGES)
    for name in ("a.zip", "b.zip"):
        folder.export(name, media=Media(icons=True), reproducible=True)
    assert (folder.path / "a.zip").read_bytes() == (folder.path / "b.zip").read_bytes()


def test_icons_and_the_name_of_a_file_set_outlive_what_is_appended(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    disc = folder.path / "disc"
    folder.export("disc", media=Media(icons=True, file_set_id="MINE"))
    (before,) = records(disc).values()
    new = (str(file("MR_small.dcm")),)
    folder.export("disc", media=Media(append=True), sources=new)
    after = records(disc)
    assert after["IMAGES/IM0"].IconImageSequence == before.IconImageSequence
    assert "IconImageSequence" not in after["IMAGES/IM1"]
    assert FileSet(disc / "DICOMDIR").ID == "MINE"


def test_what_an_old_directory_had_and_a_new_one_has_not_is_told(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    disc = folder.path / "disc"
    folder.export("disc", media=Media())
    old = dcmread(disc / "DICOMDIR")
    private = Dataset()
    private.OffsetOfTheNextDirectoryRecord = private.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    private.RecordInUseFlag, private.DirectoryRecordType = 0xFFFF, "PRIVATE"
    old.DirectoryRecordSequence[-1].add_new(0x00090010, "LO", "SOMEBODY")
    old.DirectoryRecordSequence = Sequence([*old.DirectoryRecordSequence, private])
    old.save_as(disc / "DICOMDIR")
    source = (str(file("MR_small.dcm")),)
    job = Export(
        source, str(disc), find("rle"), media=Media(append=True, icons=True), executor=InProcess()
    )
    with opened(job) as run:
        assert not list(run.left_out())
        assert len(list(run.converted())) == 1
    lost = ("PRIVATE record (1)", "record with private elements (1)")
    assert run.warnings == (
        f"the new DICOMDIR lacks parts of the old one: {', '.join(lost)}",
        "images from before the append still have no icon: 1",
    )


def test_an_icon_that_is_none_is_not_taken_over(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    disc = folder.path / "disc"
    folder.export("disc", media=Media(icons=True))
    old = dcmread(disc / "DICOMDIR")
    old.DirectoryRecordSequence[-1].IconImageSequence[0].PixelData = bytes(2 << 20)
    old.save_as(disc / "DICOMDIR")
    job = Export(
        (str(file("MR_small.dcm")),), str(disc), media=Media(append=True), executor=InProcess()
    )
    with opened(job) as run:
        list(run.left_out())
        list(run.converted())
    (told,) = run.warnings
    assert told.endswith("icon of IMAGE (1)")
    assert (disc / "DICOMDIR").stat().st_size < 1 << 16


def manifest(disc: Path) -> list[dict[str, object]]:
    files: list[dict[str, object]] = json.loads((disc / "MANIFEST.json").read_text())["files"]
    return files


def test_the_manifest_tells_of_all_files_of_an_appended_file_set(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_truncated.dcm")
    disc = folder.path / "disc"
    folder.export("disc", media=Media())
    before = manifest(disc)
    assert sorted(str(one["status"]) for one in before) == ["done", "failed"]
    folder.export("disc", media=Media(append=True), sources=(str(file("rtplan.dcm")),))
    after = manifest(disc)
    assert after[:2] == before
    assert len(after) == 3
    assert {str(one["member"]) for one in after} == {f"IMAGES/IM{n}" for n in range(3)}


@pytest.mark.parametrize("old", ["", "nonsense", '{"files": [\n{"member": 7},\n[],\n{}\n]}'])
def test_files_that_no_manifest_tells_of_are_told_anew(folder: Folder, old: str) -> None:
    folder.put("CT_small.dcm")
    disc = folder.path / "disc"
    folder.export("disc", media=Media())
    (disc / "MANIFEST.json").write_text(old)
    folder.export("disc", media=Media(append=True), sources=(str(file("rtplan.dcm")),))
    was, new = manifest(disc)
    assert (was["member"], was["status"]) == ("IMAGES/IM0", "kept")
    assert was["warnings"] == ["in the File-set before the append"]
    assert new["member"] == "IMAGES/IM1"


def test_a_manifest_that_does_not_follow_is_told_of(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    disc = folder.path / "disc"
    folder.export("disc", media=Media())
    job = Export(
        (str(file("rtplan.dcm")),),
        str(disc),
        media=Media(append=True),
        manifest=False,
        executor=InProcess(),
    )
    with opened(job) as run:
        list(run.left_out())
        list(run.converted())
    assert run.warnings == ("MANIFEST.json is unchanged; it does not list the new files",)


def test_nothing_is_left_beside_the_outputs(folder: Folder) -> None:
    folder.put(*IMAGES)
    by_source(folder.export("disc", media=Media(icons=True)))
    names = {name for _, _, names in os.walk(folder.path / "disc") for name in names}
    assert names == {"DICOMDIR", "MANIFEST.json", *(f"IM{n}" for n in range(len(IMAGES)))}
    shutil.rmtree(folder.path / "disc")
