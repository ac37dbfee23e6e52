import os
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest

from dicomtx.errors import DestinationError
from dicomtx.network.reception import Answer, Caller, Incoming
from dicomtx.workflows.receive.staging import FOLDER, Staged, Staging, prepare
from tests.raw_peer import CT, EXPLICIT, data_set, element

CALLER = Caller("SENDER", "RECEIVER", "127.0.0.1", 104)


class Taken:
    """A handler of complete instances, and a staging that uses it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.staged: list[Staged] = []
        self.files: list[bytes] = []
        self.refused: list[Answer] = []
        self.notes: list[str] = []
        self.raises: Exception | None = None
        self.folder = Path(prepare(str(folder)))
        self.staging = Staging(
            folder=str(self.folder),
            take=self.take,
            refused=lambda _incoming, answer, _size: self.refused.append(answer),
            tell=lambda _caller, text: self.notes.append(text),
            **options,
        )

    def take(self, staged: Staged) -> Answer:
        if self.raises:
            raise self.raises
        self.staged.append(staged)
        self.files.append(Path(staged.path).read_bytes())
        return Answer(0)

    def store(self, data: bytes, uid: str = "1.2.9", sop_class: str = CT) -> int:
        receiver = self.staging.begin(Incoming(sop_class, uid, EXPLICIT, CALLER))
        if isinstance(receiver, Answer):
            return receiver.status
        receiver.write(memoryview(data[:50]))
        receiver.write(memoryview(data[50:]))
        return receiver.finish().status


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    return Taken(tmp_path / "received")


def test_the_file_has_file_meta_information_and_the_bytes_of_the_data_set(taken: Taken) -> None:
    data = data_set("1.2.9")
    assert taken.store(data) == 0
    assert taken.files[0][taken.staged[0].data_set :] == data
    Path(taken.folder / "copy").write_bytes(taken.files[0])
    read = pydicom.dcmread(taken.folder / "copy")
    meta = read.file_meta
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (CT, "1.2.9")
    assert (meta.TransferSyntaxUID, meta.SourceApplicationEntityTitle) == (EXPLICIT, "SENDER")
    assert (read.SOPInstanceUID, read.PatientID) == ("1.2.9", "TEST")
    pydicom.dataset.validate_file_meta(meta)


def test_nothing_stays_of_an_instance_that_nobody_took(taken: Taken) -> None:
    taken.store(data_set("1.2.9"))
    receiver = taken.staging.begin(Incoming(CT, "1.2.10", EXPLICIT, CALLER))
    assert not isinstance(receiver, Answer)
    receiver.write(memoryview(b"some"))
    receiver.discard()
    assert os.listdir(taken.folder) == []


LONG = struct.pack("<HH2sH", 0x0010, 0x0020, b"LO", 0xFFFE) + b"short"
ITEM = (
    struct.pack("<HH2sxxL", 0x0008, 0x1140, b"SQ", 0xFFFFFFFF)
    + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFF)
    + b"item"
)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (data_set("1.2.10"), 0xA900),
        (data_set("1.2.9", "1.2.840.10008.5.1.4.1.1.4"), 0xA900),
        (element(0x00100020, "LO", b"TEST"), 0xA900),
        (b"", 0xA900),
        (data_set("1.2.9")[:-3], 0xC000),
        (data_set("1.2.9") + LONG, 0xC000),
        (data_set("1.2.9") + ITEM, 0xC000),
        (bytes(range(256)) * 10, 0xC000),
    ],
)
def test_a_data_set_that_is_not_what_the_command_says_is_refused(
    taken: Taken, data: bytes, status: int
) -> None:
    assert taken.store(data) == status
    assert [answer.status for answer in taken.refused] == [status]
    assert not taken.staged
    assert os.listdir(taken.folder) == []


@pytest.mark.parametrize("uid", ["", "../../etc/passwd", "1.2/3", "1.2\n3", "1" * 65, "é.1"])
def test_a_sop_instance_uid_that_is_not_a_uid_is_refused(taken: Taken, uid: str) -> None:
    assert taken.store(data_set(uid), uid) == 0x0117
    assert os.listdir(taken.folder) == []


def test_the_reserve_of_disk_space_is_kept(tmp_path: Path) -> None:
    taken = Taken(tmp_path, min_free=1 << 60)
    assert taken.store(data_set("1.2.9")) == 0xA700
    assert not taken.staged


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_the_answer_and_the_next_instance_can_be_stored(taken: Taken) -> None:
    with _largest_file(1000):
        assert taken.store(data_set("1.2.9") + bytes(10_000)) == 0xA700
    assert os.listdir(taken.folder) == []
    assert taken.store(data_set("1.2.9")) == 0


def test_an_error_of_the_handler_is_the_answer(taken: Taken) -> None:
    taken.raises = DestinationError("the folder is gone")
    assert taken.store(data_set("1.2.9")) == 0xA700
    taken.raises = ZeroDivisionError()
    assert taken.store(data_set("1.2.9")) == 0x0110
    assert "ZeroDivisionError" in taken.notes[0]


def test_the_digest_is_that_of_the_data_set(tmp_path: Path) -> None:
    digests = []
    for aet in ("A", "LONGER"):
        taken = Taken(tmp_path, hashed=True)
        receiver = taken.staging.begin(
            Incoming(CT, "1.2.9", EXPLICIT, CALLER._replace(calling_aet=aet))
        )
        assert not isinstance(receiver, Answer)
        receiver.write(memoryview(data_set("1.2.9")))
        receiver.finish()
        digests.append(taken.staged[0].digest)
    assert digests[0] == digests[1]
    assert digests[0]


def test_part_files_of_a_killed_run_are_removed_and_a_link_is_refused(tmp_path: Path) -> None:
    folder = Path(prepare(str(tmp_path)))
    (folder / ".instance.dicomtx-0123456789abcdef.part").write_bytes(b"rest")
    assert prepare(str(tmp_path)) == str(folder)
    assert os.listdir(folder) == []
    folder.rmdir()
    folder.symlink_to("/")
    with pytest.raises(DestinationError, match="symbolic link"):
        prepare(str(tmp_path))
    assert FOLDER.startswith(".")


@pytest.mark.parametrize("aet", ["A\\B", "\x07BELL", "É"])
def test_a_title_that_is_not_an_ae_is_not_written(taken: Taken, aet: str) -> None:
    caller = CALLER._replace(calling_aet=aet)
    receiver = taken.staging.begin(Incoming(CT, "1.2.9", EXPLICIT, caller))
    assert not isinstance(receiver, Answer)
    receiver.write(memoryview(data_set("1.2.9")))
    assert receiver.finish().status == 0
    Path(taken.folder / "copy").write_bytes(taken.files[0])
    assert "SourceApplicationEntityTitle" not in pydicom.dcmread(taken.folder / "copy").file_meta
