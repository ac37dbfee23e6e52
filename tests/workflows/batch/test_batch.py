"""Trees: planned before the first file is begun, gone on with, never done twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from dicomtx.engine.planning.policy import Rule, RuleBook, Verdict
from dicomtx.errors import DestinationError, ExitCode, UsageError
from dicomtx.limits import Limits as Reading
from dicomtx.settings import FIELDS, Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.inputs.layout import Layout
from dicomtx.workflows.workers.pool import ProcessPool
from tests import file_trees
from tests.corpus import file
from tests.dicom.builder import SOP_CLASS, image, native, part10, sequence, text
from tests.in_process import InProcess


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return file_trees.make(tmp_path / "in", [0] * 12)


def batch(*sources: Path, out: Path | None = None, to: str = "rle", **more: Any) -> Batch:
    more.setdefault("executor", InProcess())
    more.setdefault("rules", FileRules(skip_others=True))
    return Batch(tuple(map(str, sources)), str(out) if out else "", find(to), **more)


def run(asked: Batch) -> list[Outcome]:
    with opened(asked) as started:
        found = list(started.outcomes())
        assert len(found) == started.known + started.to_do
    for place in asked.sources if not asked.destination else [asked.destination]:
        assert not file_trees.part_files(Path(place))
    return found


def statuses(asked: Batch) -> dict[str, int]:
    return dict(Counter(outcome.status for outcome in run(asked)))


def test_the_tree_is_mirrored_and_every_file_is_as_it_is_alone(tree: Path, tmp_path: Path) -> None:
    asked = batch(tree, out=tmp_path / "out", executor=ProcessPool(2))
    assert statuses(asked) == {"done": 12}
    written = file_trees.content(tmp_path / "out")
    assert written.keys() == file_trees.content(tree).keys()
    for name, data in written.items():
        convert(
            Request(LocalFile(f"{tree}/{name}"), str(tmp_path / "a"), find("rle"), overwrite=True)
        )
        assert (tmp_path / "a").read_bytes() == data


def test_what_is_done_is_not_read_again(tree: Path, tmp_path: Path) -> None:
    asked = batch(tree, out=tmp_path / "out")
    run(asked)
    for path in tree.rglob("*.dcm"):  # what is read now would be another file, or none
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    before = file_trees.content(tmp_path / "out")
    again = run(asked)
    assert {(o.status, o.warnings) for o in again} == {("skipped", ("done in an earlier run",))}
    assert file_trees.content(tmp_path / "out") == before


def test_a_changed_source_another_target_and_a_lost_output_are_done_again(
    tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(batch(tree, out=out))
    (tree / "0/00003.dcm").write_bytes(file_trees.small(77))
    (out / "0/00004.dcm").unlink()
    assert statuses(batch(tree, out=out)) == {"skipped": 10, "done": 2}
    assert statuses(batch(tree, out=out, to="jpeg-ls-lossless")) == {"done": 12}


def test_files_of_others_are_left_alone(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "0").mkdir(parents=True)
    (out / "0/00003.dcm").write_text("mine")
    found = {Path(o.path).name: o for o in run(batch(tree, out=out))}
    assert found.pop("00003.dcm").exit_code == ExitCode.DESTINATION
    assert {o.status for o in found.values()} == {"done"}
    skip = Choice(skip_existing=True, retry_failed=True)
    assert statuses(batch(tree, out=out, choice=skip)) == {"skipped": 12}
    assert (out / "0/00003.dcm").read_text() == "mine"
    again = Choice(overwrite=True, retry_failed=True)
    assert statuses(batch(tree, out=out, choice=again)) == {"skipped": 11, "done": 1}


def test_what_failed_is_told_again_and_tried_again_if_asked_for(tree: Path, tmp_path: Path) -> None:
    bad = tree / "0/00005.dcm"
    whole = bad.read_bytes()
    bad.write_bytes(whole[:-20])
    asked = batch(tree, out=tmp_path / "out")
    first = {o.path: o for o in run(asked)}[str(bad)]
    second = {o.path: o for o in run(asked)}[str(bad)]
    assert (first.status, second.status) == ("failed", "failed")
    assert second.error == f"{first.error} (failed earlier; use --retry-failed)"
    retry = batch(tree, out=tmp_path / "out", choice=Choice(retry_failed=True))
    assert {o.path: o.error for o in run(retry)}[str(bad)] == first.error
    bad.write_bytes(whole)  # a file that changed needs no option
    assert statuses(asked) == {"skipped": 11, "done": 1}


def test_a_refusal_is_told_again_without_advice_to_retry_it(tree: Path, tmp_path: Path) -> None:
    refused = batch(tree, out=tmp_path / "out", to="jpeg-xl-recompression")
    first, second = run(refused)[0], run(refused)[0]
    assert (first.status, second.status) == ("refused", "refused")
    assert second.error == f"{first.error} (refused earlier)"


def test_in_place_files_are_replaced_and_known_again(tree: Path, tmp_path: Path) -> None:
    names = file_trees.content(tree).keys()
    asked = batch(tree, journal=str(tmp_path / "journal.sqlite"))
    assert statuses(asked) == {"done": 12}
    written = file_trees.content(tree)
    assert written.keys() == names
    (tree / "0/00001.dcm").touch()  # the same bytes at another time: known by their hash
    again = run(asked)
    assert {(o.status, o.warnings) for o in again} == {("skipped", ("done in an earlier run",))}
    assert file_trees.content(tree) == written


def test_the_journal_of_files_in_place_is_in_the_state_folder(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run(batch(tree))
    assert len(list((tmp_path / "state/dicomtx").glob("*.sqlite"))) == 1


def test_two_runs_on_one_destination_are_told_apart(tree: Path, tmp_path: Path) -> None:
    asked = batch(tree, out=tmp_path / "out")
    with opened(asked), pytest.raises(DestinationError, match="another run is working on"):
        run(asked)
    assert statuses(asked) == {"done": 12}


def test_targets_that_collide_are_told_before_anything_is_written(
    tree: Path, tmp_path: Path
) -> None:
    asked = batch(tree, out=tmp_path / "out", layout=Layout.parse("{Modality}.dcm"))
    with pytest.raises(UsageError, match=r"both go to .*nothing was done"):
        run(asked)
    assert not file_trees.content(tmp_path / "out")
    assert statuses(batch(tree, out=tmp_path / "out")) == {"done": 12}


def test_the_destination_is_no_source(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="use --in-place"):
        run(batch(tree, out=tree))
    inner = tree / "out"
    assert statuses(batch(tree, out=inner)) == {"done": 12}
    assert statuses(batch(tree, out=inner)) == {"skipped": 12}


def test_what_is_not_dicom_is_skipped_or_copied(tree: Path, tmp_path: Path) -> None:
    (tree / "notes.txt").write_text("not an image")
    assert statuses(batch(tree, out=tmp_path / "out")) == {"done": 12, "skipped": 1}
    for _ in range(2):
        again = {Path(o.path).name: o.warnings for o in run(batch(tree, out=tmp_path / "out"))}
        assert again["notes.txt"] == ("not a DICOM file (no Part 10 header)",)
    (tree / "notes.txt").write_bytes(file_trees.small(3))
    assert statuses(batch(tree, out=tmp_path / "out")) == {"done": 1, "skipped": 12}
    (tree / "notes.txt").write_text("not an image")
    copy = batch(tree, out=tmp_path / "copies", rules=FileRules(copy_others=True))
    assert statuses(copy) == {"done": 12, "kept": 1}
    assert (tmp_path / "copies/notes.txt").read_text() == "not an image"


def test_rules_leave_files_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("CT_small.dcm", "MR_small_RLE.dcm", "693_J2KR.dcm"):
        (folder / name).write_bytes(file(name).read_bytes())
    for number, (rules, wanted) in enumerate(
        [
            (FileRules(only="uncompressed"), {"CT_small.dcm"}),
            (FileRules(only="compressed"), {"MR_small_RLE.dcm", "693_J2KR.dcm"}),
            (FileRules(skip_same=True), {"CT_small.dcm", "693_J2KR.dcm"}),
        ]
    ):
        out = tmp_path / f"out{number}"
        run(batch(folder, out=out, rules=rules))
        assert file_trees.content(out).keys() == wanted


def test_a_result_that_is_not_smaller_gives_way_to_the_source(tmp_path: Path) -> None:
    noise = tmp_path / "in/noise.dcm"
    noise.parent.mkdir()
    noise.write_bytes(file_trees.small(1))  # 8 x 8 pixels with no run among them
    (kept,) = run(batch(noise, out=tmp_path / "out", settings=Settings(only_if_smaller=True)))
    assert kept.status == "kept"
    assert "would not be smaller" in kept.warnings[0]
    assert (tmp_path / "out/noise.dcm").read_bytes() == noise.read_bytes()


def test_why_an_original_was_kept_is_not_that_it_is_smaller(tmp_path: Path) -> None:
    one = file("CT_small.dcm")  # its preamble is not zero
    asked: dict[str, Any] = {
        "to": "jpeg2000",
        "on_failure": "keep-original",
    }
    hopeless = Settings(min_psnr=199, lossy=True, only_if_smaller=True)
    (kept,) = run(batch(one, out=tmp_path / "a", settings=hopeless, **asked))
    assert (kept.status, kept.new_sop_instance_uid, kept.quality) == ("kept", None, None)
    assert [warning.split(":")[0] for warning in kept.warnings] == ["could not convert to jpeg2000"]


def test_a_map_has_no_instances_whose_results_gave_way(tmp_path: Path) -> None:
    large, small = tmp_path / "in/large.dcm", tmp_path / "in/small.dcm"
    small.parent.mkdir()
    large.write_bytes(file("CT_small.dcm").read_bytes())
    small.write_bytes(file_trees.small(1).replace(b"1.2.3.4", b"1.2.3.5"))
    asked = batch(
        small.parent,
        out=tmp_path / "out",
        to="jpeg2000",
        settings=Settings(psnr=60, only_if_smaller=True),
    )
    with opened(asked) as started:
        found = {Path(outcome.path).name: outcome for outcome in started.outcomes()}
        assert list(started.journal.uids) == [found["large.dcm"].sop_instance_uid]
    assert found["small.dcm"].status == "kept"
    with opened(batch(small.parent, out=tmp_path / "out")) as started:
        assert {outcome.status for outcome in started.outcomes()} == {"done"}
        assert dict(started.journal.uids) == {}


def test_times_are_preserved_if_asked_for(tree: Path, tmp_path: Path) -> None:
    for path in tree.rglob("*.dcm"):
        os.utime(path, ns=(1_000_000_000, 2_000_000_000))
    run(batch(tree, out=tmp_path / "out", rules=FileRules(preserve=True)))
    times = {path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.dcm")}
    assert times == {2_000_000_000}


def test_stale_part_files_are_swept(tree: Path, tmp_path: Path) -> None:
    stale = tmp_path / "out/0/.gone.dcm.dicomtx-4194305.part"
    stale.parent.mkdir(parents=True)
    stale.touch()
    run(batch(tree, out=tmp_path / "out"))
    assert not stale.exists()


def test_the_first_failure_ends_it_if_asked_for(tree: Path, tmp_path: Path) -> None:
    for path in tree.rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[:-20])
    asked = batch(tree, out=tmp_path / "out", fail_fast=True, executor=InProcess())
    with opened(asked) as started:
        assert len(list(started.outcomes())) == 1


OTHER: dict[str, Any] = {
    **{name: field.allowed[-1] for name, field in FIELDS.items() if field.allowed},
    "limits": Reading(ratio=3),
    "verify": "none",
    "codecs": ("gdcm",),
    "fallback": ("rle-lossless",),
}


@pytest.mark.parametrize("name", FIELDS)
def test_each_setting_but_those_that_do_not_shape_the_result_makes_it_another_plan(
    name: str, tree: Path
) -> None:
    default: Any = getattr(Settings(), name)
    other: Any = OTHER.get(name)
    if other is None:
        other = not default if isinstance(default, bool) else (default or 0) + 3
    changed = batch(tree, settings=Settings()._replace(**{name: other}))
    same = batch(tree).plan_digest() == changed.plan_digest()
    assert same == (name in ("threads", "frame_timeout", "max_memory", "limits"))


def test_what_decides_makes_it_another_plan(tree: Path) -> None:
    rule = Rule((), Verdict.TRANSCODE, find("rle"))
    policies = [RuleBook("a", (rule,)), RuleBook("a", (rule, rule)), None]
    plans = [batch(tree, policy=policy) for policy in policies]
    plans += [batch(tree, on_failure="keep-original"), batch(tree, from_plan="p.json")]
    assert len({plan.plan_digest() for plan in plans}) == len(plans)
    assert batch(tree, rejected="no").plan_digest() == batch(tree).plan_digest()


def test_vanished_files_and_odd_names_are_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    odd = [b"\xff\xfe.dcm", "\u00e4 \u4e2d.dcm".encode(), b"x" * 250 + b".dcm"]
    for number, name in enumerate(odd):
        (folder / os.fsdecode(name)).write_bytes(file_trees.small(number))
    found = run(batch(folder, tmp_path / "gone.dcm", out=tmp_path / "out"))
    assert Counter(o.status for o in found) == {"done": 3, "failed": 1}
    assert len(file_trees.content(tmp_path / "out")) == 3


@pytest.mark.long
def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    file_trees.make(tmp_path / "in", [0] * 1500)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path / "in", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=True,
    )
    early, late = map(int, done.stdout.split())
    assert late - early < 2 << 20


MEMORY = """
import os, sys
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.workers.pool import ProcessPool

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

with opened(Batch((sys.argv[1],), sys.argv[2], executor=ProcessPool())) as run:
    for number, _ in enumerate(run.outcomes()):
        if number == 300:
            print(resident())
print(resident())
"""


def test_references_follow_what_was_given_a_new_uid(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    item = text(0x00081150, "UI", SOP_CLASS) + text(0x00081155, "UI", "1.2.3.9")
    references = sequence(0x00081140, [item])
    plain = native(image(8, 8), bytes(range(64)))
    at = plain.index(b"\x28\x00\x02\x00")  # behind group 0008
    (tmp_path / "in/one.dcm").write_bytes(part10("explicit", plain[:at] + references + plain[at:]))
    asked = batch(tmp_path / "in", out=tmp_path / "out", remap=True)
    with opened(asked) as started:
        told = Outcome(
            path="",
            destination="",
            status="done",
            sop_instance_uid="1.2.3.9",
            new_sop_instance_uid="2.25.7",
        )
        started.journal.uids.add(told)
        assert [outcome.status for outcome in started.outcomes()] == ["done"]
    written = dcmread(tmp_path / "out/one.dcm")
    assert written.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "2.25.7"
    assert statuses(asked) == {"skipped": 1}
