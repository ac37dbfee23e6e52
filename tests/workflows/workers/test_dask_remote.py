"""A real Dask cluster with objects of a real S3 server, and the Python API on a cluster."""

import logging
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dicomtx
from dicomtx.errors import NetworkError, UsageError
from dicomtx.settings import Settings
from dicomtx.storage.location import locate
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.workers import cluster as clusters
from dicomtx.workflows.workers import dask
from dicomtx.workflows.workers.cluster import connected_cluster
from dicomtx.workflows.workers.cluster_worker import Task
from dicomtx.workflows.workers.executor import Executor
from tests import dask_cluster, file_trees, object_store
from tests.dask_cluster import DaskCluster
from tests.in_process import InProcess
from tests.workflows.inputs.test_archives_at_urls import archive

pytestmark = pytest.mark.long
BUCKET = "cluster"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Starts an S3 server, and tells all processes that start later where it is."""
    with object_store.bucket(BUCKET) as address:
        yield address


@pytest.fixture(scope="module")
def cluster(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    own = {"AWS_SECRET_ACCESS_KEY": "secret-of-the-workers"}
    with dask_cluster.running(tmp_path_factory.mktemp("cluster"), environment=own) as running:
        yield running


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Returns what is sent to the workers."""
    tasks: list[bytes] = []
    start = dask.DaskConnection.start

    def noted(connection: Any, worker: str, task: Task) -> None:
        tasks.append(pickle.dumps(task))
        start(connection, worker, task)

    monkeypatch.setattr(dask.DaskConnection, "start", noted)
    return tasks


def test_workers_read_objects_and_members_of_archives_with_their_own_credentials(
    cluster: DaskCluster, address: str, sent: list[bytes], tmp_path: Path
) -> None:
    client = object_store.client(address)
    for n in range(12):
        client.put_object(Bucket=BUCKET, Key=f"in/{n % 3}/{n}.dcm", Body=file_trees.small(n))
    inside = {f"{n}.dcm": file_trees.small(n) for n in range(20, 26)}
    client.put_object(Bucket=BUCKET, Key="in/more.zip", Body=archive(inside))
    outs = (tmp_path / "cluster", tmp_path / "here")
    with connected_cluster(str(cluster.file), Settings(), 0, print) as there:
        executors: tuple[Executor, ...] = (there, InProcess())
        for out, executor in zip(outs, executors, strict=True):
            job = Batch((f"s3://{BUCKET}/in",), str(out), find("rle"), executor=executor)
            for expected in ("done", "skipped"):
                with opened(job) as run:
                    found = list(run.outcomes())
                assert {outcome.status for outcome in found} == {expected}, found
                assert len(found) == 18
    assert file_trees.content(outs[0]) == file_trees.content(outs[1])
    assert sent
    assert b"secret" not in b"".join(sent)


def test_workers_write_objects(
    cluster: DaskCluster, address: str, sent: list[bytes], tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [0] * 6)
    requests = [
        Request(locate(str(path)), f"s3://{BUCKET}/out/{path.name}", find("rle"))
        for path in sorted((tmp_path / "in").rglob("*.dcm"))
    ]
    with connected_cluster(str(cluster.file), Settings(), 0, print) as there:
        for expected in ("done", "failed"):  # nothing is overwritten
            found = [outcome for _, outcome in there.run(iter(requests))]
            assert [outcome.status for outcome in found] == [expected] * 6, found
    listed = object_store.client(address).list_objects_v2(Bucket=BUCKET, Prefix="out/")
    names = {request.destination.removeprefix(f"s3://{BUCKET}/") for request in requests}
    assert {one["Key"] for one in listed["Contents"]} == names
    assert b"secret" not in b"".join(sent)


def test_a_batch_from_a_store_to_a_store_survives_a_worker_that_is_killed(
    cluster: DaskCluster, address: str, tmp_path: Path
) -> None:
    client, names = object_store.client(address), [f"{n % 3}/{n}.dcm" for n in range(60)]
    for n, name in enumerate(names):
        client.put_object(Bucket=BUCKET, Key=f"from/{name}", Body=file_trees.small(n))
    cluster.add_worker()
    to, journal = f"s3://{BUCKET}/to", str(tmp_path / "journal.sqlite")
    with connected_cluster(str(cluster.file), Settings(), 0, print) as there:
        job = Batch((f"s3://{BUCKET}/from",), to, find("rle"), journal=journal, executor=there)
        found: list[dicomtx.Outcome] = []
        with opened(job) as run:
            for outcome in run.outcomes():
                if not found:
                    cluster.kill_worker()
                found.append(outcome)
        assert {outcome.status for outcome in found} == {"done"}, found
        assert {outcome.destination for outcome in found} == {f"{to}/{name}" for name in names}
        with opened(job) as run:
            assert {outcome.status for outcome in run.outcomes()} == {"skipped"}
    job = Batch((f"s3://{BUCKET}/from",), str(tmp_path / "here"), find("rle"), executor=InProcess())
    with opened(job) as run:
        list(run.outcomes())
    for name, data in file_trees.content(tmp_path / "here").items():
        assert client.get_object(Bucket=BUCKET, Key=f"to/{name}")["Body"].read() == data
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix="to/")["Contents"]
    assert len(listed) == len(names) == len(found)
    assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_the_python_function_converts_on_a_cluster_also_in_place(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [0] * 12)
    there = str(cluster.file)
    done = list(dicomtx.batch(tmp_path / "in", tmp_path / "out", to="rle", cluster=there))
    assert [outcome.status for outcome in done] == ["done"] * 12
    again = list(dicomtx.batch(tmp_path / "in", tmp_path / "out", to="rle", cluster=there))
    assert {outcome.status for outcome in again} == {"skipped"}
    journal = tmp_path / "journal.sqlite"
    for expected in ("done", "skipped"):
        found = dicomtx.batch(
            tmp_path / "in", to="rle", in_place=True, journal=journal, cluster=there
        )
        assert {outcome.status for outcome in found} == {expected}
    assert file_trees.content(tmp_path / "in") == file_trees.content(tmp_path / "out")
    assert not file_trees.part_files(tmp_path)
    with pytest.raises(UsageError, match="cluster and jobs contradict each other"):
        dicomtx.batch(tmp_path / "in", tmp_path / "out", jobs=2, cluster=there)
    with pytest.raises(UsageError, match="--cluster nowhere"):
        list(dicomtx.batch(tmp_path / "in", tmp_path / "out", cluster="nowhere"))


def test_a_cluster_without_workers_is_waited_for_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = file_trees.make(tmp_path / "in", [0] * 5)
    caplog.set_level(logging.WARNING, "dicomtx")
    with dask_cluster.running(tmp_path / "own", workers=0) as cluster:
        found: list[dicomtx.Outcome] = []
        asked = dicomtx.batch(source, tmp_path / "out", to="rle", cluster=str(cluster.file))
        thread = threading.Thread(target=lambda: found.extend(asked))
        thread.start()
        dask_cluster.until(lambda: "waiting up to 60 minutes" in caplog.text)
        cluster.add_worker()
        thread.join(dask_cluster.DEADLINE)
        assert [outcome.status for outcome in found] == ["done"] * 5
        cluster.kill_worker()
        monkeypatch.setattr(clusters, "PATIENCE", 0.5)
        with pytest.raises(NetworkError, match=r"had no workers for .* run the same command again"):
            list(dicomtx.batch(source, tmp_path / "b", to="rle", cluster=str(cluster.file)))
    assert not file_trees.content(tmp_path / "b")
