"""Processes that are killed when their result is in place, but not yet told."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import UID

from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.journal_entry import Key
from dicomtx.workflows.batch.recovery import after_death, is_result
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.workers.pool import ProcessPool
from tests import file_trees
from tests.sampling import sampled

KILLED = """
import os, signal
from contextlib import suppress
def utime(*_, **__):
    with suppress(FileExistsError):
        os.close(os.open({once!r}, os.O_CREAT | os.O_EXCL))
        os.kill(os.getpid(), signal.SIGKILL)
os.utime = utime
"""
PRESERVED = FileRules(preserve=True)  # os.utime is called directly after a file is in place


@pytest.fixture
def once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has the first worker killed when its first file is in place; the file says that it was."""
    site, once = tmp_path / "site", tmp_path / "once"
    site.mkdir()
    (site / "sitecustomize.py").write_text(KILLED.format(once=str(once)))
    monkeypatch.syspath_prepend(str(site))
    return once


def lossy(*sources: Path, **more: object) -> Batch:
    return Batch(
        tuple(map(str, sources)),
        target=find("jpeg-ls-near-lossless"),
        settings=Settings(near=2, uid="derived", allow_lossy_in_place=True),
        rules=PRESERVED,
        executor=ProcessPool(1),
        **more,  # type: ignore[arg-type]
    )


def run(asked: Batch) -> tuple[list[Outcome], dict[str, str]]:
    """Returns the outcomes, and the map of UIDs."""
    with opened(asked) as started:
        outcomes = list(started.outcomes())
        return outcomes, dict(started.journal.uids)


@pytest.mark.parametrize("where", sampled(["", "out"], 2))
def test_a_file_whose_worker_was_killed_late_is_done_with_its_new_uid(
    tmp_path: Path, once: Path, where: str
) -> None:
    other, tree = file_trees.make(tmp_path / "other", [0]), file_trees.make(tmp_path / "in", [0])
    _, expected = run(lossy(other, journal=f"{tmp_path}/other.sqlite", destination=f"{other}-out"))
    assert once.exists()
    once.unlink()
    there = {"destination": str(tmp_path / where)} if where else {}
    outcomes, uids = run(lossy(tree, journal=f"{tmp_path}/j.sqlite", **there))
    assert once.exists()
    assert [outcome.status for outcome in outcomes] == ["done"]
    assert len(uids) == 1
    assert uids == expected
    assert file_trees.content(tmp_path / (where or "in")) == file_trees.content(
        tmp_path / "other-out"
    )
    assert not file_trees.part_files(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("smaller", [False, True])
def test_a_run_that_was_killed_late_leaves_its_new_uid_to_the_next(
    tmp_path: Path, *, smaller: bool
) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    asked = lossy(tree, journal=f"{tmp_path}/j.sqlite")
    child = os.fork()
    if not child:
        with opened(asked) as started:  # it ends when the file is in place, before that is noted
            started.journal.enter = lambda *_: os._exit(0)  # type: ignore[method-assign]
            list(started.outcomes())
    os.waitpid(child, 0)
    written = file_trees.content(tree)
    _, uids = run(replace(asked, settings=asked.settings._replace(only_if_smaller=smaller)))
    assert len(uids) == 1
    assert set(uids.values()) == {str(dcmread(tree / "0/00000.dcm").SOPInstanceUID)}
    assert file_trees.content(tree) == written


def converted(tmp_path: Path, uid: str = "1.2.3.4") -> Request:
    """Returns a request that was carried out."""
    source = tmp_path / f"{uid}.dcm"
    source.write_bytes(file_trees.small(1).replace(b"1.2.3.4", uid.encode()))
    request = Request(LocalFile(str(source)), f"{source}.out", find("rle"))
    assert convert(request).status == "done"
    return request


def test_only_what_dicomtx_wrote_from_a_source_is_a_result_of_it(tmp_path: Path) -> None:
    request, other = converted(tmp_path), converted(tmp_path, "1.2.3.5")
    assert is_result(request, LocalFile(request.destination))
    assert is_result(request, LocalFile(request.source.name))
    assert not is_result(request, LocalFile(other.destination))
    assert not is_result(request, LocalFile(str(tmp_path / "missing")))
    theirs = dcmread(request.destination)
    theirs.file_meta.ImplementationClassUID = UID("1.2.3")
    dcmwrite(tmp_path / "theirs", theirs)
    assert not is_result(request, LocalFile(str(tmp_path / "theirs")))


def test_a_retry_overwrites_only_a_result_unless_the_user_allows_more(tmp_path: Path) -> None:
    request, other = converted(tmp_path), converted(tmp_path, "1.2.3.5")
    key = Key("", "", 0, 0, "")
    for place, allowed, expected in (
        (request.destination, False, True),
        (other.destination, False, False),
        (other.destination, True, True),
        (str(tmp_path / "missing"), False, False),
    ):
        asked = request._replace(destination=place, overwrite=allowed)
        again = after_death(asked, key)
        assert isinstance(again, Request)
        assert again.overwrite == expected


@pytest.mark.parametrize("to", ["rle", "deflated"])
def test_a_source_that_changed_is_done_only_if_it_is_a_result_in_the_target(
    tmp_path: Path, to: str
) -> None:
    written = converted(tmp_path).destination
    request = Request(LocalFile(written), written, find(to), in_place=True)
    outcome = after_death(request, Key(written, "", 1, 1, ""))
    assert isinstance(outcome, Outcome) == (to == "rle")
    stat = os.stat(written)
    assert after_death(request, Key(written, "", stat.st_size, stat.st_mtime_ns, "")) == request
    theirs = dcmread(written)
    theirs.file_meta.ImplementationClassUID = UID("1.2.3")
    dcmwrite(written, theirs)
    assert after_death(request, Key(written, "", 1, 1, "")) == request
