"""Hostile sources of an export: each is named, and the rest is exported."""

import os
import struct
import zipfile
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.errors import SourceError
from dicomtx.workflows.export.job import Media
from tests.corpus import file
from tests.export_folder import Folder

GOOD = file("CT_small.dcm")


def archive(folder: Folder, *names: str) -> Path:
    path = folder.path / "sources" / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.write(GOOD, "good.dcm")
        for name in names:
            made.write(file("MR_small.dcm"), name)
    return path


@pytest.mark.parametrize("media", [None, Media()])
@pytest.mark.parametrize("name", ["../../out.dcm", "/tmp/out.dcm", "a/../../out.dcm", "..\\out"])
def test_members_that_lead_out_are_never_written_there(
    folder: Folder, name: str, media: Media | None
) -> None:
    source = archive(folder, name)
    outcomes = folder.export("disc.zip", "", media=media, sources=(str(source),))
    told = {o.status for o in outcomes}
    assert told <= {"done", "failed"}
    assert sum(o.status == "done" for o in outcomes) == len(folder.members("disc.zip")) >= 1
    with zipfile.ZipFile(folder.path / "disc.zip") as made:
        assert not [n for n in made.namelist() if ".." in n or n.startswith("/") or "\\" in n]
    assert folder.left() == {"disc.zip"}


def test_a_member_whose_headers_contradict_each_other_is_left_out(folder: Folder) -> None:
    source = archive(folder, "liar.dcm")
    data = source.read_bytes()
    at = data.rindex(b"PK\1\2")
    source.write_bytes(data[: at + 24] + struct.pack("<L", 100) + data[at + 28 :])
    outcomes = folder.export(to="", sources=(str(source),))
    assert sorted(o.status for o in outcomes) == ["done", "failed"]
    assert len(folder.members()) == 1


def test_a_bomb_is_bounded(folder: Folder) -> None:
    path = folder.path / "sources" / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.write(GOOD, "good.dcm")
        made.writestr("bomb.dcm", bytes(64 << 20))
    data, forged = bytearray(path.read_bytes()), struct.pack("<L", 100)
    for at in (data.rindex(b"PK\3\4") + 22, data.rindex(b"PK\1\2") + 24):
        data[at : at + 4] = forged  # both headers tell of 100 bytes
    path.write_bytes(data)
    outcomes = folder.export(to="", sources=(str(path),))
    assert sorted(o.status for o in outcomes) == ["done", "failed"]
    (bomb,) = [o for o in outcomes if o.error]
    assert (bomb.exit_code, bomb.destination) == (3, "")
    assert "left out" in bomb.warnings
    assert sorted(str(one["member"])[-4:] for one in folder.manifest()) == [".dcm", "None"]
    assert (folder.path / "out.zip").stat().st_size < 1 << 20


def directory(folder: Folder, file_id: str) -> Path:
    folder.put("CT_small.dcm")
    folder.export("disc", media=Media())
    path = folder.path / "disc" / "DICOMDIR"
    made = dcmread(path)
    made.DirectoryRecordSequence[-1].ReferencedFileID = file_id.split("/")
    made.save_as(path)
    return path


@pytest.mark.parametrize("file_id", ["../SECRET", "IMAGES/../../SECRET"])
def test_a_directory_that_leads_out_is_not_followed(folder: Folder, file_id: str) -> None:
    path = directory(folder, file_id)
    secret = folder.path / "SECRET"
    secret.write_bytes(GOOD.read_bytes())
    (outcome,) = folder.export(sources=(str(path),))
    assert (outcome.status, outcome.exit_code) == ("failed", 3)
    assert "leads out" in outcome.error
    assert folder.members() == {}


def test_a_directory_with_a_link_that_leads_out_is_not_followed(folder: Folder) -> None:
    path = directory(folder, "IMAGES/LINK")
    os.symlink(GOOD, folder.path / "disc" / "IMAGES" / "LINK")
    (outcome,) = folder.export(sources=(str(path),))
    assert "symbolic link" in outcome.error
    assert folder.members() == {}


def test_a_hostile_directory_is_not_appended_to(folder: Folder) -> None:
    path = directory(folder, "../SECRET")
    before = path.read_bytes()
    with pytest.raises(SourceError, match=r"cannot append to.*leads out"):
        folder.export("disc", media=Media(append=True), sources=(str(file("MR_small.dcm")),))
    assert path.read_bytes() == before
