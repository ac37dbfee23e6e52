"""What the sender is told, and what is on the disk by then."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DicomtxError
from dicomtx.network.reception import Answer, Caller, Incoming
from dicomtx.settings import Settings
from dicomtx.storage.source import Written
from dicomtx.workflows.convert.outcomes import hash_of
from dicomtx.workflows.receive.staging import Staged
from dicomtx.workflows.route.administration import Selection, listed
from dicomtx.workflows.route.intake import Intake, Limits
from dicomtx.workflows.route.queue import Queue, open_queue
from dicomtx.workflows.route.routes_file import read_routes
from dicomtx.workflows.route.spool import Spool, held
from tests.route_buffer import instance_file

ROUTES = """
[[route]]
called_aet = "BUFFER"
to = "rle-lossless"
destination = ["dicom://A@a", { url = "dicom://B@b", to = "keep" }]
"""
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    (tmp_path / "routes.toml").write_text(ROUTES)
    spool = Spool(str(tmp_path / "spool"))
    with held(spool):
        yield spool


@pytest.fixture
def queue(spool: Spool) -> Iterator[Queue]:
    with open_queue(spool.database) as queue:
        yield queue


def take(
    spool: Spool, queue: Queue, limits: Limits | None = None, called: str = "BUFFER"
) -> Answer:
    """Gives the intake a complete instance, as the server does."""
    routes = read_routes(str(Path(spool.folder).parent / "routes.toml"), Settings())
    path = instance_file(Path(spool.arriving), 1)
    fd = os.open(path, os.O_RDWR)
    try:
        with open_part10(Written(fd=fd)) as part10:
            staged = Staged(
                incoming=Incoming(
                    "1.2.840.10008.5.1.4.1.1.7",
                    "1.2.3.1",
                    EXPLICIT,
                    Caller("CT1", called, "127.0.0.1", 104),
                ),
                path=str(path),
                fd=fd,
                data_set=part10.start,
                size=path.stat().st_size,
                digest=b"",
                elements=part10.data_set,
                warnings=(),
            )
            return Intake(spool, queue, routes, limits or Limits()).take(staged)
    finally:
        os.close(fd)
        path.unlink(missing_ok=True)


def received(spool: Spool) -> list[Path]:
    return list(Path(spool.folder, "received").iterdir())


def test_0000_means_that_file_and_rows_are_there(spool: Spool, queue: Queue) -> None:
    assert take(spool, queue).status == 0
    (file,) = received(spool)
    with open_queue(spool.database) as other:
        rows = list(listed(other, Selection()))
    assert [(one.destination, one.file) for one in rows] == [
        ("dicom://A@a:104", f"received/{file.name}"),
        ("dicom://B@b:104", f"received/{file.name}"),
    ]
    assert {one.hash_in for one in rows} == {hash_of(str(file))}
    assert file.stat().st_mode & 0o77 == 0 or file.parent.stat().st_mode & 0o77 == 0


def test_an_instance_without_a_route_leaves_nothing(spool: Spool, queue: Queue) -> None:
    answer = take(spool, queue, called="OTHER")
    assert answer == Answer(0x0124, "no route matches this instance")
    assert received(spool) == []
    assert list(listed(queue, Selection())) == []


@pytest.mark.parametrize("limits", [Limits(instances=2), Limits(bytes=1000)])
def test_a_full_spool_refuses_with_a700_until_there_is_room(
    spool: Spool, queue: Queue, limits: Limits
) -> None:
    statuses = [take(spool, queue, limits).status for _ in range(4)]
    assert statuses[0] == 0
    assert statuses[-1] == 0xA700
    assert len(received(spool)) == statuses.count(0)
    for destination in ("dicom://A@a:104", "dicom://B@b:104"):
        queue.base.execute(
            "UPDATE deliveries SET state = 'delivered' WHERE destination = ?", (destination,)
        )
    for number in range(1, statuses.count(0) + 1):
        queue.close(number)
    assert take(spool, queue, limits).status == 0


def test_a_queue_that_cannot_be_written_refuses_and_leaves_nothing(
    spool: Spool, queue: Queue
) -> None:
    with sqlite3.connect(spool.database) as other:
        other.execute("DROP TABLE deliveries")
    answer = take(spool, queue)
    assert answer.status == 0xA700
    assert "deliveries" in answer.comment
    assert received(spool) == []


def test_a_spool_that_cannot_be_written_refuses(spool: Spool, queue: Queue) -> None:
    Path(spool.folder, "received").rmdir()
    assert take(spool, queue).status == 0xA700
    assert list(listed(queue, Selection())) == []


def test_what_is_not_dicom_is_an_error_for_the_server(spool: Spool, queue: Queue) -> None:
    routes = read_routes(str(Path(spool.folder).parent / "routes.toml"), Settings())
    path = Path(spool.arriving, "x")
    path.write_bytes(b"text")
    fd = os.open(path, os.O_RDWR)
    caller = Caller("CT1", "BUFFER", "127.0.0.1", 104)
    staged = Staged(
        incoming=Incoming("1.2", "1.2.3", EXPLICIT, caller),
        path=str(path),
        fd=fd,
        data_set=0,
        size=4,
        digest=b"",
        elements=None,  # type: ignore[arg-type]
        warnings=(),
    )
    with pytest.raises(DicomtxError):
        Intake(spool, queue, routes, Limits()).take(staged)
    os.close(fd)
    assert received(spool) == []
