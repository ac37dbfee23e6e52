"""Files are found by events, and by looks at the whole folder if events are lost."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.workflows.watch import incoming
from dicomtx.workflows.watch.arrivals import Arrivals, watching
from dicomtx.workflows.watch.incoming import Incoming
from dicomtx.workflows.watch.records import Record, Records, open_records
from dicomtx.workflows.watch.settled import Identity
from tests.watched_folder import WatchedFolder

RESCAN = 60.0


class Finder:
    """What finds files in a folder, with events and a clock that the test makes."""

    def __init__(self, folder: WatchedFolder, records: Records) -> None:
        self.now = 0.0
        self.records = records
        self.faults: list[str] = []
        self._arrivals = Arrivals()
        self._incoming = Incoming(
            folder.watch(rescan=RESCAN),
            records,
            self._arrivals,
            lambda path, why: self.faults.append(f"{os.path.basename(path)} {why}"),
            lambda: self.now,
        )
        self.found()  # the look at the start

    def event(self, path: Path) -> None:
        self._arrivals.add(str(path))

    def found(self) -> list[str]:
        """Returns the files that can be taken now."""
        self._incoming.look()
        taken = iter(self._incoming.take, None)
        return sorted(self._incoming.relative(one.path) for one in taken if one)


@pytest.fixture
def finder(folder: WatchedFolder) -> Iterator[Finder]:
    with open_records(str(folder.at / "journal.sqlite"), str(folder.out)) as records:
        yield Finder(folder, records)


def test_an_event_leads_to_a_file(folder: WatchedFolder, finder: Finder) -> None:
    path = folder.drop("a/b.dcm", b"1")
    assert finder.found() == []
    finder.event(path)
    assert finder.found() == ["a/b.dcm"]
    finder.event(path)  # it is taken already
    assert finder.found() == []


def test_an_event_of_a_folder_leads_to_its_files(folder: WatchedFolder, finder: Finder) -> None:
    for name in ("x/a.dcm", "x/y/b.dcm", "x/.c.dcm"):
        folder.drop(name, b"1")
    finder.event(folder.source / "x")
    assert finder.found() == ["x/a.dcm", "x/y/b.dcm"]


def test_a_file_whose_event_was_lost_is_found_later(folder: WatchedFolder, finder: Finder) -> None:
    folder.drop("a.dcm", b"1")
    finder.now += RESCAN - 1
    assert finder.found() == []
    finder.now += 1
    assert finder.found() == ["a.dcm"]


def test_events_of_links_and_of_other_folders_lead_to_nothing(
    folder: WatchedFolder, finder: Finder
) -> None:
    other = folder.at / "other"
    other.mkdir()
    (other / "a.dcm").write_bytes(b"1")
    (folder.source / "link").symlink_to(other)
    for path in (folder.source / "link", folder.source / "link/a.dcm", other / "a.dcm"):
        finder.event(path)
    assert finder.found() == []


def test_more_files_than_fit_in_memory_are_found_in_turn(
    folder: WatchedFolder, finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "MOST", 4)
    for number in range(6):
        folder.drop(f"{number}.dcm", b"1")
    finder.now += RESCAN
    first = finder.found()
    assert len(first) == 4
    for name in first:
        finder._incoming.give_back(str(folder.source / name))
        (folder.source / name).unlink()
    assert [*finder.found(), *finder.found()] == ["4.dcm", "5.dcm"]


def test_records_of_removed_files_are_dropped_unless_the_folder_is_not_mounted(
    folder: WatchedFolder, finder: Finder
) -> None:
    path = folder.drop("a.dcm", b"1")
    identity = Identity.of(str(path))
    assert identity
    elsewhere = identity._replace(device=identity.device + 1)
    finder.records.put(Record(str(path), identity, "delivered"))
    finder.records.put(Record(f"{path}2", elsewhere, "delivered"))
    finder.now += RESCAN
    assert finder.found() == []
    path.unlink()
    finder.now += RESCAN
    finder.found()
    assert [record.source for record in finder.records.all()] == [f"{path}2"]


def test_a_folder_that_was_removed_is_reported_once(folder: WatchedFolder, finder: Finder) -> None:
    shutil.rmtree(folder.source)
    for _ in range(3):
        finder.now += RESCAN
        assert finder.found() == []
    assert finder.faults == ["in cannot be read: no such file or directory"]


def test_without_watchfiles_a_note_says_how_files_are_found(
    folder: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    notes: list[str] = []
    with watching(str(folder.source), Arrivals(), RESCAN, notes.append):
        pass
    (note,) = notes
    assert "pip install 'dicomtx[watch]'" in note
    assert "every 60 s" in note
