"""Files are modified in every form: the named elements change, all others keep their bytes."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.modification.modification import Change, Level, Modification
from dicomtx.dicom.modification.parsing import assigned, change
from dicomtx.dicom.part10 import syntax_of
from dicomtx.dicom.rope import Rope
from dicomtx.engine.planning.policy import OwnSyntax
from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.dry_run import dry_run
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.journal import Journal
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from tests import corpus, oracle
from tests.dicom.builder import identity, image, native, part10, sequence, text
from tests.in_process import InProcess

FORMS = [
    *("CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm"),
    *("image_dfl.dcm", "JPEG2000.dcm", "MR_small_RLE.dcm", "JPEG-LL.dcm", "JPEG-lossy.dcm"),
    *("emri_small_RLE.dcm", "rtplan.dcm", "reportsi.dcm", "liver_1frame.dcm", "rtdose.dcm"),
    *("waveform_ecg.dcm", "no_meta_group_length.dcm", "UN_sequence.dcm", "rtstruct.dcm"),
    *("nested_priv_SQ.dcm", "SC_rgb_small_odd.dcm", "eCT_Supplemental.dcm", "badVR.dcm"),
]
CHANGES = (
    assigned("set", "PatientID=NEW"),
    assigned("replace", "PatientName=Doe^Jane"),
    change("remove", "StudyTime"),
)
TARGETS = ["rle", "jpeg2000-lossless", "implicit", "big-endian", "deflated"]
NAMED = {0x00100020, 0x00100010, 0x00080030, 0x04000561}
UIDS = {0x00080018, 0x0020000D, 0x0020000E}


def modification(*changes: Change, level: Level = "study", seed: str = "seed") -> Modification:
    return Modification(changes=changes or CHANGES, level=level, seed=seed)


def modified(
    source: Path, destination: Path, wanted: Modification | None = None, **more: Any
) -> Outcome:
    if "target" not in more:
        more["policy"] = OwnSyntax()
    wanted = wanted or modification()
    return convert(Request(LocalFile(str(source)), str(destination), modification=wanted, **more))


def others(path: Path) -> Mapping[Any, bytes]:
    """Returns the bytes of all elements, at any depth, but those that are modified."""
    found = oracle.elements(oracle.read(path))
    return {key: raw for key, raw in found if key[0] not in NAMED | UIDS}


# ------------------------------------------------------------------ every form of file


@pytest.mark.parametrize("name", FORMS)
def test_a_file_stays_in_its_syntax_and_only_named_elements_change(
    name: str, tmp_path: Path
) -> None:
    source, output = corpus.file(name), tmp_path / "out.dcm"
    outcome = modified(source, output)
    assert (outcome.status, outcome.error) == ("done", "")
    assert outcome.source_syntax == outcome.target_syntax
    assert outcome.verification == "bytes-only"
    after = dcmread(output)
    assert after.PatientID == "NEW"
    assert after.get("SOPInstanceUID") == outcome.new_sop_instance_uid
    if outcome.new_sop_instance_uid:
        assert after.file_meta.MediaStorageSOPInstanceUID == outcome.new_sop_instance_uid
    assert "StudyTime" not in after
    assert others(output) == others(source)


def test_a_dicomdir_is_kept_unchanged(tmp_path: Path) -> None:
    source, output = corpus.file("DICOMDIR"), tmp_path / "DICOMDIR"
    outcome = modified(source, output)
    assert (outcome.status, outcome.modified) == ("kept", ())
    assert "DICOMDIR" in outcome.warnings[0]
    assert output.read_bytes() == source.read_bytes()


def test_a_file_that_has_the_values_already_is_copied(tmp_path: Path) -> None:
    source, output = corpus.file("CT_small.dcm"), tmp_path / "out.dcm"
    outcome = modified(source, output, modification(assigned("set", "PatientID=1CT1"), level=""))
    assert (outcome.status, outcome.action, outcome.modified) == ("done", "copy", ())
    assert output.read_bytes() == source.read_bytes()


def test_an_unknown_transfer_syntax_stays(tmp_path: Path) -> None:
    content = native(image(2, 4), bytes(8))
    (tmp_path / "in.dcm").write_bytes(
        part10("explicit", content).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.1.2.1\0")
    )
    outcome = modified(tmp_path / "in.dcm", tmp_path / "out.dcm")
    assert (outcome.status, outcome.error) == ("done", "")
    assert others(tmp_path / "out.dcm") == others(tmp_path / "in.dcm")


@pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, EXPLICIT_BIG])
@pytest.mark.parametrize("spoiled", [b"neighbour ", b"other item", b"earlier system"])
def test_a_neighbour_of_an_edited_element_that_is_written_wrongly_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: Encoding, spoiled: bytes
) -> None:
    def step(word: str, note: str) -> bytes:
        first = text(0x00400007, "LO", word, encoding)
        return first + text(0x00400400, "LT", note, encoding)

    steps = sequence(0x00400275, [step("a", "other item"), step("b", "neighbour")], encoding)
    earlier = sequence(0x04000561, [text(0x04000563, "LO", "earlier system", encoding)], encoding)
    content = identity(encoding) + steps + earlier
    source, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(part10(syntax_of(encoding).uid, content))
    place = "RequestAttributesSequence[1].ScheduledProcedureStepDescription"
    wanted = modification(assigned("set", f"{place}=new"))
    assert modified(source, output, wanted).status == "done"

    def write_to(self: Rope, fd: int) -> None:
        written = b"".join(self.chunks())
        at = written.index(spoiled)  # the record of the old values comes later
        os.write(fd, written[:at] + b"X" + written[at + 1 :])

    monkeypatch.setattr(Rope, "write_to", write_to)
    outcome = modified(source, tmp_path / "wrong.dcm", wanted)
    assert outcome.exit_code == ExitCode.VERIFICATION
    assert not (tmp_path / "wrong.dcm").exists()


# ------------------------------------------------------------------ with a conversion


@pytest.mark.parametrize(
    "target", ["rle", "jpeg2000-lossless", "implicit", "big-endian", "deflated"]
)
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_small_odd.dcm"])
def test_a_file_is_modified_and_converted(name: str, target: str, tmp_path: Path) -> None:
    source, alone, both = corpus.file(name), tmp_path / "alone.dcm", tmp_path / "both.dcm"
    converted = convert(Request(LocalFile(str(source)), str(alone), find(target)))
    outcome = modified(source, both, target=find(target))
    assert (outcome.status, outcome.target_syntax) == ("done", converted.target_syntax)
    assert others(both) == others(alone)
    assert dcmread(both).PatientID == "NEW"
    assert outcome.new_sop_instance_uid == dcmread(both).SOPInstanceUID


def lossy(source: Path, output: Path, level: Level, **settings: Any) -> Dataset:
    outcome = modified(
        source,
        output,
        modification(level=level),
        target=find("jpeg2000"),
        settings=Settings(quality=80, **settings),
    )
    assert (outcome.status, outcome.error) == ("done", "")
    after = dcmread(output)
    assert outcome.new_sop_instance_uid == after.SOPInstanceUID
    assert after.file_meta.MediaStorageSOPInstanceUID == after.SOPInstanceUID
    return after


@pytest.mark.parametrize(
    ("level", "uid"),
    [
        *(("study", uid) for uid in ("auto", "keep", "derived")),
        *(("series", "auto"), ("instance", "keep"), ("", "auto"), ("", "derived")),
    ],
)
def test_the_source_image_of_a_lossy_result_is_never_itself(
    level: Level, uid: str, tmp_path: Path
) -> None:
    source = corpus.file("CT_small.dcm")
    after = lossy(source, tmp_path / "out.dcm", level, uid=uid)
    (reference,) = after.SourceImageSequence
    before = dcmread(source).SOPInstanceUID
    assert reference.ReferencedSOPInstanceUID == before != after.SOPInstanceUID
    assert after.PatientID == "NEW"
    assert after.LossyImageCompression == "01"


def test_a_lossy_step_that_keeps_all_uids_references_no_source(tmp_path: Path) -> None:
    output = tmp_path / "out.dcm"
    modified(
        corpus.file("CT_small.dcm"),
        output,
        modification(level=""),
        target=find("jpeg2000"),
        settings=Settings(quality=80, uid="keep"),
    )
    assert "SourceImageSequence" not in dcmread(output)


def test_an_element_that_the_conversion_changes_is_refused_by_name(tmp_path: Path) -> None:
    wanted = modification(assigned("set", "ImageType=ORIGINAL\\SECONDARY"))
    more: dict[str, Any] = {"target": find("jpeg2000"), "settings": Settings(quality=80)}
    outcome = modified(corpus.file("CT_small.dcm"), tmp_path / "out.dcm", wanted, **more)
    assert (outcome.status, outcome.exit_code) == ("refused", ExitCode.UNSUPPORTED)
    assert "(0008,0008)" in outcome.error
    assert not (tmp_path / "out.dcm").exists()


@pytest.mark.parametrize(
    ("name", "target", "settings"),
    [
        ("rtdose.dcm", "jpeg2000", Settings(quality=80)),  # refused by its plan
        ("CT_small.dcm", "jpeg-baseline", Settings(quality=80)),
        ("CT_small.dcm", "rle", Settings(codecs=("openjpeg",))),  # no encoder
    ],
)
def test_a_failed_conversion_fails_or_keeps_the_syntax_and_modifies(
    name: str, target: str, settings: Settings, tmp_path: Path
) -> None:
    source = corpus.file(name)
    more: dict[str, Any] = {"target": find(target), "settings": settings}
    outcome = modified(source, tmp_path / "no.dcm", **more)
    assert outcome.exit_code == ExitCode.UNSUPPORTED
    assert not (tmp_path / "no.dcm").exists()
    kept = modified(source, tmp_path / "out.dcm", on_failure="keep-original", **more)
    assert (kept.status, kept.target_syntax) == ("done", kept.source_syntax)
    assert kept.warnings[0].startswith("modified, but the transfer syntax is kept: ")
    assert dcmread(tmp_path / "out.dcm").PatientID == "NEW"
    assert others(tmp_path / "out.dcm") == others(source)


def test_a_conversion_that_fails_late_keeps_the_syntax_and_modifies(tmp_path: Path) -> None:
    source = tmp_path / "in.dcm"
    shutil.copy(corpus.file("JPEG2000.dcm"), source)
    raw = bytearray(source.read_bytes())
    start = raw.index(b"\xff\x93", raw.index(b"\xe0\x7f\x10\0"))
    raw[start + 40 : -40] = bytes(len(raw) - start - 80)  # the code stream is damaged
    source.write_bytes(raw)
    more: dict[str, Any] = {"target": find("rle"), "on_failure": "keep-original"}
    outcome = modified(source, tmp_path / "out.dcm", **more)
    after = dcmread(tmp_path / "out.dcm")
    assert (outcome.status, after.PatientID) == ("done", "NEW")
    if outcome.target_syntax == outcome.source_syntax:
        assert "could not convert to" in outcome.warnings[0]


def test_a_result_that_would_grow_is_modified_in_its_own_syntax(tmp_path: Path) -> None:
    source = corpus.file("MR_small_RLE.dcm")
    more: dict[str, Any] = {"target": find("explicit"), "settings": Settings(only_if_smaller=True)}
    outcome = modified(source, tmp_path / "out.dcm", **more)
    assert (outcome.status, outcome.target_syntax) == ("done", outcome.source_syntax)
    assert "not be smaller" in outcome.warnings[0]
    assert dcmread(tmp_path / "out.dcm").PatientID == "NEW"


def test_a_value_that_does_not_fit_the_file_fails_even_with_keep_original(tmp_path: Path) -> None:
    wanted = modification(assigned("set", "PatientName=Łukasz"))
    source = corpus.file("CT_small.dcm")
    outcome = modified(source, tmp_path / "out.dcm", wanted, on_failure="keep-original")
    assert (outcome.status, outcome.exit_code) == ("refused", ExitCode.UNSUPPORTED)
    assert outcome.error.startswith("cannot set PatientName=")
    assert not (tmp_path / "out.dcm").exists()


# ------------------------------------------------------------------ runs


def reference(uid: str, *more: bytes) -> bytes:
    return text(0x00081150, "UI", "1.2.3") + text(0x00081155, "UI", uid) + b"".join(more)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two images of one series, and a document that references both, and one that is not here."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in (1, 2):
        own = text(0x00080016, "UI", "1.2") + text(0x00080018, "UI", f"1.2.9.{number}")
        place = text(0x0020000D, "UI", "1.2.7") + text(0x0020000E, "UI", "1.2.7.1")
        frame = text(0x00200052, "UI", "1.2.8")
        content = own + text(0x00100020, "LO", "OLD") + place + frame
        pixels = native(image(2, 4), bytes(range(8)))[len(identity()) :]
        (folder / f"{number}.dcm").write_bytes(part10("explicit", content + pixels))
    instances = [reference(uid) for uid in ("1.2.9.1", "1.2.9.2", "1.2.9.77")]
    series = text(0x0020000E, "UI", "1.2.7.1") + sequence(0x00081199, instances)
    evidence = text(0x0020000D, "UI", "1.2.7") + sequence(0x00081115, [series])
    own = text(0x00080016, "UI", "1.2.5") + text(0x00080018, "UI", "1.2.9.3")
    place = text(0x0020000D, "UI", "1.2.7") + text(0x0020000E, "UI", "1.2.7.2")
    content = own + text(0x00100020, "LO", "OLD") + place + sequence(0x0040A375, [evidence])
    (folder / "sr.dcm").write_bytes(part10("explicit", content))
    return folder


def batch(source: Path, out: Path | None, wanted: Modification, **more: Any) -> Batch:
    more.setdefault("policy", OwnSyntax())
    return Batch(
        (str(source),),
        str(out or ""),
        rules=FileRules(skip_others=True),
        executor=InProcess(),
        journal=f"{out or source}.sqlite",
        remap=wanted.changes_uids,
        modification=wanted._replace(seed=""),
        **more,
    )


def run(asked: Batch) -> list[Outcome]:
    with opened(asked) as started:
        return list(started.outcomes())


def read(folder: Path) -> dict[str, Dataset]:
    return {path.name: dcmread(path) for path in sorted(folder.glob("*.dcm"))}


def check_references(folder: Path) -> None:
    """Checks that the document references the images as they are now."""
    files = read(folder)
    (evidence,) = files["sr.dcm"].CurrentRequestedProcedureEvidenceSequence
    (series,) = evidence.ReferencedSeriesSequence
    named = [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence]
    assert named == [files["1.dcm"].SOPInstanceUID, files["2.dcm"].SOPInstanceUID, "1.2.9.77"]
    assert evidence.StudyInstanceUID == files["1.dcm"].StudyInstanceUID
    assert series.SeriesInstanceUID == files["1.dcm"].SeriesInstanceUID
    assert len({one.StudyInstanceUID for one in files.values()}) == 1
    assert files["1.dcm"].SeriesInstanceUID == files["2.dcm"].SeriesInstanceUID
    assert files["1.dcm"].FrameOfReferenceUID == "1.2.8"
    for one in files.values():
        (record,) = one.OriginalAttributesSequence
        (old,) = record.ModifiedAttributesSequence
        assert old.SOPInstanceUID.startswith("1.2.9.")


@pytest.mark.parametrize("level", ["study", "series", "instance"])
@pytest.mark.parametrize("in_place", [False, True])
def test_references_within_the_run_follow(
    study: Path, tmp_path: Path, level: Level, *, in_place: bool
) -> None:
    out = study if in_place else tmp_path / "out"
    wanted = modification(assigned("set", "SeriesDescription=new"), level=level)
    outcomes = run(batch(study, None if in_place else out, wanted))
    assert {outcome.status for outcome in outcomes} == {"done"}
    check_references(out)
    kept = {"study": 0, "series": 1, "instance": 2}[level]
    image = read(out)["1.dcm"]
    same = (image.StudyInstanceUID == "1.2.7") + (image.SeriesInstanceUID == "1.2.7.1")
    assert same == kept
    again = run(batch(study, None if in_place else out, wanted))
    assert {outcome.status for outcome in again} == {"skipped"}
    check_references(out)


def test_a_study_that_is_named_is_that_of_all_references(study: Path, tmp_path: Path) -> None:
    wanted = modification(assigned("set", "StudyInstanceUID=1.2.99"), level="")
    run(batch(study, tmp_path / "out", wanted))
    check = read(tmp_path / "out")
    assert {one.StudyInstanceUID for one in check.values()} == {"1.2.99"}
    (evidence,) = check["sr.dcm"].CurrentRequestedProcedureEvidenceSequence
    assert evidence.StudyInstanceUID == "1.2.99"


def test_files_that_come_later_join_the_same_study(study: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.dcm"
    (study / "2.dcm").rename(late)
    run(batch(study, tmp_path / "out", modification()))
    before = read(tmp_path / "out")["1.dcm"].StudyInstanceUID
    late.rename(study / "2.dcm")
    run(batch(study, tmp_path / "out", modification()))
    assert read(tmp_path / "out")["1.dcm"].StudyInstanceUID == before
    check_references(tmp_path / "out")


def uids(study: Path, out: Path, **more: Any) -> set[str]:
    run(batch(study, out, modification(), **more))
    return {one.SOPInstanceUID for one in read(out).values()}


def test_two_runs_have_other_uids_unless_they_are_derived(study: Path, tmp_path: Path) -> None:
    first, second = (uids(study, tmp_path / name) for name in ("a", "b"))
    assert len(first | second) == 6
    derived = Settings(uid="derived")
    third, fourth = (uids(study, tmp_path / name, settings=derived) for name in ("c", "d"))
    assert third == fourth
    assert len(first | third) == 6


class Killed(BaseException):
    """Ends a run like SIGKILL: nothing handles it, and nothing more is committed."""


@pytest.mark.parametrize("written", [1, 2, 3])
@pytest.mark.parametrize("in_place", [False, True])
def test_a_killed_run_goes_on_with_the_same_uids(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int, *, in_place: bool
) -> None:
    out = study if in_place else tmp_path / "out"
    asked = batch(study, None if in_place else out, modification())
    add, count = Journal.add, iter(range(1, 9))

    def killed(*arguments: Any) -> None:
        if next(count) == written:  # the file is written, and the journal does not know it
            raise Killed
        add(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "add", killed)
        with pytest.raises(Killed):
            run(asked)
    assert run(asked)
    check_references(out)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_run_that_is_killed_while_a_reference_is_updated_modifies_no_file_twice(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_place: bool
) -> None:
    out = study if in_place else tmp_path / "out"
    asked = batch(study, None if in_place else out, modification())
    update = Journal.update_output

    def killed(*arguments: Any) -> None:
        update(*arguments)  # the journal has the new content, and the file is still the old one
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "update_output", killed)
        with pytest.raises(Killed):
            run(asked)
    assert run(asked)
    check_references(out)


@pytest.mark.parametrize("target", ["rle", ""])
def test_a_dry_run_names_what_a_run_modifies(study: Path, tmp_path: Path, target: str) -> None:
    more: dict[str, Any] = {"target": find("rle"), "policy": None} if target else {}
    asked = batch(study, tmp_path / "out", modification(), **more)
    planned = {one.path: one for one in dry_run(asked)}
    assert not (tmp_path / "out").exists()
    for outcome in run(asked):
        before = planned[outcome.path]
        assert (before.action, before.modified) == (outcome.action, outcome.modified)
        assert before.target_syntax == outcome.target_syntax
        assert before.new_sop_instance_uid


def test_best_of_is_modified_once(study: Path, tmp_path: Path) -> None:
    wanted = modification()
    asked = batch(study, tmp_path / "out", wanted, policy=None)
    best = FileRules(best_of=(find("rle"), find("jpeg-ls-lossless")))
    with opened(Batch(**{**_fields(asked), "rules": best})) as started:
        list(started.outcomes())
    check_references(tmp_path / "out")


def _fields(asked: Batch) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in asked.__dataclass_fields__}
