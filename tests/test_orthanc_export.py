"""What Orthanc itself exports, and what dicomtx makes of the same files: differences are named."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.export.export import export
from dicomtx.workflows.export.job import Export, Media
from tests.corpus import file
from tests.in_process import InProcess
from tests.orthanc_server import OrthancServer

pytestmark = [pytest.mark.long, pytest.mark.peer("Orthanc")]

SAFE = ("CT_small.dcm", "MR_small.dcm", "693_UNCR.dcm")
MORE = (
    *("rtplan.dcm", "reportsi.dcm", "SC_rgb_small_odd.dcm", "chrH31.dcm", "chrFren.dcm"),
    *("waveform_ecg.dcm", "image_dfl.dcm", "rtdose_1frame.dcm", "liver_1frame.dcm"),
)
"""Some of these make the server with the GDCM plugin die (rule 45)."""
MADE: tuple[dict[str, Any], ...] = (
    {"SeriesDescription": "same"},
    {"SeriesDescription": "same"},
    {"SeriesDescription": "same", "Modality": "X"},
    {"SeriesDescription": "", "Modality": ""},
    {"PatientName": "^^", "PatientID": ""},
    {"PatientName": "Anna  ^Bo-Bo/c", "AccessionNumber": "A_1.2", "StudyDescription": "a\\^b"},
    {"StudyDescription": "^"},
    {"PatientID": "1CT1", "StudyDescription": "another study"},
    {"SeriesDescription": "many", "files": 3},
)
PLAIN = ("explicit", "deflated", "jpeg-lossless-sv1")
GDCM = ("jpeg2000-lossless", "rle")  # rule 3: never targets of the built-in
NO_PIXELS = ("EC0", "SR0", "RT0")
"""Beginnings of names: Orthanc 1.10.1 labels what has no pixels as compressed (rule 19, S18)."""
LEVELS = ("Unknown Patient", "Unknown Study", "Unknown Series")
DIRECTORY = "DICOMDIR"


def _made(folder: Path) -> Iterator[Path]:
    for number, values in enumerate(MADE):
        made = dcmread(file("CT_small.dcm"))
        made.StudyInstanceUID = f"1.2.3.{number}" if number > 3 else "1.2.3"
        made.SeriesInstanceUID = f"1.2.3.4.{number}"
        for name, value in values.items():
            if name != "files":
                setattr(made, name, value)
        for copy in range(values.get("files", 1)):
            made.SOPInstanceUID = f"1.2.3.4.5.{number}.{copy}"
            made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
            path = folder / f"made{number}-{copy}.dcm"
            made.save_as(path)
            yield path


class Both:
    """A server and a folder with the same files."""

    def __init__(self, folder: Path, server: OrthancServer) -> None:
        self.folder = folder
        self._server = server
        for path in sorted(folder.iterdir()):
            status, answer = server.ask("POST", "/instances", path.read_bytes())
            assert status == 200, (path.name, answer)

    def theirs(self, kind: str, target: str) -> dict[str, bytes]:
        patients = json.loads(self._server.ask("GET", "/patients")[1])
        asked = {"Resources": patients, "Transcode": find(target).uid, "Synchronous": True}
        body = json.dumps(asked).encode()
        status, answer = self._server.ask("POST", f"/tools/create-{kind}", body)
        assert status == 200, answer
        return _members(io.BytesIO(answer))

    def ours(self, out: Path, target: str, media: Media | None) -> dict[str, bytes]:
        sources = (str(self.folder),)
        list(
            export(
                Export(
                    sources,
                    str(out),
                    find(target),
                    media=media,
                    manifest=False,
                    executor=InProcess(),
                )
            )
        )
        return _members(out)


def _members(archive: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Orthanc as it is, with all files."""
    folder = tmp_path_factory.mktemp("sources")
    list(_made(folder))
    for name in (*SAFE, *MORE):
        shutil.copy(file(name), folder / name)
    with OrthancServer({}) as running:
        yield Both(folder, running)


