"""``dicomtx receive`` with the senders of others, and killed in the middle of their work."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests import certificates, corpus
from tests.cli.test_receive import PIXELS, SECONDARY_CAPTURE, image_data
from tests.orthanc_server import OrthancServer
from tests.raw_peer import EXPLICIT, RawPeer, associate, context
from tests.receiver import PATIENCE, Receiver, wait_for

RLE = "1.2.840.10008.1.2.5"
FILES = {
    "CT_small.dcm": "-xe",
    "MR_small_RLE.dcm": "-xr",
    "US1_J2KR.dcm": "-xv",
    "JPEG2000.dcm": "-xw",
}
"""Files of pydicom with different UIDs, and the option of storescu for the syntax of each."""


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("receive") / "stored"
    with Receiver(folder, "--layout", "{SOPInstanceUID}.dcm", "--duplicates", "overwrite") as rx:
        yield rx


def sources() -> list[Path]:
    """Returns real files in several transfer syntaxes."""
    return [corpus.file(name) for name in FILES]


def check(receiver: Receiver, paths: Sequence[Path], *, calling: str) -> None:
    """Checks that the receiver has the files, in their syntaxes."""
    for path in paths:
        sent = pydicom.dcmread(path)
        record = wait_for(partial(last_record, receiver, str(sent.SOPInstanceUID), calling))
        stored = pydicom.dcmread(record["path"])
        assert stored.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert record["source_syntax"] == sent.file_meta.TransferSyntaxUID
        assert stored["PixelData"].value == sent["PixelData"].value


def last_record(receiver: Receiver, uid: str, calling: str) -> dict[str, Any]:
    """Returns the last record of an instance from a sender; empty if there is none."""
    wanted = (uid, calling)
    found = [r for r in receiver.records if (r["sop_instance_uid"], r["calling_aet"]) == wanted]
    return found[-1] if found else {}


def run(*command: str) -> None:
    """Runs a sender."""
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()


@pytest.mark.peer("dcmsend")
def test_dcmsend_delivers_each_file_in_its_syntax(receiver: Receiver) -> None:
    paths = sources()
    place = ("127.0.0.1", str(receiver.port))
    run("dcmsend", "-aet", "DCMSEND", "-aec", receiver.aet, *place, *map(str, paths))
    check(receiver, paths, calling="DCMSEND")


@pytest.mark.peer("storescu")
@pytest.mark.parametrize(("name", "option"), FILES.items())
def test_storescu_delivers_files(receiver: Receiver, name: str, option: str) -> None:
    path = corpus.file(name)
    place = ("127.0.0.1", str(receiver.port))
    run("storescu", option, "-aet", "STORESCU", "-aec", receiver.aet, *place, str(path))
    check(receiver, [path], calling="STORESCU")


@pytest.mark.peer("echoscu")
def test_echoscu_gets_its_answer(receiver: Receiver) -> None:
    run("echoscu", "-aec", receiver.aet, "127.0.0.1", str(receiver.port))


@pytest.mark.long
def test_pynetdicom_delivers_explicit_vr(receiver: Receiver) -> None:
    path = corpus.file("CT_small.dcm")
    place = ("127.0.0.1", str(receiver.port))
    titles = ("-aet", "PYNET", "-aec", receiver.aet)
    run(sys.executable, "-m", "pynetdicom", "storescu", *place, str(path), *titles)
    check(receiver, [path], calling="PYNET")


@pytest.mark.long
def test_orthanc_delivers_each_instance_in_its_syntax(receiver: Receiver) -> None:
    modality = {"rx": [receiver.aet, "127.0.0.1", receiver.port]}
    with OrthancServer({"DicomModalities": modality, "DicomAet": "ORTHANC"}) as orthanc:
        for path in sources():
            answer = orthanc.ask("POST", "/instances", path.read_bytes())[1]
            instance = json.loads(answer)["ID"].encode()
            assert orthanc.ask("POST", "/modalities/rx/store", instance)[0] == 200
    check(receiver, sources(), calling="ORTHANC")


class Sender:
    """Sends instances one after the other, through kills, and remembers what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.number = 0

    def send(self, receiver: Receiver, count: int) -> None:
        """Sends until the connection is lost, at most so many."""
        with suppress(OSError), RawPeer(receiver.port) as peer:
            asked = associate(context(1, SECONDARY_CAPTURE, EXPLICIT))
            if peer.send(asked).receive().kind != 2:
                return
            for _ in range(count):
                self.number += 1
                uid = f"1.2.9.{self.number}"
                answer = peer.store(uid, image_data(uid), SECONDARY_CAPTURE)
                if answer.kind != 4:
                    return
                assert answer.status == 0
                self.acknowledged.add(uid)


