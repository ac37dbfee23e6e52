"""Files on an SSH server, as sources."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError, SourceError
from dicomtx.storage.location import locate
from dicomtx.storage.remote.remote_write import remote_write
from dicomtx.storage.remote.sftp import VerifiedSftp
from dicomtx.storage.remote.streamed_write import streamed_write
from dicomtx.storage.source import write_all
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.export.export import export
from dicomtx.workflows.export.job import Export, Media
from tests import file_trees, ssh_server
from tests.in_process import InProcess
from tests.ssh_server import SshServer

pytestmark = pytest.mark.peer("ssh-keygen")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server.running(tmp_path_factory.mktemp("ssh") / "home") as server:
        yield server


@pytest.fixture(autouse=True)
def home(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(server.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield
    VerifiedSftp.clear_instance_cache()


def test_a_tree_on_the_server_is_converted_as_a_local_one(
    server: SshServer, tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [0] * 12)
    for source, out in ((f"{server.url}{tmp_path}/in", "a"), (str(tmp_path / "in"), "b")):
        job = Batch((source,), str(tmp_path / out), find("rle"), executor=InProcess())
        for expected in ("done", "skipped"):
            with opened(job) as run:
                assert {o.status for o in run.outcomes()} == {expected}
    assert file_trees.content(tmp_path / "a") == file_trees.content(tmp_path / "b")


def test_a_missing_file_is_an_error(server: SshServer, tmp_path: Path) -> None:
    source = locate(f"{server.url}{tmp_path}/none.dcm")
    assert source.stat() is None
    with pytest.raises(SourceError, match="no such object"), source.open():
        pass


def test_a_server_that_is_not_known_is_refused(
    server: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SourceError, match="not found in known_hosts"):
        locate(f"{server.url}{tmp_path}/a.dcm").stat()
    assert not list((tmp_path / ".ssh").iterdir())


def test_a_result_appears_whole_and_replaces_only_if_asked(
    server: SshServer, tmp_path: Path
) -> None:
    url = f"{server.url}{tmp_path}/a.dcm"
    with remote_write(url, overwrite=False) as fd:
        write_all(fd, b"first")
        assert not list(tmp_path.iterdir())
    assert (tmp_path / "a.dcm").read_bytes() == b"first"
    with pytest.raises(DestinationError, match="already exists"):
        remote_write(url, overwrite=False).__enter__()
    (tmp_path / "a.dcm").unlink()
    with (
        pytest.raises(DestinationError, match="already exists"),
        remote_write(url, overwrite=False) as fd,
    ):
        (tmp_path / "a.dcm").write_bytes(b"meanwhile")
    assert (tmp_path / "a.dcm").read_bytes() == b"meanwhile"
    with remote_write(url, overwrite=True) as fd:
        write_all(fd, b"second")
    assert (tmp_path / "a.dcm").read_bytes() == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["a.dcm"]


def test_what_is_streamed_appears_at_the_end_and_replaces_a_file_only_if_asked(
    server: SshServer, tmp_path: Path
) -> None:
    url = f"{server.url}{tmp_path}/out.zip"
    writing = streamed_write(url, overwrite=False)
    writing.__enter__()(b"half")
    assert "out.zip" not in [path.name for path in tmp_path.iterdir()]
    assert not writing.__exit__(RuntimeError, RuntimeError(), None)
    assert not list(tmp_path.iterdir())
    for data, overwrite in ((b"first" * 50_000, False), (b"second" * 50_000, True)):
        with streamed_write(url, overwrite=overwrite) as send:
            send(data)
        assert (tmp_path / "out.zip").read_bytes() == data
    with (
        pytest.raises(DestinationError, match="already exists"),
        streamed_write(url, overwrite=False),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_a_file_set_is_exported_with_its_folders(server: SshServer, tmp_path: Path) -> None:
    source = tmp_path / "a.dcm"
    source.write_bytes(file_trees.small(1))
    url = f"{server.url}{tmp_path}/new/disc"
    asked = Export((str(source),), url, media=Media(naming="standard"), executor=InProcess())
    assert [outcome.status for outcome in export(asked)] == ["done"]
    assert (tmp_path / "new/disc/PT000000/ST000000/SE000000/IM000000").is_file()
    assert (tmp_path / "new/disc/DICOMDIR").is_file()
    with pytest.raises(DestinationError, match="already exists"):
        list(export(asked))
