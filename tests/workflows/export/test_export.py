"""Archives and media: each file in them is what its outcome says, and nothing is dropped."""

import io
import os
import shutil
import subprocess
import zipfile

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import UID

from dicomtx.dicom.elements import EXPLICIT, IMPLICIT, Encoding
from dicomtx.errors import DestinationError, DicomtxError, ExitCode, UnsupportedError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import ADDED_META
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.export.export import export, opened
from dicomtx.workflows.export.job import Export, Media
from dicomtx.workflows.export.media_profiles import profile
from tests.corpus import file
from tests.dicom import builder
from tests.export_folder import GOOD, RLE, Folder, by_source
from tests.in_process import InProcess


def test_each_member_is_in_the_syntax_asked_for(folder: Folder) -> None:
    folder.put(*GOOD)
    outcomes = by_source(folder.export())
    assert {name: outcome.status for name, outcome in outcomes.items()} == dict.fromkeys(
        GOOD, "done"
    ) | {"rtplan.dcm": "kept"}
    members = folder.members()
    assert len(members) == len(GOOD)
    for outcome in outcomes.values():
        member = members[outcome.destination.partition("out.zip/")[2]]
        assert member.file_meta.TransferSyntaxUID == outcome.target_syntax
        assert member.SOPInstanceUID == outcome.sop_instance_uid
        assert (outcome.target_syntax == RLE) == (outcome.status == "done")


def test_members_that_are_compressed_are_stored_and_others_are_deflated(folder: Folder) -> None:
    folder.put(*GOOD)
    folder.export()
    with zipfile.ZipFile(folder.path / "out.zip") as archive:
        for name, member in folder.members().items():
            stored = archive.getinfo(name).compress_type == zipfile.ZIP_STORED
            assert stored == (member.file_meta.TransferSyntaxUID == RLE)


