"""Many files to one peer: several connections, further tries, and what a journal remembers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.errors import NOT_DICOM, DestinationError
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.workflows.send import send as module
from dicomtx.workflows.send.job import Sending
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.preview import previewed
from dicomtx.workflows.send.retry import schedule_of
from dicomtx.workflows.send.send import SendRun, opened
from dicomtx.workflows.send.sent import Sent
from tests.corpus import file
from tests.dicom_peers import Fake, StoreScp, accept, read_message, respond

pytestmark = pytest.mark.peer("storescp")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven instances in folders, and a text."""
    folder = tmp_path_factory.mktemp("tree")
    original = dcmread(file("CT_small.dcm"))
    for number in range(7):
        original.SOPInstanceUID = f"1.2.826.0.1.3680043.10.54321.7.{number}"
        original.file_meta.MediaStorageSOPInstanceUID = original.SOPInstanceUID
        place = folder / str(number % 2) / f"{number}.dcm"
        place.parent.mkdir(exist_ok=True)
        original.save_as(place)
    return folder


@pytest.fixture
def scp(tmp_path: Path) -> Iterator[StoreScp]:
    with StoreScp(tmp_path / "received") as running:
        yield running


def sending(tree: Path, address: DicomAddress, **more: object) -> Sending:
    return Sending(sources=(str(tree),), address=address, options=SendOptions(), **more)  # type: ignore[arg-type]


def run(asked: Sending, note: Callable[[str], object] = str) -> tuple[list[Sent], SendRun]:
    with opened(asked, note) as running:
        return list(running.outcomes()), running


def statuses(outcomes: list[Sent]) -> list[str]:
    return [one.status for one in sorted(outcomes, key=lambda one: one.path)]


