"""Names of outputs become durable in groups, before any outcome is reported."""

import os
import time
from pathlib import Path

import pytest

from dicomtx.errors import ExitCode
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.convert.outcomes import failure, skipped
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.workers import finished
from dicomtx.workflows.workers.executor import Result
from dicomtx.workflows.workers.finished import MOST, Finished


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that are synced; a group waits for a minute."""
    folders: list[str] = []
    sync = os.fsync

    def note(fd: int) -> None:
        folders.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        sync(fd)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(finished, "LONGEST", 60.0)
    return folders


def asked(output: Path, **more: object) -> Request:
    return Request(LocalFile("in.dcm"), str(output))._replace(**more)  # type: ignore[arg-type]


def result(output: Path, **more: object) -> Result:
    request = asked(output, **more)
    return request, Outcome(path="in.dcm", destination=str(output), status="done")


def told(group: Finished) -> list[Result]:
    found = []
    while one := group.next():
        found.append(one)
    return found


def test_a_full_group_syncs_each_folder_once_before_the_first_is_told(
    tmp_path: Path, synced: list[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    group = Finished(grouped=True)
    added = [result(tmp_path / "ab"[number % 2] / f"{number}") for number in range(MOST)]
    for one in added[:-1]:
        group.add(one)
        assert group.next() is None
    assert not synced
    group.add(added[-1])
    assert group.next() == added[0]
    assert synced == ["a", "b"]
    assert told(group) == added[1:]
    assert synced == ["a", "b"]
    assert not group


def test_a_group_does_not_wait_for_ever(tmp_path: Path, synced: list[str]) -> None:
    group = Finished(grouped=True)
    group.add(result(tmp_path / "one"))
    assert time.monotonic() < group.due <= time.monotonic() + 60
    group.hurry()
    assert len(told(group)) == 1
    assert synced == [tmp_path.name]


def test_a_failure_ends_the_group_and_comes_after_those_before_it(
    tmp_path: Path, synced: list[str]
) -> None:
    group = Finished(grouped=True)
    done, bad = result(tmp_path / "one"), asked(tmp_path / "two")
    group.add(done)
    assert not group.pressing
    group.add((bad, failure(bad, "it failed", ExitCode.CODEC)))
    assert group.pressing
    assert [outcome.status for _, outcome in told(group)] == ["done", "failed"]
    assert not group.pressing
    assert synced == [tmp_path.name]


def test_outputs_in_a_folder_that_cannot_be_synced_have_failed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    group = Finished(grouped=True)
    added = [result(tmp_path / folder / "x") for folder in ("gone", "there", "gone")]
    for one in added:
        group.add(one)
    group.hurry()
    outcomes = [outcome for _, outcome in told(group)]
    assert [outcome.status for outcome in outcomes] == ["failed", "done", "failed"]
    assert [outcome.exit_code for outcome in outcomes] == [ExitCode.DESTINATION, 0, 7]
    assert str(tmp_path / "gone" / "x") in outcomes[0].error
    assert "no such file" in outcomes[0].error.lower()


def test_what_has_no_new_output_needs_no_sync(tmp_path: Path, synced: list[str]) -> None:
    group = Finished(grouped=True)
    request = asked(tmp_path / "one")
    group.add((request, skipped(request, "why")))
    group.hurry()
    assert len(told(group)) == 1
    assert not synced


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("one", {"in_place": True}),
        ("one", {"rules": FileRules(sync="nothing")}),
        ("-", {}),
        ("memory://one", {}),
    ],
)
def test_other_outputs_are_synced_by_their_workers_and_told_at_once(
    name: str, more: dict[str, object], synced: list[str]
) -> None:
    group, one = Finished(grouped=True), result(Path(name), **more)
    one = one[0]._replace(destination=name), one[1]
    assert group.for_worker(one[0]) == one[0]
    group.add(one)
    assert told(group) == [one]
    assert not synced


def test_without_groups_workers_sync_names_and_each_outcome_is_told_at_once(
    tmp_path: Path, synced: list[str]
) -> None:
    group, one = Finished(grouped=False), result(tmp_path / "one")
    assert group.for_worker(one[0]) == one[0]
    assert Finished(grouped=True).for_worker(one[0]).rules.sync == "content"
    group.add(one)
    assert told(group) == [one]
    assert not synced
