"""Exports by a policy, with a loss, with limits: the same engine, the same words."""

import json
import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.engine.planning.conditions import matcher
from dicomtx.engine.planning.policy import Rule, RuleBook, Verdict
from dicomtx.errors import UnsupportedError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.export.job import Media
from dicomtx.workflows.export.media_profiles import profile
from dicomtx.workflows.policies.orthanc import read_orthanc
from tests.corpus import file
from tests.export_folder import RLE, Folder, by_source

BY_KIND = RuleBook(
    "kinds",
    (
        Rule((matcher("modality", "CT"),), Verdict.TRANSCODE, find("rle")),
        Rule((matcher("modality", "MR"),), Verdict.REFUSE, reason="not for export"),
    ),
)
LOSSY = Settings(lossy=True)
KINDS = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")


def test_a_policy_decides_for_each_file(folder: Folder) -> None:
    folder.put(*KINDS)
    outcomes = by_source(folder.export(to="", policy=BY_KIND))
    assert {name: o.status for name, o in outcomes.items()} == {
        "CT_small.dcm": "done",
        "MR_small.dcm": "refused",
        "rtplan.dcm": "kept",
    }
    assert outcomes["CT_small.dcm"].rule == "kinds, rule 1"
    members = folder.members()
    assert {d.file_meta.TransferSyntaxUID for d in members.values() if "Rows" in d} == {RLE}


@pytest.mark.parametrize("media", [None, Media()])
def test_what_a_policy_refuses_is_not_exported_and_told(
    folder: Folder, media: Media | None
) -> None:
    folder.put(*KINDS)
    refused = by_source(folder.export(to="", policy=BY_KIND, media=media))["MR_small.dcm"]
    assert refused.error == "refused by kinds, rule 2: not for export"
    assert (refused.exit_code, refused.destination) == (8, "")
    assert len(folder.members()) == 2
    assert not any(d.Modality == "MR" for d in folder.members().values())
    (entry,) = [one for one in folder.manifest() if one["status"] == "refused"]
    assert entry["member"] is None
    assert "not for export" in entry["error"]


def test_under_strict_a_refusal_leaves_nothing(folder: Folder) -> None:
    folder.put(*KINDS)
    with pytest.raises(UnsupportedError, match="1 of the files"):
        folder.export(to="", policy=BY_KIND, settings=Settings(strict=True))
    assert folder.left() == set()


def test_what_a_policy_cannot_look_at_is_not_exported(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    data = file("MR_small.dcm").read_bytes()
    (folder.sources / "cut.dcm").write_bytes(data[:400])
    cut = by_source(folder.export(to="", policy=BY_KIND))["cut.dcm"]
    assert (cut.status, cut.exit_code) == ("failed", 3)
    assert "the policy cannot check it" in cut.error
    assert len(folder.members()) == 1


def test_what_cannot_be_transcoded_may_be_kept_without_a_failure(folder: Folder) -> None:
    folder.put("liver_1frame.dcm")  # one bit a pixel
    (outcome,) = folder.export(to="jpeg-ls-lossless", on_failure="keep-original")
    assert (outcome.status, outcome.exit_code) == ("kept", 0)
    assert "cannot convert to jpeg-ls-lossless" in outcome.warnings[0]
    (entry,) = folder.manifest()
    assert (entry["status"], entry["warnings"]) == ("kept", list(outcome.warnings))


def test_orthanc_s_configuration_decides(folder: Folder, tmp_path: Path) -> None:
    folder.put("CT_small.dcm", "rtplan.dcm")
    configuration = tmp_path / "sources" / "orthanc.json"
    configuration.write_text(json.dumps({"IngestTranscoding": RLE}))
    policy = read_orthanc((str(configuration),), {})
    configuration.unlink()
    outcomes = by_source(folder.export(to="", policy=policy))
    assert outcomes["CT_small.dcm"].target_syntax == RLE
    assert len(folder.members()) == 2


def test_a_profile_is_checked_against_what_the_policy_decides(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    with pytest.raises(UnsupportedError):
        folder.export("disc", "", policy=BY_KIND, media=Media(profile=profile("STD-GEN-CD")))
    assert folder.left() == set()
    native = RuleBook("native", (Rule((), Verdict.TRANSCODE, find("explicit")),))
    folder.export("disc", "", policy=native, media=Media(profile=profile("STD-GEN-CD")))
    assert (folder.path / "disc" / "DICOMDIR").exists()


def test_what_would_be_kept_in_spite_of_a_profile_leaves_nothing(folder: Folder) -> None:
    folder.put("JPEG2000.dcm")
    path = folder.sources / "JPEG2000.dcm"
    start, found, stream = path.read_bytes().partition(b"\xff\x4f\xff\x51")
    path.write_bytes(start + found + stream.replace(b"\xff\x5c", b"\xff\x30", 1))  # no QCD
    media = Media(profile=profile("STD-GEN-CD"))
    with pytest.raises(UnsupportedError, match="one of the files failed"):
        folder.export("disc", "explicit", on_failure="keep-original", media=media)
    assert folder.left() == set()


@pytest.mark.parametrize("media", [None, Media()])
def test_lossy_results_can_be_made_again(folder: Folder, media: Media | None) -> None:
    folder.put("CT_small.dcm", "SC_rgb_small_odd.dcm")
    for name in ("a.zip", "b.zip"):
        outcomes = folder.export(name, "jpeg2000", media=media, reproducible=True, settings=LOSSY)
        assert all(outcome.new_sop_instance_uid for outcome in outcomes)
    assert (folder.path / "a.zip").read_bytes() == (folder.path / "b.zip").read_bytes()
    found = {d.SOPInstanceUID for d in folder.members("a.zip").values()}
    assert found == {outcome.new_sop_instance_uid for outcome in outcomes}


def test_what_is_lost_is_as_asked(folder: Folder) -> None:
    folder.put("CT_small.dcm")
    (outcome,) = folder.export(to="jpeg2000", settings=Settings(psnr=60.0, uid="keep"))
    assert outcome.quality
    assert (outcome.quality.psnr or 0) >= 60
    (made,) = folder.members().values()
    assert made.LossyImageCompression == "01"
    assert made.SOPInstanceUID == dcmread(file("CT_small.dcm")).SOPInstanceUID


def test_the_directory_has_the_new_uid_of_a_lossy_result(folder: Folder) -> None:
    shutil.copy(file("CT_small.dcm"), folder.sources)
    (outcome,) = folder.export("disc", "jpeg2000", media=Media(), settings=LOSSY)
    records = dcmread(folder.path / "disc" / "DICOMDIR").DirectoryRecordSequence
    told = [r.ReferencedSOPInstanceUIDInFile for r in records if "ReferencedFileID" in r]
    assert told == [outcome.new_sop_instance_uid]