def test_members_have_the_time_of_their_study(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    folder.export()
    with zipfile.ZipFile(folder.path / "out.zip") as archive:
        assert {i.date_time for i in archive.infolist()} == {(2004, 1, 19, 7, 27, 30)}


def test_without_a_target_every_file_stays_as_it_is(folder: Folder) -> None:
    folder.put(*GOOD, "JPEG-LL.dcm", "MR_small_bigendian.dcm")
    folder.export(to="")
    with zipfile.ZipFile(folder.path / "out.zip") as archive:
        inside = {archive.read(name) for name in archive.namelist() if name.endswith(".dcm")}
    assert inside == {path.read_bytes() for path in folder.sources.iterdir()}


def test_what_fails_is_exported_as_it_is_and_told(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_truncated.dcm")
    outcome = by_source(folder.export())["MR_truncated.dcm"]
    assert (outcome.status, outcome.exit_code) == ("failed", 3)
    assert "exported unchanged" in outcome.warnings
    name = outcome.destination.partition("out.zip/")[2]
    with zipfile.ZipFile(folder.path / "out.zip") as archive:
        assert archive.read(name) == file("MR_truncated.dcm").read_bytes()
    entry = next(one for one in folder.manifest() if one["status"] == "failed")
    assert entry["member"] == name
    assert entry["source"] == "MR_truncated.dcm"
    assert "truncated" in entry["error"]
    assert entry["bytes"] == file("MR_truncated.dcm").stat().st_size


def test_what_cannot_be_in_the_target_is_exported_as_it_is_and_told(folder: Folder) -> None:
    folder.put("liver_1frame.dcm")  # one bit a pixel
    (outcome,) = folder.export(to="jpeg-ls-lossless")
    assert (outcome.status, outcome.exit_code) == ("refused", 4)
    assert len(folder.members()) == 1


def test_what_is_no_dicom_is_left_out_and_told(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    (folder.sources / "notes.txt").write_text("nothing")
    outcome = by_source(folder.export())["notes.txt"]
    assert (outcome.status, outcome.exit_code) == ("skipped", 0)
    entry = next(one for one in folder.manifest() if one["member"] is None)
    assert (entry["source"], entry["status"]) == ("notes.txt", "skipped")


def test_what_is_named_and_no_dicom_is_a_failure(folder: Folder) -> None:
    notes = folder.path / "sources" / "notes.txt"
    notes.write_text("nothing")
    assert folder.export(sources=(str(notes), "/missing"))[0].status == "failed"
    assert folder.export("b.zip", sources=("/missing",))[0].exit_code == 3


def test_strict_leaves_no_archive(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_truncated.dcm")
    with pytest.raises(DicomtxError, match="nothing was written"):
        folder.export(settings=Settings(strict=True))
    assert folder.left() == set()


def test_an_existing_archive_is_left_alone(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    (folder.path / "out.zip").write_text("mine")
    with pytest.raises(DestinationError):
        folder.export()
    assert (folder.path / "out.zip").read_text() == "mine"
    folder.export(overwrite=True)
    assert len(folder.members()) == 1


def test_an_export_that_is_given_up_leaves_nothing(folder: Folder) -> None:
    folder.put(*GOOD)
    job = Export(
        (str(folder.sources),), str(folder.path / "out.zip"), find("rle"), executor=InProcess()
    )
    outcomes = export(job)
    next(outcomes)
    outcomes.close()
    assert folder.left() == set()


def test_two_files_with_one_uid_are_both_in_the_archive(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    other = dcmread(file("CT_small.dcm"))
    other.PatientComments = "another"
    other.save_as(folder.sources / "second.dcm")
    outcomes = by_source(folder.export())
    assert len(folder.members()) == 2
    told = [text for text in outcomes["second.dcm"].warnings if "SOP Instance UID" in text]
    assert told == ["has the same SOP Instance UID as CT_small.dcm"]
    outcomes = by_source(folder.export("media.zip", media=Media()))
    with zipfile.ZipFile(folder.path / "media.zip") as archive:
        archive.extractall(folder.path / "media")
    assert len(folder.members("media.zip")) == 2
    assert len(list(FileSet(folder.path / "media" / "DICOMDIR"))) == 1
    told = [text for outcome in outcomes.values() for text in outcome.warnings]
    assert "not in the DICOMDIR, which lists IMAGES/IM0 for its SOP Instance UID" in told


@pytest.mark.parametrize("media", [None, Media()])
def test_the_same_files_give_the_same_bytes(folder: Folder, media: Media | None) -> None:
    folder.put(*GOOD, "MR_truncated.dcm")
    for name in ("a.zip", "b.zip"):
        folder.export(name, media=media, reproducible=True, workers=2)
    assert (folder.path / "a.zip").read_bytes() == (folder.path / "b.zip").read_bytes()


def test_an_archive_is_a_source(folder: Folder) -> None:
    folder.put(*GOOD)
    folder.export("first.zip")
    folder.export("second.zip", "explicit", sources=(str(folder.path / "first.zip"),))
    first, second = folder.members("first.zip"), folder.members("second.zip")
    assert {d.SOPInstanceUID for d in first.values()} == {d.SOPInstanceUID for d in second.values()}
    assert first.keys() == second.keys()


def test_media_are_a_source(folder: Folder) -> None:
    folder.put(*GOOD)
    folder.export("media", media=Media())
    sources = (str(folder.path / "media" / "DICOMDIR"),)
    folder.export("again", "jpeg-ls-lossless", media=Media(naming="standard"), sources=sources)
    again = list(FileSet(folder.path / "again" / "DICOMDIR"))
    assert len(again) == len(GOOD)
    syntaxes = {str(one.ReferencedTransferSyntaxUIDInFile) for one in again}
    assert find("jpeg-ls-lossless").uid in syntaxes


def test_hostile_members_are_named_and_the_rest_is_exported(folder: Folder) -> None:
    path = folder.path / "hostile.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(file("CT_small.dcm"), "good.dcm")
        archive.write(file("CT_small.dcm"), "../../out.dcm")
    outcomes = folder.export(sources=(str(path),))
    assert sorted(outcome.status for outcome in outcomes) == ["done", "failed"]
    assert len(folder.members()) == 1


@pytest.mark.parametrize("naming", ["orthanc", "standard"])
def test_records_say_what_the_files_are(folder: Folder, naming: str) -> None:
    folder.put(*GOOD, "reportsi.dcm", "waveform_ecg.dcm")
    folder.export("media", media=Media(naming=naming, file_set_id="MY_DISC"))
    found = FileSet(folder.path / "media" / "DICOMDIR")
    assert found.ID == "MY_DISC"
    assert len(found) == len(GOOD) + 2
    for instance in found:
        own = instance.load()
        assert instance.SOPInstanceUID == own.SOPInstanceUID
        assert instance.ReferencedTransferSyntaxUIDInFile == own.file_meta.TransferSyntaxUID


@pytest.mark.peer("dciodvfy")
@pytest.mark.peer("dcentvfy")
def test_dicom3tools_find_no_error_in_media(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_small.dcm", "chrH31.dcm", "rtplan.dcm", "reportsi.dcm")
    folder.export("media", media=Media(naming="standard"))
    media = folder.path / "media"
    names = [str(p.relative_to(media)) for p in media.rglob("*") if p.is_file()]
    names = [name for name in names if name != "MANIFEST.json"]
    for command in (["dciodvfy", "DICOMDIR"], ["dcentvfy", *sorted(names)]):
        done = subprocess.run(command, cwd=media, check=False, capture_output=True, text=True)
        assert "Error" not in done.stderr + done.stdout


def test_what_is_invented_is_in_the_directory_only(folder: Folder) -> None:
    folder.put("image_dfl.dcm")
    (outcome,) = folder.export("media", "explicit", media=Media())
    assert any(
        text.endswith(" missing; generated in the DICOMDIR only") for text in outcome.warnings
    )
    own = dcmread(folder.path / "media" / "IMAGES" / "IM0")
    assert not own.get("StudyID")
    assert dcmread(folder.path / "media" / "DICOMDIR").DirectoryRecordSequence[1].StudyID
    with pytest.raises(UnsupportedError):
        folder.export("strict", "explicit", media=Media(), settings=Settings(strict=True))
    assert not (folder.path / "strict").exists()


def test_a_violated_profile_is_named_before_anything_is_written(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_small.dcm")
    job = Export(
        (str(folder.sources),),
        str(folder.path / "media"),
        find("rle"),
        media=Media(profile=profile("STD-GEN-CD")),
        executor=InProcess(),
    )
    outcomes: list[Outcome] = []
    with pytest.raises(UnsupportedError, match="2 of the files"):
        outcomes.extend(export(job))
    assert [outcome.status for outcome in outcomes] == ["refused", "refused"]
    assert all("violates STD-GEN-CD" in outcome.error for outcome in outcomes)
    assert folder.left() == set()


def test_what_no_record_can_lead_to_violates_a_profile(folder: Folder) -> None:
    nameless = dcmread(file("CT_small.dcm"))
    del nameless.SOPInstanceUID
    nameless.save_as(folder.sources / "nameless.dcm")
    job = Export(
        (str(folder.sources),),
        str(folder.path / "disc"),
        media=Media(profile=profile("STD-GEN-CD")),
        executor=InProcess(),
    )
    outcomes: list[Outcome] = []
    with pytest.raises(UnsupportedError):
        outcomes.extend(export(job))
    assert "no SOP Class UID or SOP Instance UID" in outcomes[0].error


def test_a_profile_leaves_alone_what_it_allows(folder: Folder) -> None:
    folder.put("CT_small.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small_RLE.dcm", "rtplan.dcm")
    asked = Media(profile=profile("STD-GEN-DVD-JPEG"))
    outcomes = by_source(folder.export("media", "", media=asked))
    assert {name: find(o.target_syntax).name for name, o in outcomes.items()} == {
        "CT_small.dcm": "explicit-vr-little-endian",
        "SC_rgb_jpeg_dcmtk.dcm": "jpeg-baseline",
        "MR_small_RLE.dcm": "jpeg-lossless-sv1",
        "rtplan.dcm": "explicit-vr-little-endian",
    }


@pytest.mark.parametrize("naming", ["orthanc", "standard"])
def test_a_file_set_can_be_appended_to(folder: Folder, naming: str) -> None:
    folder.put("CT_small.dcm", "MR_small.dcm")
    folder.export("media", media=Media(naming=naming))
    before = {p: p.read_bytes() for p in (folder.path / "media").rglob("*") if p.is_file()}
    new = (str(file("rtplan.dcm")), str(file("SC_rgb_small_odd.dcm")))
    folder.export("media", media=Media(naming=naming, append=True), sources=new)
    found = list(FileSet(folder.path / "media" / "DICOMDIR"))
    assert len(found) == 4
    assert all(one.load().SOPInstanceUID == one.SOPInstanceUID for one in found)
    changed = {p.name for p, data in before.items() if p.read_bytes() != data}
    assert changed <= {"DICOMDIR", "MANIFEST.json"}


def test_a_failed_addition_leaves_the_file_set_as_it_was(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    folder.export("media", media=Media())
    before = {p: p.read_bytes() for p in (folder.path / "media").rglob("*") if p.is_file()}
    new = (str(file("MR_small.dcm")), str(file("MR_truncated.dcm")))
    with pytest.raises(DicomtxError):
        folder.export(
            "media", media=Media(append=True), sources=new, settings=Settings(strict=True)
        )
    assert {p: p.read_bytes() for p in (folder.path / "media").rglob("*") if p.is_file()} == before


def test_what_the_dicomdir_lists_stays_though_the_manifest_cannot_be_put(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    folder.export("media", media=Media(), manifest=False)
    (folder.path / "media" / "MANIFEST.json").mkdir()
    with pytest.raises(DestinationError):
        folder.export("media", media=Media(append=True), sources=(str(file("MR_small.dcm")),))
    found = list(FileSet(folder.path / "media" / "DICOMDIR"))
    assert len(found) == 2
    assert all(one.load().SOPInstanceUID == one.SOPInstanceUID for one in found)


def test_one_sop_instance_uid_is_listed_once_whatever_its_series(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    other = dcmread(file("CT_small.dcm"))
    other.SeriesInstanceUID = "1.2.3"
    other.save_as(folder.sources / "other.dcm")
    outcomes = folder.export("media", media=Media())
    assert len(list(FileSet(folder.path / "media" / "DICOMDIR"))) == 1
    told = [text for outcome in outcomes for text in outcome.warnings]
    assert "not in the DICOMDIR, which lists IMAGES/IM0 for its SOP Instance UID" in told
    records = dcmread(folder.path / "media" / "DICOMDIR").DirectoryRecordSequence
    assert [r.DirectoryRecordType for r in records] == ["PATIENT", "STUDY", "SERIES", "IMAGE"]


def test_patients_without_a_study_uid_do_not_share_the_one_invented(folder: Folder) -> None:
    for patient in ("A", "B"):
        data_set = dcmread(file("CT_small.dcm"))
        del data_set.StudyInstanceUID, data_set.SeriesInstanceUID
        data_set.PatientID = patient
        data_set.SOPInstanceUID = UID(f"1.{ord(patient)}")
        data_set.save_as(folder.sources / patient)
    folder.export("media", media=Media())
    records = dcmread(folder.path / "media" / "DICOMDIR").DirectoryRecordSequence
    for name in ("StudyInstanceUID", "SeriesInstanceUID"):
        assert len({r[name].value for r in records if name in r}) == 2


def test_a_uid_that_is_none_has_no_place_in_the_dicomdir(folder: Folder) -> None:
    long = builder.text(0x00080016, "UI", "1.2", IMPLICIT)
    long += builder.text(0x00080018, "UI", "1" * 70000, IMPLICIT)
    (folder.sources / "long").write_bytes(builder.part10("implicit", long))
    folder.put("CT_small.dcm")
    outcomes = folder.export("media", media=Media(), to="")
    assert sorted(outcome.status for outcome in outcomes) == ["done", "failed"]
    assert len(list(FileSet(folder.path / "media" / "DICOMDIR"))) == 1


@pytest.mark.parametrize("layout", ["orthanc", "orthanc-1.13"])
def test_a_patient_id_of_dots_leads_nowhere(folder: Folder, layout: str) -> None:
    data_set = dcmread(file("CT_small.dcm"))
    data_set.PatientID, data_set.PatientName = "..", ""
    data_set.save_as(folder.sources / "up.dcm")
    folder.export(layout=layout)
    assert [name.split("/")[0] for name in folder.members()] == ["Unknown Patient"]


def test_without_a_file_set_there_is_nothing_to_append_to(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    with pytest.raises(DestinationError, match="no DICOMDIR"):
        folder.export("media", media=Media(append=True))


def test_a_folder_that_is_not_empty_is_left_alone(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    (folder.path / "media").mkdir()
    folder.export("media", media=Media())
    with pytest.raises(DestinationError, match="--append"):
        folder.export("media", media=Media())


def test_a_link_to_an_empty_folder_leads_to_the_file_set(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    (folder.path / "far").mkdir()
    (folder.path / "media").symlink_to("far")
    folder.export("media", media=Media())
    assert (folder.path / "media").is_symlink()
    assert len(list(FileSet(folder.path / "far/DICOMDIR"))) == 1


@pytest.mark.parametrize("name", [".", "", "../here", "./."])
def test_the_working_directory_is_refused_before_any_work(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (folder.path / "here").mkdir()
    monkeypatch.chdir(folder.path / "here")
    job = Export((str(file("CT_small.dcm")),), name, media=Media(), executor=InProcess())
    with pytest.raises(DestinationError, match="is the working directory"), opened(job):
        pytest.fail("it was opened")
    assert not os.listdir(".")


def test_a_template_names_members(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_small.dcm", "chrH31.dcm")
    shutil.copy(file("CT_small.dcm"), folder.sources / "twin.dcm")
    folder.export(layout="{Modality}/{PatientName}.dcm")
    assert sorted(folder.members()) == [
        "CT/CompressedSamples^CT1-2.dcm",
        "CT/CompressedSamples^CT1.dcm",
        "MR/CompressedSamples^MR1.dcm",
        "OT/Yamada^Tarou=山田^太郎=やまだ^たろう.dcm",
    ]


@pytest.mark.peer("unzip")
@pytest.mark.peer("7z")
def test_unzip_and_7z_read_what_was_exported(folder: Folder) -> None:
    folder.put(*GOOD)
    folder.export(layout="{PatientName}/{SOPInstanceUID}.dcm")
    for command in (["unzip", "-tq", "out.zip"], ["7z", "t", "out.zip"]):
        done = subprocess.run(command, cwd=folder.path, check=False, capture_output=True)
        assert done.returncode == 0, done.stdout


def test_staging_of_a_dead_process_is_removed(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    dead = folder.path / f".out.zip.dicomtx-{_unused_pid()}.staging"
    dead.mkdir()
    (dead / "0").write_text("left")
    folder.export()
    assert folder.left() == {"out.zip"}


def _unused_pid() -> int:
    return next(pid for pid in range(4_000_000, 5_000_000) if not os.path.exists(f"/proc/{pid}"))


def test_an_archive_among_its_sources_is_not_exported_into_itself(folder: Folder) -> None:
    folder.put("CT_small.dcm", "MR_small.dcm")
    for _ in range(2):
        folder.export("sources/out.zip", overwrite=True)
        assert len(folder.members("sources/out.zip")) == 2


@pytest.mark.parametrize("encoding", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("media", [None, Media()])
@pytest.mark.parametrize("allocated", [8, 16])
def test_a_bare_data_set_that_fails_gets_file_meta_information(
    folder: Folder, encoding: Encoding, media: Media | None, allocated: int
) -> None:
    pixel = builder.image(8, 9, allocated=allocated)
    bare = builder.native(pixel, bytes(pixel.frame_bytes // 4 * 2), encoding)  # cut off
    (folder.sources / "bare.dcm").write_bytes(bare)
    (outcome,) = folder.export(media=media)
    assert (outcome.status, outcome.exit_code) == ("failed", ExitCode.SOURCE), outcome
    assert {"exported unchanged", ADDED_META} <= {*outcome.warnings}
    with zipfile.ZipFile(folder.path / "out.zip") as archive:
        name = outcome.destination.partition("out.zip/")[2]
        written = archive.read(name)
        assert ("DICOMDIR" in archive.namelist()) == (media is not None)
    assert (written[128:132], written.endswith(bare)) == (b"DICM", True)
    meta = dcmread(io.BytesIO(written)).file_meta
    assert meta.TransferSyntaxUID.is_implicit_VR == (encoding is IMPLICIT)
    assert not any("no file meta information" in warning for warning in outcome.warnings)
    assert outcome.bytes_out == len(written)
    assert folder.left() == {"out.zip"}
