"""Lossy steps over trees: new UIDs, references that follow, and the same tree whatever happened."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import UID

from dicomtx.transfer_syntaxes import find
from tests import corpus, file_trees
from tests.conftest import Run

LOSSY = ("--to", "jpeg2000", "--psnr", "45", "--uid", "derived")
UIDS = tuple(f"1.2.826.0.1.3680043.8.498.{n}" for n in range(1, 7))
ELSEWHERE = "1.2.826.0.1.3680043.8.498.99"
KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"
PRESENTATION = "1.2.840.10008.5.1.4.1.1.11.1"


def name(data_set: Dataset, uid: str) -> None:
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(uid)


def image(number: int) -> Dataset:
    """Returns a CT of its own, with pixels of its own."""
    data_set = dcmread(corpus.file("CT_small.dcm"))
    name(data_set, UIDS[number])
    data_set.InstanceNumber = number
    data_set.PixelData = data_set.PixelData[number * 2 :] + data_set.PixelData[: number * 2]
    return data_set


def reference(uid: str, purpose: str = "") -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = uid
    if purpose:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = purpose, "DCM", "purpose"
        item.PurposeOfReferenceCodeSequence = Sequence([code])
    return item


def document(sop_class: str, uid: str) -> Dataset:
    """Returns a data set without pixels."""
    data_set = dcmread(corpus.file("reportsi.dcm"))
    for keyword in ("ContentSequence", "CurrentRequestedProcedureEvidenceSequence"):
        if keyword in data_set:
            delattr(data_set, keyword)
    data_set.SOPClassUID = data_set.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    name(data_set, uid)
    return data_set


def make(folder: Path) -> Path:
    """Writes six images, and a KO, a PR and an SR that refer to them."""
    folder.mkdir(parents=True)
    for number in range(6):
        one = image(number)
        if number == 4:
            one.ReferencedImageSequence = Sequence([reference(UIDS[0])])
            one.SourceImageSequence = Sequence(
                [reference(UIDS[1], "121320"), reference(UIDS[2], "121322")]
            )
        one.save_as(folder / f"{number}.dcm")
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3"
    series.ReferencedSOPSequence = Sequence([reference(UIDS[1]), reference(ELSEWHERE)])
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSeriesSequence = "1.2", Sequence([series])
    key_object = document(KEY_OBJECT, "1.2.5.1")
    key_object.CurrentRequestedProcedureEvidenceSequence = Sequence([study])
    key_object.save_as(folder / "ko.dcm")
    shown = Dataset()
    shown.SeriesInstanceUID, shown.ReferencedImageSequence = "1.2.3", Sequence([reference(UIDS[2])])
    presentation = document(PRESENTATION, "1.2.5.2")
    presentation.ReferencedSeriesSequence = Sequence([shown])
    presentation.save_as(folder / "pr.dcm")
    content = Dataset()
    content.RelationshipType, content.ValueType = "CONTAINS", "IMAGE"
    content.ReferencedSOPSequence = Sequence([reference(UIDS[3])])
    report = document("1.2.840.10008.5.1.4.1.1.88.11", "1.2.5.3")
    report.ContentSequence = Sequence([content])
    report.save_as(folder / "sr.dcm")
    return folder


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make(tmp_path / "in")


def new_uids(run_folder: Path) -> dict[str, str]:
    """Returns the UIDs in the files, by what they were."""
    return {UIDS[n]: str(dcmread(run_folder / f"{n}.dcm").SOPInstanceUID) for n in range(6)}


def check_references(folder: Path) -> None:
    """Checks that each reference follows, but for those to predecessors and elsewhere."""
    now = new_uids(folder)
    assert not set(now) & set(now.values())
    key_object, presentation = dcmread(folder / "ko.dcm"), dcmread(folder / "pr.dcm")
    series = key_object.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    told = [item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence]
    assert told == [now[UIDS[1]], ELSEWHERE]
    (shown,) = presentation.ReferencedSeriesSequence[0].ReferencedImageSequence
    assert shown.ReferencedSOPInstanceUID == now[UIDS[2]]
    (content,) = dcmread(folder / "sr.dcm").ContentSequence
    assert content.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == now[UIDS[3]]
    fourth = dcmread(folder / "4.dcm")
    assert fourth.ReferencedImageSequence[0].ReferencedSOPInstanceUID == now[UIDS[0]]
    sources = [
        (item.PurposeOfReferenceCodeSequence[0].CodeValue, str(item.ReferencedSOPInstanceUID))
        for item in fourth.SourceImageSequence
    ]
    assert sorted(sources) == sorted(
        [("121320", UIDS[1]), ("121322", now[UIDS[2]]), ("121320", UIDS[4])]
    )


def test_references_follow_and_the_map_tells_all(run: Run, tree: Path) -> None:
    options = (*LOSSY, "--remap-references", "--uid-map", "map.json")
    done = run("batch", "in", "out", *options)
    assert done.returncode == 0, done.stderr
    check_references(Path("out"))
    assert json.loads(Path("map.json").read_text()) == new_uids(Path("out"))
    written = file_trees.content(Path("out"))
    again = run("batch", "in", "out", *options)
    assert b"0 done, 0 kept, 0 refused, 0 failed, 9 skipped" in again.stdout
    assert file_trees.content(Path("out")) == written
    assert json.loads(Path("map.json").read_text()) == new_uids(Path("out"))


def test_derived_uids_make_the_same_tree_again_and_others_do_not(run: Run, tree: Path) -> None:
    for out, more in (("one", ()), ("two", ()), ("three", ("--uid", "new"))):
        done = run("batch", "in", out, *LOSSY, "--remap-references", *more)
        assert done.returncode == 0, done.stderr
    assert file_trees.content(Path("one")) == file_trees.content(Path("two"))
    assert not set(new_uids(Path("one")).values()) & set(new_uids(Path("three")).values())
    check_references(Path("three"))


def test_references_follow_in_place_and_from_a_reviewed_plan(run: Run, tree: Path) -> None:
    alone = run("batch", "in", "alone", *LOSSY, "--remap-references")
    assert alone.returncode == 0, alone.stderr
    Path("a.toml").write_text('[[policy.a.rule]]\nto = "jpeg2000"\npsnr = 45.0\nuid = "derived"\n')
    plan = run("plan", "in", "--policy", "a.toml", "--json")
    assert plan.returncode == 0, plan.stderr
    Path("p.json").write_bytes(plan.stdout)
    reviewed = run("batch", "--from-plan", "p.json", "out", "--remap-references")
    assert reviewed.returncode == 0, reviewed.stderr
    assert file_trees.content(Path("out")) == file_trees.content(Path("alone"))
    place = ("--in-place", "--journal", "j.sqlite", "--allow-lossy-in-place")
    in_place = run("batch", "in", *place, *LOSSY, "--remap-references")
    assert in_place.returncode == 0, in_place.stderr
    assert file_trees.content(tree) == file_trees.content(Path("alone"))
    again = run("batch", "in", *place, *LOSSY, "--remap-references")
    assert b"9 skipped" in again.stdout
    assert file_trees.content(tree) == file_trees.content(Path("alone"))


def test_what_a_lossy_step_is_asked_makes_it_another_plan(run: Run, tree: Path) -> None:
    assert b" 6 done" in run("batch", "in", "out", *LOSSY).stdout
    assert b"9 skipped" in run("batch", "in", "out", *LOSSY, "--threads", "1").stdout
    other = run("batch", "in", "out", *LOSSY[:2], "--psnr", "50", *LOSSY[4:])
    assert b" 6 done" in other.stdout


@pytest.mark.long
@pytest.mark.parametrize("place", ["out", "in place"])
def test_killed_at_random_it_ends_with_the_same_tree(run: Run, tree: Path, place: str) -> None:
    count = 60
    for number in range(count):
        one = image(5)
        name(one, f"{UIDS[5]}.{number}")
        one.save_as(tree / f"more{number}.dcm")
    options = (*LOSSY, "--remap-references", "-j", "2", "--uid-map")
    done = run("batch", "in", "alone", *options, "alone.json")
    assert done.returncode == 0, done.stderr
    over = ["in", "--in-place", "--journal", "j.sqlite", "--allow-lossy-in-place"]
    where = ["in", "out"] if place == "out" else over
    command = [sys.executable, "-m", "dicomtx", "batch", *where, *options, "map.json"]
    random.seed(7)
    for _ in range(12):
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(random.uniform(0.4, 3.0))
        running.kill()
        running.communicate()
    last = run("batch", *where, *options, "map.json")
    assert last.returncode == 0, last.stderr
    assert json.loads(Path("map.json").read_text()) == json.loads(Path("alone.json").read_text())
    result = tree if place == "in place" else Path("out")
    assert file_trees.content(result) == file_trees.content(Path("alone"))
    assert not file_trees.part_files(result)
    assert dcmread(result / "0.dcm").file_meta.TransferSyntaxUID == find("jpeg2000").uid
