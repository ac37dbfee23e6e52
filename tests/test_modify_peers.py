"""Modified files are as dcmodify and Orthanc modify them, and dciodvfy finds no new fault."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from dicomtx.dicom.modification.modification import Change, Level, Modification
from dicomtx.dicom.modification.parsing import assigned, change
from dicomtx.engine.planning.policy import OwnSyntax
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from tests import corpus, oracle
from tests.conftest import Run
from tests.in_process import InProcess
from tests.orthanc_server import OrthancServer

NAMES = ["CT_small.dcm", "MR_small_bigendian.dcm", "rtplan.dcm", "JPEG2000.dcm", "test-SR.dcm"]
LEFT_OUT = {
    0x04000561,  # the record of old values
    0xFFFCFFFC,  # padding, which dcmodify removes
    0x00280103,  # pydicom has no bytes of it any more once it has decided on US or SS
}


def elements(path: Path, *left_out: int) -> Mapping[Any, bytes]:
    """Returns the bytes of all elements but those left out, without padding."""
    found = oracle.elements(oracle.read(path))
    return {
        key: raw.rstrip(b"\0 ")
        for key, raw in found
        if not {*LEFT_OUT, *left_out} & {key[0], key[-1]}
    }


def modified(source: Path, folder: Path, changes: Sequence[Change], level: Level = "") -> Path:
    """Returns a modified file in a folder."""
    output = folder / f"ours-{source.name}"
    wanted = Modification(changes=tuple(changes), level=level, seed="seed")
    request = Request(LocalFile(str(source)), str(output), policy=OwnSyntax(), modification=wanted)
    outcome = convert(request)
    assert (outcome.status, outcome.error) == ("done", "")
    return output


@pytest.mark.parametrize("name", NAMES)
def test_dcmodify_gives_the_same_values(tmp_path: Path, name: str) -> None:
    theirs = tmp_path / "theirs.dcm"
    shutil.copy(corpus.file(name), theirs)
    options = ["-i", "(0010,0020)=NEW", "-i", "(0008,103e)=a", "-ea", "(0008,0030)"]
    subprocess.run(["dcmodify", "-nb", "-imt", *options, theirs], check=True, capture_output=True)
    changes = [assigned("set", "PatientID=NEW"), assigned("set", "SeriesDescription=a")]
    ours = modified(corpus.file(name), tmp_path, [*changes, change("remove", "StudyTime")])
    assert elements(ours) == elements(theirs)


@pytest.mark.parametrize("name", NAMES)
def test_dciodvfy_finds_no_new_fault(tmp_path: Path, name: str) -> None:
    changes = [assigned("set", "PatientID=NEW"), assigned("replace", "PatientName=Doe^Jane")]
    ours = modified(corpus.file(name), tmp_path, changes, "study")
    assert faults(ours) <= faults(corpus.file(name))


def faults(path: Path) -> set[str]:
    done = subprocess.run(
        ["dciodvfy", path], check=False, capture_output=True, text=True, errors="replace"
    )
    return {line for line in done.stderr.splitlines() if line.startswith("Error")}


# ------------------------------------------------------------------ Orthanc


@pytest.fixture(scope="module")
def orthanc() -> Iterator[OrthancServer]:
    with OrthancServer({}) as server:
        yield server


@pytest.mark.long
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "JPEG2000.dcm"])
def test_orthanc_gives_the_same_values(orthanc: OrthancServer, tmp_path: Path, name: str) -> None:
    source = corpus.file(name)
    instance = posted(orthanc, "/instances", source.read_bytes())["ID"]
    asked = {
        "Replace": {"PatientID": "NEW", "SeriesDescription": "changed"},
        "Remove": ["StudyTime"],
        "Force": True,
    }
    status, answer = orthanc.ask(
        "POST", f"/instances/{instance}/modify", json.dumps(asked).encode()
    )
    assert status == 200
    theirs = tmp_path / "theirs.dcm"
    theirs.write_bytes(answer)
    changes = [assigned("set", "PatientID=NEW"), assigned("set", "SeriesDescription=changed")]
    out = modified(source, tmp_path, [*changes, change("remove", "StudyTime")], "study")
    uids = (0x00080018, 0x0020000D, 0x0020000E)
    assert elements(out, *uids) == elements(theirs, *uids)


@pytest.mark.long
def test_orthanc_takes_a_modified_study_as_one_new_study(
    run: Run, orthanc: OrthancServer, tmp_path: Path
) -> None:
    study(tmp_path / "in")
    done = run("modify", tmp_path / "in", tmp_path / "out", "--set", "PatientID=STUDY-TEST")
    assert done.returncode == 0, done.stderr
    parents = {
        posted(orthanc, "/instances", path.read_bytes())["ParentStudy"]
        for path in sorted((tmp_path / "out").glob("*.dcm"))
    }
    assert len(parents) == 1


def posted(orthanc: OrthancServer, place: str, body: bytes) -> dict[str, Any]:
    status, answer = orthanc.ask("POST", place, body)
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


# ------------------------------------------------------------------ a study of several objects


def study(folder: Path, images: int = 3) -> None:
    """Writes images, and a report, a presentation state and a segmentation that reference them."""
    folder.mkdir()
    base: Any = dcmread(corpus.file("CT_small.dcm"))
    named = []
    for number in range(images):
        base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = f"1.2.9.{number}"
        base.StudyInstanceUID, base.SeriesInstanceUID = "1.2.7", "1.2.7.1"
        base.save_as(folder / f"{number:04}.dcm")
        named.append(reference(base.SOPClassUID, base.SOPInstanceUID))
    series = Dataset()
    series.SeriesInstanceUID = "1.2.7.1"
    series.ReferencedSOPSequence = named
    evidence = Dataset()
    evidence.StudyInstanceUID = "1.2.7"
    evidence.ReferencedSeriesSequence = [series]
    report = other("1.2.840.10008.5.1.4.1.1.88.11", "1.2.9.100", "1.2.7.2")
    report.CurrentRequestedProcedureEvidenceSequence = [evidence]
    image = Dataset()
    image.ReferencedSOPSequence = [named[0]]
    report.ContentSequence = [image]
    state = other("1.2.840.10008.5.1.4.1.1.11.1", "1.2.9.101", "1.2.7.3")
    images_of = Dataset()
    images_of.SeriesInstanceUID = "1.2.7.1"
    images_of.ReferencedImageSequence = named
    state.ReferencedSeriesSequence = [images_of]
    segmentation = other("1.2.840.10008.5.1.4.1.1.66.4", "1.2.9.102", "1.2.7.4")
    segmentation.ReferencedSeriesSequence = [Dataset()]
    segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.7.1"
    segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence = named
    group = Dataset()
    group.DerivationImageSequence = [Dataset()]
    group.DerivationImageSequence[0].SourceImageSequence = [named[-1]]
    segmentation.PerFrameFunctionalGroupsSequence = [group]
    for name, made_of in (("sr", report), ("pr", state), ("seg", segmentation)):
        made_of.save_as(folder / f"{name}.dcm", enforce_file_format=True)


def reference(sop_class: str, uid: str) -> Dataset:
    found = Dataset()
    found.ReferencedSOPClassUID, found.ReferencedSOPInstanceUID = sop_class, uid
    return found


def other(sop_class: str, uid: str, series: str) -> Dataset:
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = sop_class, uid
    found.StudyInstanceUID, found.SeriesInstanceUID = "1.2.7", series
    found.PatientID = "OLD"
    found.ensure_file_meta()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return found


def check(folder: Path, images: int) -> None:
    """Checks that all files are of one new study, and reference the images as they are now."""
    files = {path.name: dcmread(path) for path in sorted(folder.glob("*.dcm"))}
    assert len(files) == images + 3
    instances = {f"{number:04}.dcm" for number in range(images)}
    now = {files[name].SOPInstanceUID for name in instances}
    (series,) = {files[name].SeriesInstanceUID for name in instances}
    (of_study,) = {one.StudyInstanceUID for one in files.values()}
    assert len(now) == images
    assert of_study != "1.2.7" != series
    for name in ("sr.dcm", "pr.dcm", "seg.dcm"):
        one = files[name]
        del one.OriginalAttributesSequence
        nested = [e for item in one.iterall() if item.VR == "SQ" for i in item.value for e in i]
        uids = {
            keyword: {e.value for e in nested if e.keyword == keyword}
            for keyword in ("ReferencedSOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
        }
        assert uids["ReferencedSOPInstanceUID"] == now
        assert uids["SeriesInstanceUID"] == {series}
        assert uids["StudyInstanceUID"] <= {of_study}
    assert all(len(one.get("OriginalAttributesSequence", [1])) == 1 for one in files.values())


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("to", ["", "rle"])
def test_reports_states_and_segmentations_follow_their_images(
    tmp_path: Path, to: str, *, in_place: bool
) -> None:
    study(tmp_path / "in")
    out = tmp_path / ("in" if in_place else "out")
    asked = Batch(
        (str(tmp_path / "in"),),
        "" if in_place else str(out),
        find(to or "explicit"),
        executor=InProcess(),
        journal=str(tmp_path / "journal"),
        policy=None if to else OwnSyntax(),
        modification=Modification(changes=(assigned("set", "PatientID=NEW"),), level="study"),
    )
    with opened(asked) as started:
        assert {outcome.status for outcome in started.outcomes()} == {"done"}
    check(out, 3)


@pytest.mark.long
@pytest.mark.parametrize("in_place", [False, True])
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_uids(
    run: Run, tmp_path: Path, *, in_place: bool
) -> None:
    images = 40
    study(tmp_path / "in", images)
    out = tmp_path / ("in" if in_place else "out")
    places = ("--in-place", tmp_path / "in") if in_place else (tmp_path / "in", out)
    command = ["modify", *places, "--set", "PatientID=NEW", "--journal", tmp_path / "journal"]
    command += ["--to", "rle", "-j", "2"]
    for written in (1, 20, images + 3):
        killed(command, out, written)
    done = run(*command)
    assert done.returncode == 0, done.stderr
    check(out, images)


def killed(command: list[Any], out: Path, written: int) -> None:
    """Runs a command, and kills it when so many files are modified, or when it ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dicomtx", *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if sum(map(is_modified, out.glob("*.dcm"))) >= written:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.01)
    process.wait()


def is_modified(path: Path) -> bool:
    try:
        return b"NEW" in path.read_bytes()
    except OSError:
        return False