def check_stored(receiver: Receiver, sender: Sender) -> None:
    """Checks that all that was acknowledged is there, and that every file is complete."""
    stored = {path.stem: path for path in receiver.files()}
    assert sender.acknowledged <= set(stored)
    for uid, path in stored.items():
        read = pydicom.dcmread(path)
        assert read.SOPInstanceUID == uid
        assert read.pixel_array.tobytes() == PIXELS


@pytest.mark.long
def test_kills_of_children_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance, sender = random.Random(1), Sender()
    with Receiver(tmp_path / "stored", "--processes", "2") as receiver:
        for _ in range(6):
            sender.send(receiver, 20)
            os.kill(chance.choice(wait_for(receiver.children)), signal.SIGKILL)
            sender.send(receiver, 20)
        wait_for(lambda: len(receiver.children()) == 2)
        assert receiver.stop() == 0
        check_stored(receiver, sender)
    assert len(sender.acknowledged) > 50


@pytest.mark.long
def test_kills_of_the_server_lose_nothing_and_all_is_transcoded_in_the_end(
    tmp_path: Path,
) -> None:
    sender, port = Sender(), 0
    for round_number in range(3):
        receiver = Receiver(
            tmp_path / "stored", "--processes", "2", "-j", "1", "--to", "rle-lossless", port=port
        )
        with receiver:
            port = receiver.port
            children = receiver.children()
            sender.send(receiver, 10 + 3 * round_number)
            receiver.process.kill()
            receiver.process.wait()
            wait_for(partial(_are_gone, children))
            check_stored(receiver, sender)
    last = Receiver(tmp_path / "stored", "-j", "1", "--to", "rle-lossless")
    with last:
        wait_for(lambda: {_syntax(path) for path in last.files()} == {RLE})
        assert last.stop() == 0
        check_stored(last, sender)
        private = last.folder / ".dicomtx-incoming"
        assert not [p for p in private.iterdir() if p.suffix in {".part", ".result"}]
    assert len(sender.acknowledged) > 20


def _syntax(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)


def _are_gone(processes: Sequence[int]) -> bool:
    return not any(map(_is_alive, processes))


def _is_alive(process: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.peer("storescu")
@pytest.mark.long
def test_tls_needs_the_certificate_of_the_caller_unless_anonymous(tmp_path: Path) -> None:
    pem = certificates.made(tmp_path / "pem")
    certificate = ("--tls-cert", str(pem.server), "--tls-key", str(pem.server_key))
    options = (*certificate, "--tls-ca", str(pem.ca), "--processes", "1")
    path = corpus.file("CT_small.dcm")
    with Receiver(tmp_path / "stored", *options) as receiver:
        store = ("storescu", "-aec", receiver.aet, "-aet", "SECURE", "+cf", str(pem.ca))
        place = ("127.0.0.1", str(receiver.port), str(path))
        anonymous = subprocess.run((*store, "+tla", *place), capture_output=True, check=False)
        assert anonymous.returncode != 0
        plain = subprocess.run(("storescu", *place), capture_output=True, check=False)
        assert plain.returncode != 0
        run(*store, "+tls", str(pem.client_key), str(pem.client), *place)
        check(receiver, [path], calling="SECURE")
    with Receiver(tmp_path / "stored", *options, "--tls-anonymous") as receiver:
        place = ("127.0.0.1", str(receiver.port), str(path))
        run("storescu", "-aec", receiver.aet, "-aet", "NOBODY", "+cf", str(pem.ca), "+tla", *place)
        check(receiver, [path], calling="NOBODY")