@pytest.fixture(scope="module")
def gdcm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Orthanc with its GDCM plugin, and files that it survives."""
    folder = tmp_path_factory.mktemp("sources")
    list(_made(folder))
    for name in SAFE:
        shutil.copy(file(name), folder / name)
    with OrthancServer({}, gdcm=True) as running:
        yield Both(folder, running)


def _facts(members: dict[str, bytes]) -> dict[str, tuple[str, str]]:
    """Returns SOP Instance UID and transfer syntax by the name of the member."""
    files = {name: data for name, data in members.items() if name != DIRECTORY}
    read = {name: dcmread(io.BytesIO(data)) for name, data in files.items()}
    return {
        name: (str(one.SOPInstanceUID), str(one.file_meta.TransferSyntaxUID))
        for name, one in read.items()
    }


def _with_folders(name: str) -> str:
    """Returns a name of Orthanc's where folders without a name have one, as in later versions.

    Orthanc 1.10.1 calls "^" nothing at all: such a path begins at the root of the disk.
    """
    *folders, last = name.split("/")
    named = (given or instead for given, instead in zip(folders, LEVELS, strict=True))
    return "/".join([*named, last])


def _same_archives(both: Both, out: Path, target: str) -> None:
    theirs = {_with_folders(n): f for n, f in _facts(both.theirs("archive", target)).items()}
    ours = _facts(both.ours(out, target, None))
    assert ours.keys() == theirs.keys()
    assert {name: uid for name, (uid, _) in ours.items()} == {
        name: uid for name, (uid, _) in theirs.items()
    }
    different = {name for name in ours if ours[name] != theirs[name]}
    without = {n for n in ours if n.rpartition("/")[2].startswith(NO_PIXELS) and "DOSE" not in n}
    assert different <= without
    assert not (different and not find(target).encapsulated)


def _same_media(both: Both, out: Path, target: str) -> None:
    theirs, ours = both.theirs("media", target), both.ours(out, target, Media())
    assert ours.keys() == theirs.keys()
    assert {name: uid for name, (uid, _) in _facts(ours).items()} == {
        name: uid for name, (uid, _) in _facts(theirs).items()
    }
    mine, other = (dcmread(io.BytesIO(members[DIRECTORY])) for members in (ours, theirs))
    assert _references(mine) == _references(other)
    assert _real(_facts(ours)) == _references(mine, with_syntax=True)
    # Orthanc takes patients without an ID for one, and calls every record IMAGE
    assert {one.DirectoryRecordType for one in other.DirectoryRecordSequence} <= {
        *("PATIENT", "STUDY", "SERIES", "IMAGE")
    }


def _references(directory: Dataset, *, with_syntax: bool = False) -> set[tuple[str, ...]]:
    """Returns File ID and SOP Instance UID, and the syntax if asked for, of each record."""
    return {
        (
            "/".join(one.ReferencedFileID),
            str(one.ReferencedSOPInstanceUIDInFile),
            *([str(one.ReferencedTransferSyntaxUIDInFile)] if with_syntax else []),
        )
        for one in directory.DirectoryRecordSequence
        if "ReferencedFileID" in one
    }


def _real(facts: dict[str, tuple[str, str]]) -> set[tuple[str, ...]]:
    return {(name, *values) for name, values in facts.items()}


@pytest.mark.parametrize("target", PLAIN)
def test_archives_have_the_same_members(plain: Both, tmp_path: Path, target: str) -> None:
    _same_archives(plain, tmp_path / "ours.zip", target)


@pytest.mark.parametrize("target", GDCM)
def test_archives_have_the_same_members_as_with_gdcm(
    gdcm: Both, tmp_path: Path, target: str
) -> None:
    _same_archives(gdcm, tmp_path / "ours.zip", target)


@pytest.mark.parametrize("target", PLAIN)
def test_media_have_the_same_files(plain: Both, tmp_path: Path, target: str) -> None:
    _same_media(plain, tmp_path / "ours.zip", target)


@pytest.mark.parametrize("target", GDCM)
def test_media_have_the_same_files_as_with_gdcm(gdcm: Both, tmp_path: Path, target: str) -> None:
    _same_media(gdcm, tmp_path / "ours.zip", target)
