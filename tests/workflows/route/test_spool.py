"""The files of a spool stay as long as a delivery needs them, and no longer."""

from pathlib import Path

import pytest

from dicomtx.errors import DestinationError
from dicomtx.workflows.route.queue import Ending, open_queue
from dicomtx.workflows.route.records import Output, Received
from dicomtx.workflows.route.spool import Spool, held

RLE = '["rle-lossless", [], "error"]'


def files(folder: Path) -> list[str]:
    """Returns the files of the spool besides the queue and its lock."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in found if "/" in name)


def taken(spool: Spool, content: bytes = b"DICOM") -> Received:
    """Puts a file into the spool, as the server does."""
    path = Path(spool.arriving) / "new"
    path.write_bytes(content)
    name = spool.take(str(path))
    return Received(name, len(content), "hash", *"1234567")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "spool"))


def test_only_the_owner_can_read_a_spool(spool: Spool, tmp_path: Path) -> None:
    with held(spool):
        modes = {path.stat().st_mode & 0o77 for path in (tmp_path / "spool").rglob("*")}
        assert modes | {(tmp_path / "spool").stat().st_mode & 0o77} == {0}


def test_one_run_uses_a_spool(spool: Spool) -> None:
    with held(spool), pytest.raises(DestinationError, match="another run"), held(spool):
        pass


@pytest.mark.parametrize("keep", [False, True])
def test_the_files_go_when_every_delivery_has_ended(spool: Spool, *, keep: bool) -> None:
    spool = spool._replace(keep_original=keep)
    with held(spool), open_queue(spool.database) as queue:
        received = taken(spool)
        number = queue.add(received, [("a", RLE)])
        Path(spool.path("ready/1.dcm")).write_bytes(b"converted")
        (job,) = queue.conversions(1)
        queue.converted(job, Output("ready/1.dcm", "1.2", "h", "1.2", "all"))
        assert len(files(Path(spool.folder))) == 2
        queue.delivered(queue.claim("a", 1)[0], Ending("0000"))
        spool.finish(queue, number)
    kept = [f"originals/{received.file.partition('/')[2]}"]
    assert files(Path(spool.folder)) == (kept if keep else [])


@pytest.mark.parametrize("keep", [False, True])
def test_a_killed_run_leaves_only_what_is_needed(spool: Spool, *, keep: bool) -> None:
    spool = spool._replace(keep_original=keep)
    with held(spool), open_queue(spool.database) as queue:
        done, needed, _unknown = (taken(spool, bytes([n])) for n in range(3))
        Path(spool.arriving, "part").write_bytes(b"half")
        Path(spool.path("ready/x.dcm")).write_bytes(b"half")
        queue.add(done, [("a", "")])
        queue.add(needed, [("a", "")])
        queue.delivered(queue.claim("a", 1)[0], Ending("0000"))
    with held(spool):
        name = done.file.partition("/")[2]
        kept = [f"originals/{name}"] if keep else []
        assert files(Path(spool.folder)) == [*kept, needed.file]


def test_a_run_waits_for_the_processes_of_a_killed_one(spool: Spool) -> None:
    with held(spool), pytest.raises(DestinationError, match="another run"), held(spool, 0.1):
        pass
    with held(spool, 0.1):
        pass
