"""A run that ends while it updates references: the next run continues where it ended."""

import errno
import os
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.request import FileRules, Outcome
from tests import file_trees
from tests.dicom.builder import SOP_INSTANCE, part10, sequence, text
from tests.in_process import InProcess

DOCUMENTS = ("a.dcm", "ko.dcm", "z.dcm")


class Killed(BaseException):
    """Ends a run like SIGKILL: nothing handles it, and nothing more is committed."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An image, and three documents that refer to it; a batch copies documents."""
    tree = file_trees.make(tmp_path / "in", [0])
    reference = text(0x00081150, "UI", "1.2.3") + text(0x00081155, "UI", SOP_INSTANCE)
    for number, name in enumerate(DOCUMENTS):
        own = text(0x00080016, "UI", "1.2") + text(0x00080018, "UI", f"1.2.9.{number}")
        content = own + sequence(0x00081140, [reference])
        (tree / name).write_bytes(part10("explicit", content))
    return tree


def batch(tree: Path, out: Path | None, *, preserve: bool = False, near: int = 2) -> Batch:
    return Batch(
        (str(tree),),
        str(out or ""),
        find("jpeg-ls-near-lossless"),
        Settings(near=near, uid="derived", allow_lossy_in_place=True),
        FileRules(preserve=preserve),
        executor=InProcess(),
        journal=f"{out or tree}.sqlite",
        remap=True,
    )


def run(asked: Batch) -> list[Outcome]:
    with opened(asked) as started:
        return list(started.outcomes())


def references(folder: Path) -> set[str]:
    """Returns the UIDs that the documents refer to."""
    found = (dcmread(folder / name).ReferencedImageSequence for name in DOCUMENTS)
    return {str(items[0].ReferencedSOPInstanceUID) for items in found}


def uid(folder: Path) -> str:
    return str(dcmread(folder / "0/00000.dcm").SOPInstanceUID)


@pytest.mark.parametrize("preserve", [False, True])
@pytest.mark.parametrize("place", ["out", "in"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_run_killed_at_a_document_leaves_it_to_the_next_run(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, *,
    replaced: bool, place: str, preserve: bool,
) -> None:  # fmt: skip
    asked = batch(tree, tmp_path / "out" if place == "out" else None, preserve=preserve)

    def killed(source: str, target: str, **folders: int) -> None:
        if replaced or target != "ko.dcm":
            rename(source, target, **folders)
        if target == "ko.dcm":
            raise Killed

    rename = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(Killed):
            run(asked)
    folder = tmp_path / place
    assert not [outcome.error for outcome in run(asked) if outcome.error]
    assert references(folder) == {uid(folder)} != {SOP_INSTANCE}
    assert {outcome.status for outcome in run(asked)} == {"skipped"}


def test_an_update_that_fails_is_tried_again_by_the_next_run(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = batch(tree, tmp_path / "out")

    def full(source: str, target: str, **folders: int) -> None:
        if target == "ko.dcm":
            raise OSError(errno.ENOSPC, "no space left on device")
        rename(source, target, **folders)

    rename = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        (failed,) = [outcome for outcome in run(asked) if outcome.status == "failed"]
    assert failed.exit_code == ExitCode.DESTINATION
    assert "references were not changed" in failed.error
    assert not [outcome.error for outcome in run(asked) if outcome.error]
    assert references(tmp_path / "out") == {uid(tmp_path / "out")}


def test_a_run_killed_before_it_converts_again_leaves_updated_documents_to_the_next(
    tmp_path: Path, tree: Path
) -> None:
    run(batch(tree, tmp_path / "out"))
    again = batch(tree, tmp_path / "out", near=1)
    with opened(again) as started:
        assert started.to_do == 4
    assert not [outcome.error for outcome in run(again) if outcome.error]
    assert references(tmp_path / "out") == {uid(tmp_path / "out")}
