"""Batches on a real Dask cluster: a scheduler and two workers on the loopback."""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dicomtx.errors import ExitCode, NetworkError, UsageError
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers import dask
from dicomtx.workflows.workers.cluster import Cluster
from tests import dask_cluster, file_trees, plugins
from tests.conftest import Run
from tests.dask_cluster import DaskCluster
from tests.in_process import InProcess

pytestmark = pytest.mark.long
MOODY = Settings(codecs=("moody",))
UNCOMPRESSED = "EncapsulatedUncompressedExplicitVRLittleEndian"
TELL = print


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Yields a cluster whose workers have the fault codecs, as this process has."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        plugins.install(plugins.FAULT_CODECS, folder / "site", patch)
        patch.setenv("PYTHONPATH", str(folder / "site"))
        with dask_cluster.running(folder) as running:
            yield running


def batch(
    cluster: DaskCluster, source: Path, out: Path, to: str = "rle", settings: Settings | None = None
) -> list[Outcome]:
    """Returns the outcomes of a batch on the cluster."""
    settings = settings or Settings()
    with dask.connected(str(cluster.file), settings, TELL) as connection:
        executor = Cluster(connection)
        job = Batch((str(source),), str(out), find(to), settings=settings, executor=executor)
        with opened(job) as run:
            return list(run.outcomes())


@pytest.mark.long
def test_every_file_comes_out_as_on_this_machine_and_is_not_converted_again(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_trees.make(tmp_path / "in", [0] * 25)
    monkeypatch.chdir(tmp_path)  # the workers have another working directory
    found = batch(cluster, Path("in"), Path("out"))
    assert {(o.status, o.verification) for o in found} == {("done", "independent")}
    assert {o.path for o in found} == {f"in/{n // 10}/{n:05}.dcm" for n in range(25)}
    assert {o.destination for o in found} == {f"out/{n // 10}/{n:05}.dcm" for n in range(25)}
    job = Batch((str(tmp_path / "in"),), "here", find("rle"), executor=InProcess())
    with opened(job) as run:
        list(run.outcomes())
    assert file_trees.content(tmp_path / "out") == file_trees.content(tmp_path / "here")
    assert {o.status for o in batch(cluster, Path("in"), Path("out"))} == {"skipped"}


def test_a_file_that_kills_two_processes_has_failed_and_the_others_are_right(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [251 * (n == 3) for n in range(8)])
    found = {
        Path(o.path).stem: o
        for o in batch(cluster, tmp_path / "in", tmp_path / "out", UNCOMPRESSED, MOODY)
    }
    bad = found.pop("00003")
    assert (bad.status, bad.exit_code) == ("failed", ExitCode.CODEC)
    assert "was killed (SIGKILL), possibly out of memory, after another process" in bad.error
    assert {o.status for o in found.values()} == {"done"}
    assert not file_trees.part_files(tmp_path)


def test_the_files_of_a_worker_that_is_killed_are_converted_by_another(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [250] * 12)  # each takes a tenth of a second
    with dask.connected(str(cluster.file), MOODY, TELL) as connection:
        to = find(UNCOMPRESSED)
        executor = Cluster(connection)
        source, out = str(tmp_path / "in"), str(tmp_path / "out")
        with opened(Batch((source,), out, to, settings=MOODY, executor=executor)) as run:
            outcomes = run.outcomes()
            found: list[Outcome] = []
            cluster.add_worker()
            for outcome in outcomes:
                if not found:
                    cluster.kill_worker()
                found.append(outcome)
    assert sorted(o.path for o in found) == sorted({o.path for o in found})
    assert [o.status for o in found] == ["done"] * 12
    assert len(file_trees.content(tmp_path / "out")) == 12


def test_what_is_closed_before_the_end_leaves_no_part_file(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [0] + [250] * 60)
    taken = []

    def asked() -> Iterator[Request]:
        for path in sorted((tmp_path / "in").rglob("*.dcm")):
            taken.append(path)
            out = str(tmp_path / path.name)
            yield Request(LocalFile(str(path)), out, find(UNCOMPRESSED), settings=MOODY, size=10**6)

    with (
        dask.connected(str(cluster.file), MOODY, TELL) as connection,
        closing(Cluster(connection).run(asked())) as running,
    ):
        next(running)
        assert len(taken) < 40  # a second of work, and another, for each worker
    written = len(list(tmp_path.glob("*.dcm")))
    assert written < 61
    assert not file_trees.part_files(tmp_path)


def test_a_worker_with_other_versions_is_refused_before_any_work(
    cluster: DaskCluster, tmp_path: Path, run: Run
) -> None:
    info = tmp_path / "site" / "imagecodecs-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imagecodecs\nVersion: 1\n")
    file_trees.make(tmp_path / "in", [0])
    paths = os.pathsep.join([str(tmp_path / "site"), os.environ["PYTHONPATH"]])
    cluster.add_worker(environment={"PYTHONPATH": paths})
    out = tmp_path / "out"
    try:
        dask_cluster.until(lambda: _refused(cluster))
        done = run("batch", tmp_path / "in", out, "--cluster", cluster.file)
    finally:
        cluster.kill_worker(-1)
    assert done.returncode == ExitCode.NETWORK
    told = r"versions differ: imagecodecs 1 on the worker tcp://127.0.0.1:\d+, imagecodecs [\d.]+ "
    assert re.search(told.encode(), done.stderr)
    assert not out.exists()


def _refused(cluster: DaskCluster) -> bool:
    try:
        with dask.connected(str(cluster.file), Settings(), TELL):
            return False
    except NetworkError:
        return True


def test_a_scheduler_that_does_not_answer_is_an_error_in_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "CONNECT", 0.2)
    gone = tmp_path / "scheduler.json"
    gone.write_text('{"address": "tcp://127.0.0.1:1"}')
    for address in ("tcp://127.0.0.1:1", str(gone)):
        with (
            pytest.raises(NetworkError, match=f"cannot reach the Dask scheduler {address}: "),
            dask.connected(address, Settings(), TELL),
        ):
            pass


@pytest.mark.parametrize("address", ["nowhere", "local:", "local:0", "local:two", "local:-1"])
def test_an_address_that_is_not_one_is_an_error_of_usage(address: str) -> None:
    told = pytest.raises(UsageError, match=f"--cluster {address}: ")
    with told, dask.connected(address, Settings(), TELL):
        pass


def test_cluster_and_jobs_contradict_each_other(run: Run, tmp_path: Path) -> None:
    done = run("batch", tmp_path, tmp_path / "out", "--cluster", "local:1", "-j", "2")
    assert done.returncode == ExitCode.USAGE
    assert b"--cluster and -j contradict each other" in done.stderr