def answering(*answers: int) -> Callable[[socket.socket], None]:
    """Returns a peer that answers with these statuses, over all its associations; then 0000."""
    left = list(answers)

    def play(connection: socket.socket) -> None:
        accept(connection)
        number = 0
        while True:
            context, _ = read_message(connection)
            number += 1
            status = left.pop(0) if left else 0
            if status < 0:
                return  # it dies without an answer
            respond(connection, context, status, number)

    return play


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("at_once", [2, 500])
def test_all_files_of_a_tree_arrive_once(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, at_once: int
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    with StoreScp(tmp_path / "received", None, "--fork") as scp:
        outcomes, _ = run(sending(tree, scp.address, jobs=jobs))
        assert statuses(outcomes) == ["done"] * 7
        assert len(scp.files()) == 7


def test_a_peer_with_room_for_one_association_gets_all_files(tree: Path, scp: StoreScp) -> None:
    """storescp lets the second connection wait, which gives its file back to the first."""
    dimse = DimseOptions(acse_seconds=0.5)
    asked = sending(tree, scp.address, jobs=2)._replace(options=SendOptions(dimse=dimse))
    outcomes, _ = run(asked)
    assert statuses(outcomes) == ["done"] * 7
    assert len(scp.files()) == 7


def test_a_status_that_may_pass_is_tried_again(tree: Path) -> None:
    with Fake(answering(0xA700, 0, 0x0122, 0, 0, 0, 0, 0xA701)) as peer:
        outcomes, _ = run(sending(tree, peer.address, retry=schedule_of("3x0.01s")))
    tries = sorted((one.tries, one.status, one.peer_status) for one in outcomes)
    assert tries == [*[(1, "done", "0000")] * 5, (1, "failed", "0122"), (3, "done", "0000")]


def test_tries_end_with_the_schedule(tree: Path) -> None:
    waits: list[str] = []
    with Fake(answering(*[0xA700] * 100)) as peer:
        outcomes, running = run(
            sending(tree, peer.address, retry=schedule_of("2x0.01s")), waits.append
        )
    assert [(one.tries, one.status, one.peer_status) for one in outcomes] == [
        (3, "failed", "A700")
    ] * 7
    assert waits == ["7 of the files were not delivered; trying again in 0.01 s"] * 2
    assert running.unreachable is None


def test_a_lost_connection_costs_one_file_and_no_other(tree: Path) -> None:
    with Fake(answering(0, 0, -1)) as peer:
        outcomes, _ = run(sending(tree, peer.address))
    assert sorted(one.status for one in outcomes) == [*["done"] * 6, "failed"]
    with Fake(answering(0, 0, -1)) as peer:
        outcomes, _ = run(sending(tree, peer.address, retry=schedule_of("1x0.01s")))
    assert sorted((one.status, one.tries) for one in outcomes) == [
        *[("done", 1)] * 6,
        ("done", 2),
    ]


def test_a_peer_that_comes_back_gets_everything(tree: Path, tmp_path: Path) -> None:
    scp = StoreScp(tmp_path / "received")
    scp.start()
    scp.kill()
    waits: list[str] = []

    def note(text: str) -> None:
        waits.append(text)
        if len(waits) == 2:
            scp.start()

    try:
        outcomes, _ = run(sending(tree, scp.address, retry=schedule_of("5x0.01s")), note)
        assert statuses(outcomes) == ["done"] * 7
        assert len(scp.files()) == 7
    finally:
        scp.kill()
    assert len(waits) == 2
    assert "cannot be reached: connection refused; trying again in 0.01 s" in waits[0]


def test_a_peer_that_stays_away_fails_all_files_at_once(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    nobody = DicomAddress("NOBODY", "127.0.0.1", 1)
    outcomes, running = run(sending(tree, nobody, jobs=2))
    assert [(one.status, one.exit_code, one.tries) for one in outcomes] == [("failed", 10, 0)] * 7
    assert running.unreachable


def test_a_journal_remembers_what_was_confirmed(tree: Path, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    own = tmp_path / "tree"
    shutil.copytree(tree, own)
    with Fake(answering(0, 0, 0, 0xA700, -1, 0x0122)) as peer:
        first, _ = run(sending(own, peer.address, journal=journal))
        asked = sending(own, peer.address, journal=journal)
        second, _ = run(asked)
        third, _ = run(asked)
        changed = own / "0" / "0.dcm"
        os.utime(changed, ns=(1, 1))
        fourth, _ = run(asked)
        again, _ = run(asked._replace(again=True))
    assert sorted(statuses(first)) == [*["done"] * 4, *["failed"] * 3]
    assert sorted(statuses(second)) == [*["done"] * 3, *["skipped"] * 4]
    assert (
        "the peer confirmed it at" in next(o for o in second if o.status == "skipped").warnings[0]
    )
    assert statuses(third) == ["skipped"] * 7
    assert [one.path for one in fourth if one.status == "done"] == [str(changed)]
    assert statuses(again) == ["done"] * 7


def test_a_journal_is_for_each_destination(tree: Path, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    with Fake(answering()) as one, Fake(answering()) as other:
        run(sending(tree, one.address, journal=journal))
        outcomes, _ = run(sending(tree, other.address, journal=journal))
    assert statuses(outcomes) == ["done"] * 7


def test_what_is_not_a_journal_is_left_alone(tree: Path, tmp_path: Path) -> None:
    text = tmp_path / "journal"
    text.write_text("not a journal")
    with pytest.raises(DestinationError, match="cannot be used as a journal"):
        run(sending(tree, DicomAddress("A", "127.0.0.1", 1), journal=str(text)))
    assert text.read_text() == "not a journal"


def test_files_that_cannot_be_read_do_not_stop_the_others(
    tree: Path, tmp_path: Path, scp: StoreScp
) -> None:
    (tmp_path / "in").mkdir()
    cut = file("CT_small.dcm").read_bytes()[:-1000]
    (tmp_path / "in" / "cut.dcm").write_bytes(cut)
    shutil.copy(file("CT_small.dcm"), tmp_path / "in" / "ct.dcm")
    sources = (str(tmp_path / "in"), str(tmp_path / "missing"))
    asked = sending(tree, scp.address)._replace(sources=sources)
    outcomes, _ = run(asked)
    assert sorted((one.status, one.exit_code) for one in outcomes) == [
        ("done", 0),
        ("failed", 3),
        ("failed", 3),
    ]


@pytest.mark.parametrize("content", [b"", b"not DICOM", bytes(5000)])
@pytest.mark.parametrize("others", [0, 1])
def test_a_file_that_is_not_dicom_is_skipped_in_a_folder_and_fails_by_name(
    tree: Path, tmp_path: Path, scp: StoreScp, content: bytes, others: int
) -> None:
    folder, text = tmp_path / "in", tmp_path / "in/text.dcm"
    folder.mkdir()
    text.write_bytes(content)
    if others:
        shutil.copy(file("CT_small.dcm"), folder)
    asked = sending(tree, scp.address)
    outcomes, running = run(asked._replace(sources=(str(folder),)))
    assert statuses(outcomes) == ["done"] * others + ["skipped"]
    (reason,) = (one.warnings[0] for one in outcomes if one.status == "skipped")
    assert reason.startswith(NOT_DICOM)
    assert running.unreachable is None
    outcomes, _ = run(asked._replace(sources=(str(text),)))
    assert [(one.status, one.exit_code) for one in outcomes] == [("failed", 3)]


def test_a_dry_run_leaves_out_files_in_folders_that_are_not_dicom(
    tree: Path, tmp_path: Path, scp: StoreScp
) -> None:
    shutil.copytree(tree, tmp_path / "in")
    text = tmp_path / "in/text.txt"
    text.write_text("not DICOM")
    asked = sending(tree, scp.address)
    shown = list(previewed(asked._replace(sources=(str(tmp_path / "in"),))))
    assert [one.exit_code for one in shown] == [0] * 7
    (named,) = previewed(asked._replace(sources=(str(text),)))
    assert (named.path, named.exit_code) == (str(text), 3)


@pytest.mark.long
def test_a_run_that_is_killed_goes_on_where_it_was(tree: Path, tmp_path: Path) -> None:
    """Each run is killed after two answers; what the journal has is not sent again."""
    received: list[bytes] = []
    killed: list[subprocess.Popen[bytes]] = []
    lock = threading.Lock()

    def play(connection: socket.socket) -> None:
        accept(connection)
        for number in range(1, 100):
            context, data = read_message(connection)
            received.append(data)
            respond(connection, context, 0, number)
            with lock:
                if number == 2 and len(killed) <= 3:
                    read_message(connection)  # the journal has the first two when this one comes
                    killed[-1].send_signal(signal.SIGKILL)
                    return

    with Fake(play) as peer:
        command = [sys.executable, "-m", "dicomtx", "send", str(tree), str(peer.address)]
        command += ["--journal", str(tmp_path / "journal")]
        for _ in range(4):
            with lock:
                killed.append(subprocess.Popen(command, stderr=subprocess.PIPE))
            killed[-1].communicate(timeout=60)
    assert [one.returncode for one in killed[:3]] == [-signal.SIGKILL] * 3
    assert killed[-1].returncode == 0
    assert len(received) == len(set(received)) == 7
