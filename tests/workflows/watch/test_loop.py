"""What arrives in a watched folder is delivered once, or buried with its reason."""

import os
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError, SourceError, UsageError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.globs import Globs
from dicomtx.workflows.inputs.layout import Layout
from dicomtx.workflows.watch.records import NAME, Record, open_records
from dicomtx.workflows.watch.settled import Identity
from tests.watched_folder import WatchedFolder, files, hidden, instance


def test_files_are_delivered_and_their_sources_removed(folder: WatchedFolder) -> None:
    folder.drop("a.dcm", instance(1))
    folder.drop("sub/b.dcm", instance(2))
    outcomes = folder.run()
    assert [outcome.status for outcome in outcomes] == ["done", "done"]
    assert {outcome.destination for outcome in outcomes} == {
        str(folder.out / "a.dcm"),
        str(folder.out / "sub/b.dcm"),
    }
    assert files(folder.out) == ["a.dcm", "sub/b.dcm"]
    assert files(folder.source) == []
    assert hidden(folder.at) == []


def test_a_file_that_fails_moves_to_the_dead_letters_with_its_reason(folder: WatchedFolder) -> None:
    folder.drop("sub/a.txt", b"text")
    (outcome,) = folder.run()
    assert outcome.status == "failed"
    assert outcome.warnings == (f"moved to {folder.dead}/sub/a.txt",)
    assert (folder.dead / "sub/a.txt").read_bytes() == b"text"
    assert folder.reason("sub/a.txt")["error"] == "not a DICOM file"
    assert files(folder.source) == files(folder.out) == hidden(folder.at) == []


def test_a_dead_letter_replaces_no_other(folder: WatchedFolder) -> None:
    for number in range(3):
        folder.drop("a.txt", b"%d" % number)
        folder.run()
    assert files(folder.dead) == [
        *("a.2.txt", "a.2.txt.reason.json", "a.3.txt", "a.3.txt.reason.json"),
        *("a.txt", "a.txt.reason.json"),
    ]
    assert (folder.dead / "a.2.txt").read_bytes() == b"1"


def test_without_dead_letters_a_failed_file_stays_until_the_next_start(
    folder: WatchedFolder,
) -> None:
    path = folder.drop("a.txt", b"text")
    assert len(folder.run(dead_letter="")) == 1
    assert path.read_bytes() == b"text"
    assert len(folder.run(dead_letter="")) == 1


def test_another_file_of_a_delivered_name_replaces_nothing(folder: WatchedFolder) -> None:
    first = instance(1)
    path = folder.drop("a.dcm", first)
    os.utime(path, (1, 1))
    folder.run()
    before = (folder.out / "a.dcm").read_bytes()
    path = folder.drop("a.dcm", instance(2))
    os.utime(path, (1, 1))  # the same name, size and time
    (outcome,) = folder.run()
    assert outcome.status == "failed"
    assert "already exists" in outcome.error
    assert (folder.out / "a.dcm").read_bytes() == before
    assert (folder.dead / "a.dcm").read_bytes() == instance(2)


def test_overwrite_replaces_a_delivered_file(folder: WatchedFolder) -> None:
    for number in (1, 2):
        folder.drop("a.dcm", instance(number))
        folder.run(overwrite=True)
    assert b"1.2.3.2" in (folder.out / "a.dcm").read_bytes()
    assert files(folder.dead) == []


def test_done_keeps_the_sources_under_free_names(folder: WatchedFolder) -> None:
    for number in (1, 2):
        folder.drop("a.dcm", instance(number))
        folder.run(done=str(folder.done), overwrite=True)
    assert (folder.done / "a.dcm").read_bytes() == instance(1)
    assert (folder.done / "a.2.dcm").read_bytes() == instance(2)
    assert files(folder.source) == hidden(folder.at) == []


def test_a_kept_source_is_delivered_again_only_if_it_changes(folder: WatchedFolder) -> None:
    path = folder.drop("a.dcm", instance(1))
    assert len(folder.run(keep=True)) == 1
    assert folder.run(keep=True) == []
    path.write_bytes(instance(2))
    (outcome,) = folder.run(keep=True)
    assert outcome.status == "done"
    assert b"1.2.3.2" in (folder.out / "a.dcm").read_bytes()
    assert path.read_bytes() == instance(2)


def test_a_kept_source_does_not_replace_a_result_that_somebody_changed(
    folder: WatchedFolder,
) -> None:
    path = folder.drop("a.dcm", instance(1))
    folder.run(keep=True)
    (folder.out / "a.dcm").write_bytes(b"changed")
    path.write_bytes(instance(2))
    (outcome,) = folder.run(keep=True)
    assert "already exists" in outcome.error
    assert (folder.out / "a.dcm").read_bytes() == b"changed"


@pytest.mark.parametrize("change", ["is written again", "is replaced"])
def test_a_file_that_changes_while_it_is_converted_is_not_lost(
    folder: WatchedFolder, change: str
) -> None:
    path = folder.drop("a.dcm", instance(1))
    changed: list[Request] = []

    def during(request: Request) -> None:
        if not changed:
            changed.append(request)
            if change == "is replaced":
                folder.drop(".new", instance(2)).replace(path)
            else:
                path.write_bytes(instance(2))

    folder.executor.during = during
    (outcome,) = folder.run()
    assert outcome.status == "done"
    assert b"1.2.3.2" in (folder.out / "a.dcm").read_bytes()
    assert files(folder.source) == files(folder.dead) == hidden(folder.at) == []


