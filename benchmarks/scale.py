"""A Dask cluster of one and of two workers, against ``batch`` with as many processes.

The scheduler and the workers run before the clock starts, with one thread each. The commands of a
row are run in turn, round by round; a cell is the median. Also the memory of the command and of the
scheduler for many small files, and the bytes that ``plan`` reads of an object.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from benchmarks.batch import POLL, medians, ours, resident, show
from benchmarks.trees import make_tree, squares
from dicomtx.storage.location import locate
from dicomtx.storage.remote.store import Store
from dicomtx.workflows.info import describe
from tests import dask_cluster, file_trees, object_store
from tests.converter import grey

TO: Final = "jpeg2000-lossless"
FILES: Final = 240  # of 0.5 MB
MANY: Final = 5_000
ALL: Final = 100_000
"""Small files, ordinarily and with ``--full``."""
OBJECTS: Final = {"native, 0.25 MB": (512, 512), "native, 4 MB": (2000, 2000)}


def speed_rows(base: Path, count: int, rounds: int) -> Iterator[str]:
    """Yields files a second, for one process or worker and for two."""
    tree, out = base / "tree", base / "out"
    make_tree(tree, squares(512, count))
    for number in (1, 2):
        with dask_cluster.running(base / f"cluster{number}", number) as cluster:
            options = ("-j", str(number), "--threads", "1"), ("--cluster", str(cluster.file))
            both = [ours(tree, out, TO, *some) for some in options]
            alone, engine = medians(both, out, rounds)
        yield show(
            f"| {number} | {count / alone:.1f} | {count / engine:.1f} "
            f"| {100 * (engine / alone - 1):+.0f} % | {1000 * (engine - alone) / count:.1f} ms |"
        )


def memory_row(base: Path, count: int) -> str:
    """Returns the memory of the command and of the scheduler: early, and at most."""
    for number in range(count):
        path = base / "many" / f"{number // 1000}" / f"{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file_trees.small(number))
    out = base / "many-out"
    with dask_cluster.running(base / "cluster", 2) as cluster:
        command = ours(base / "many", out, "implicit", "--cluster", str(cluster.file))
        running = subprocess.Popen(command)
        pids, started = (running.pid, cluster.scheduler.pid), time.perf_counter()
        first, most = [0, 0], [0, 0]
        while running.poll() is None:
            now = [resident(pid) for pid in pids]
            if not any(first) and (out / "0").exists() and len(os.listdir(out / "0")) > 400:
                first = now
            most = [max(two) for two in zip(most, now, strict=True)]
            time.sleep(POLL)
        seconds = time.perf_counter() - started
    early, late = ([f"{one / 1024:.0f} MiB" for one in some] for some in (first, most))
    return show(
        f"Memory over {count} files of 0.4 kB: the command has {early[0]} after the first files and"
        f" {late[0]} at most, the scheduler {early[1]} and {late[1]}"
        f" ({count / seconds:.0f} files a second)."
    )


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Yields a function that returns how many bytes were fetched since the last call."""
    fetched: list[int] = []
    fetch = Store.fetch

    def noted(store: Store, start: int, end: int) -> bytes:
        fetched.append(end - start)
        return fetch(store, start, end)

    def since() -> int:
        total = sum(fetched)
        fetched.clear()
        return total

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "fetch", noted)
        yield since


def object_rows() -> Iterator[str]:
    """Yields the bytes that are read of an object to plan it."""
    with object_store.bucket("bench") as address:
        client = object_store.client(address)
        for name, (rows, columns) in OBJECTS.items():
            client.put_object(Bucket="bench", Key="a.dcm", Body=grey(rows, columns))
            with counted() as since:
                describe("s3://bench/a.dcm", locate("s3://bench/a.dcm"))
                yield show(f"| {name} | {since()} |")


def lines(folder: str, *, quick: bool = False, full: bool = False) -> list[str]:
    """Returns the tables."""
    base = Path(folder)
    files, rounds, many = (20, 1, 1_000) if quick else (FILES, 3, ALL if full else MANY)
    return [
        f"Files of 0.5 MB a second to {TO}, verified; {files} files.",
        "",
        "| processes or workers | batch -j | batch --cluster | more time | for each file |",
        "|" + "---|" * 5,
        *speed_rows(base, files, rounds),
        "",
        memory_row(base, many),
        "",
        "| object | bytes read to plan it |",
        "|---|---|",
        *object_rows(),
    ]
