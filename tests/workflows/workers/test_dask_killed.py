"""Batches on a Dask cluster whose workers, scheduler and parent are killed. They take seconds."""

import json
import os
import random
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from tests import dask_cluster, file_trees, plugins
from tests.dask_cluster import DaskCluster
from tests.dicom.builder import image, native, part10
from tests.in_process import InProcess

pytestmark = pytest.mark.long
CRASH = 251
TO = "EncapsulatedUncompressedExplicitVRLittleEndian"
FULL = "SCALE_FULL" in os.environ  # half an hour of one processor
FILES, WORKERS_KILLED, PARENTS_KILLED = (2000, 10, 3) if FULL else (120, 3, 1)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaskCluster]:
    plugins.install(plugins.FAULT_CODECS, tmp_path / "site", monkeypatch)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with dask_cluster.running(tmp_path / "cluster") as running:
        yield running


def start(cluster: DaskCluster, folder: Path) -> "subprocess.Popen[str]":
    """Starts a batch of the files in ``in``."""
    command = [sys.executable, "-m", "dicomtx", "batch", folder / "in", folder / "out"]
    options = ["--codec", "moody", "--to", TO, "--report", folder / "report.jsonl"]
    return subprocess.Popen(
        [*map(str, command), "--cluster", str(cluster.file), *map(str, options)],
        stderr=subprocess.PIPE,
        text=True,
    )


def written(folder: Path) -> int:
    return sum(1 for _ in (folder / "out").rglob("*.dcm"))


def test_workers_and_parents_that_are_killed_lose_nothing(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    """Every seventh file crashes its codec, too."""
    file_trees.make(tmp_path / "in", [CRASH * (n % 7 == 3) for n in range(FILES)])
    chance = random.Random(19)
    killed = ["worker"] * WORKERS_KILLED + ["parent"] * PARENTS_KILLED
    chance.shuffle(killed)
    batch = start(cluster, tmp_path)
    good = FILES - len([n for n in range(FILES) if n % 7 == 3])
    for number, what in enumerate(killed, start=1):
        wanted = good * number // (len(killed) + 1)
        dask_cluster.until(lambda wanted=wanted: written(tmp_path) >= wanted, 600)  # type: ignore[misc]
        if what == "worker":
            cluster.kill_worker(chance.randrange(2))
            cluster.add_worker()
        else:
            batch.kill()
            batch.wait()
            batch = start(cluster, tmp_path)
    _, told = batch.communicate(timeout=3600)
    assert batch.returncode == 1, told
    rows = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    totals = rows.pop()["totals"]
    assert totals["complete"]
    assert len({row["path"] for row in rows}) == len(rows) == FILES
    failed = {Path(row["path"]).stem: row["error"] for row in rows if row["status"] == "failed"}
    assert failed.keys() == {f"{n:05}" for n in range(FILES) if n % 7 == 3}
    endings = ("SIGKILL", "lost with its worker")  # the last of two
    assert all(any(ending in error for ending in endings) for error in failed.values())
    assert not file_trees.part_files(tmp_path)
    alone = Batch((str(tmp_path / "in"),), str(tmp_path / "alone"), find(TO), executor=InProcess())
    with opened(alone) as run:
        list(run.outcomes())
    expected = file_trees.content(tmp_path / "alone")
    found = file_trees.content(tmp_path / "out")
    assert len(found) == good
    assert all(expected[name] == data for name, data in found.items())


def test_a_scheduler_that_is_started_again_gets_the_remaining_files(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    file_trees.make(tmp_path / "in", [250] * 60)
    batch = start(cluster, tmp_path)
    dask_cluster.until(lambda: written(tmp_path))
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    while cluster.workers:
        cluster.kill_worker()
    cluster.start_scheduler_again()
    cluster.add_worker()
    _, told = batch.communicate(timeout=300)
    assert batch.returncode == 0, told
    assert "lost the scheduler" in told
    assert "the scheduler is back" in told
    assert written(tmp_path) == 60
    assert not file_trees.part_files(tmp_path)


def test_a_large_file_passes_through_a_small_worker(cluster: DaskCluster, tmp_path: Path) -> None:
    """A multi-frame file of 400 MB; one of 4 GB needs no more memory, but a minute."""
    frames, frame = 800, 512 * 512 * 2
    pixel = image(512, 512, allocated=16, stored=12)
    head = part10("explicit", native(pixel, b"", frames=str(frames)))
    (tmp_path / "in").mkdir()
    with open(tmp_path / "in" / "large.dcm", "wb") as file:
        file.write(head[:-4] + struct.pack("<I", frames * frame))
        file.truncate(len(head) + frames * frame)
    while cluster.workers:
        cluster.kill_worker()
    cluster.add_worker("--memory-limit=400MiB")
    command = ["batch", tmp_path / "in", tmp_path / "out", "--to", "rle", "-q"]
    batch = subprocess.Popen(
        [sys.executable, "-m", "dicomtx", *map(str, command), "--cluster", str(cluster.file)]
    )
    most = 0
    while batch.poll() is None:
        most = max(most, _resident(cluster.workers[0].pid))
        time.sleep(0.1)
    assert batch.returncode == 0
    assert written(tmp_path) == 1
    assert 50 << 20 < most < 400 << 20


def _resident(pid: int) -> int:
    """Returns the memory of a process and of those below it, in bytes."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += (thread / "children").read_text().split() * (thread.name != str(pid))
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(child)) for child in children)