def test_a_file_that_is_removed_while_it_is_converted_is_not_delivered(
    folder: WatchedFolder,
) -> None:
    path = folder.drop("a.dcm", instance(1))
    folder.executor.during = lambda request: path.unlink()
    assert folder.run() == []
    assert files(folder.out) == hidden(folder.at) == []


def test_a_run_that_should_stop_takes_no_more_files(folder: WatchedFolder) -> None:
    def stop(_request: Request) -> None:
        assert folder.active
        folder.active.stopping = True

    folder.drop("a.dcm", instance(1))
    folder.drop("b.dcm", instance(2))
    folder.executor.during = stop
    assert [outcome.status for outcome in folder.run()] == ["done"]
    assert files(folder.source) == ["b.dcm"]
    assert files(folder.out) == ["a.dcm"]


def test_unfinished_names_and_links_are_left_alone(folder: WatchedFolder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/x.dcm").write_bytes(instance(1))
    for name in (".a.dcm", "b.dcm.part", "c.tmp", "d.tmp/e.dcm"):
        folder.drop(name, instance(2))
    (folder.source / "link.dcm").symlink_to(tmp_path / "other/x.dcm")
    (folder.source / "folder").symlink_to(tmp_path / "other")
    (folder.source / "inner.dcm").symlink_to("b.dcm.part")
    assert folder.run() == []
    assert files(folder.out) == []
    assert len(list(folder.source.iterdir())) == 8  # with the lock


def test_globs_select_files(folder: WatchedFolder) -> None:
    for name in ("a.dcm", "b.txt", "old/c.dcm"):
        folder.drop(name, instance(1))
    folder.run(globs=Globs(("*.dcm",), ("old",)))
    assert files(folder.out) == ["a.dcm"]
    assert files(folder.source) == ["b.txt", "old/c.dcm"]


def test_a_layout_names_the_results_and_not_the_dead_letters(folder: WatchedFolder) -> None:
    folder.drop("sub/a.dcm", instance(1, "A"))
    folder.drop("sub/b.txt", b"text")
    folder.run(layout=Layout.parse("{PatientID}/{SOPInstanceUID}.dcm"))
    assert files(folder.out) == ["A/1.2.3.1.dcm"]
    assert files(folder.dead) == ["sub/b.txt", "sub/b.txt.reason.json"]


def test_a_result_that_is_not_verified_leaves_its_source(folder: WatchedFolder) -> None:
    path = folder.drop("a.dcm", instance(1))
    (outcome,) = folder.run(settings=Settings(verify="none"))
    assert outcome.warnings[-1].startswith("the source stays, because")
    assert path.read_bytes() == instance(1)
    assert folder.run(settings=Settings(verify="none")) == []


def test_a_lossy_result_does_not_take_the_place_of_its_source(folder: WatchedFolder) -> None:
    folder.drop("a.dcm", instance(1))
    lossy = {"target": find("jpeg-ls-near-lossless"), "settings": Settings(near=1)}
    (outcome,) = folder.run(**lossy)
    assert outcome.exit_code == 4
    assert "--allow-lossy-in-place" in outcome.error
    assert (folder.dead / "a.dcm").read_bytes() == instance(1)


def test_files_wait_while_the_destination_cannot_be_written(
    folder: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.drop("a.dcm", instance(1))

    def block(request: Request) -> None:
        Path(request.destination).parent.write_bytes(b"in the way")

    folder.executor.during = block
    (outcome,) = folder.run()
    assert outcome.exit_code == 7
    assert path.read_bytes() == instance(1)
    assert files(folder.dead) == []


def test_a_folder_is_watched_by_one_run(folder: WatchedFolder) -> None:
    folder.drop("a.dcm", instance(1))
    refused = []

    def again(_request: Request) -> None:
        with pytest.raises(DestinationError, match="another run"):
            folder.run()
        refused.append(1)

    folder.executor.during = again
    folder.run()
    assert refused


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"dead_letter": "in/dead"}, UsageError),
        ({"done": "in/done"}, UsageError),
        ({"dead_letter": "."}, UsageError),
        ({"dead_letter": "out"}, UsageError),
        ({"done": "in"}, UsageError),
    ],
)
def test_the_folders_must_not_contain_each_other(
    folder: WatchedFolder, options: dict[str, str], error: type[Exception]
) -> None:
    given = {name: str(folder.at / path) for name, path in options.items()}
    with pytest.raises(error):
        folder.run(**given)


def test_a_folder_that_does_not_exist_is_an_error(folder: WatchedFolder) -> None:
    folder.source.rmdir()
    with pytest.raises(SourceError, match="is not a folder"):
        folder.run()


def test_a_delivery_that_a_killed_run_had_begun_is_finished_and_told(folder: WatchedFolder) -> None:
    path, result = folder.drop("a.dcm", instance(1)), folder.out / "a.dcm"
    identity = Identity.of(str(path))
    assert identity
    with open_records(f"{folder.out}/{NAME}", str(folder.out)) as records:  # and nothing is staged
        records.put(Record(str(path), identity, "publishing", "0123", str(result), removes=True))
    assert folder.run() == []
    assert folder.notes == [f"{path}: delivered to {result} by a run that was killed"]
    assert files(folder.source) == files(folder.out) == []
