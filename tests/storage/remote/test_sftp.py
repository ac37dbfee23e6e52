"""Files on an SSH server, as sources."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError, SourceError
from dicomtx.storage.location import locate
from dicomtx.storage.remote.remote_write import remote_write
from dicomtx.storage.remote.sftp import VerifiedSftp
from dicomtx.storage.source import write_all
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
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
