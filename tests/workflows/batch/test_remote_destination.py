"""A batch that writes to a store: the S3 server of moto, an SSH server, and a store in memory."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from dicomtx.dicom.modification.modification import Modification
from dicomtx.errors import DestinationError, UsageError
from dicomtx.storage.outputs import outputs_at, sweep_for
from dicomtx.storage.remote.sftp import VerifiedSftp
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import check, opened
from dicomtx.workflows.batch.dry_run import dry_run
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.convert.request import FileRules, Outcome
from tests import dask_cluster, file_trees, object_store, ssh_server
from tests.conftest import Run
from tests.in_process import InProcess

BUCKET = "results"
Objects = Callable[[], dict[str, bytes]]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sets the folder of the journals, and returns it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "dicomtx"


@pytest.fixture
def memory() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store.bucket(BUCKET) as address:
        yield address


@pytest.fixture
def objects(address: str) -> Iterator[Objects]:
    """Yields a function that returns all objects; nothing is left of uploads at the end."""
    client = object_store.client(address)

    def found() -> dict[str, bytes]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    yield found
    assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    for key in found():
        client.delete_object(Bucket=BUCKET, Key=key)


def job(tree: Path | str, out: str, to: str = "rle", **options: Any) -> Batch:
    rules = FileRules(skip_others=True)
    asked = Batch((str(tree),), out, find(to), rules=rules, executor=InProcess())
    return replace(asked, **options)


def run_of(asked: Batch) -> dict[str, Outcome]:
    with opened(asked) as run:
        return {os.path.basename(o.path): o for o in run.outcomes()}


def statuses(asked: Batch) -> list[str]:
    return sorted(outcome.status for outcome in run_of(asked).values())


def expected(tree: Path, out: Path, below: str, to: str = "rle") -> dict[str, bytes]:
    """Returns what a batch to a local folder writes."""
    run_of(job(tree, str(out), to))
    return {f"{below}/{name}": data for name, data in file_trees.content(out).items()}


# ---------------------------------------------------------------- what a rerun does


@pytest.mark.parametrize("out", ["memory://results/a", "memory://results/a/"])
def test_a_store_has_what_a_folder_would_have(memory: Any, tmp_path: Path, out: str) -> None:
    tree = file_trees.make(tmp_path / "in", [0] * 3)
    (tree / "a#b %41 c.dcm").write_bytes(file_trees.small(9))
    assert statuses(job(tree, out)) == ["done"] * 4
    there = {path: memory.cat(path) for path in memory.find("results")}
    assert there == expected(tree, tmp_path / "out", "/results/a")
    assert statuses(job(tree, out.rstrip("/"))) == ["skipped"] * 4


def test_a_rerun_converts_what_is_missing(memory: Any, tmp_path: Path) -> None:
    asked = job(file_trees.make(tmp_path / "in", [0] * 3), "memory://results")
    run_of(asked)
    memory.rm("/results/0/00001.dcm")
    assert {name: o.status for name, o in run_of(asked).items()} == {
        "00000.dcm": "skipped",
        "00001.dcm": "done",
        "00002.dcm": "skipped",
    }
    assert statuses(replace(asked, target=find("deflated"))) == ["done"] * 3


def test_an_object_of_somebody_else_stays_unless_it_may_be_overwritten(
    memory: Any, tmp_path: Path
) -> None:
    asked = job(file_trees.make(tmp_path / "in", [0] * 2), "memory://results")
    memory.pipe("/results/0/00001.dcm", b"precious")
    (planned, *_) = (one for one in dry_run(asked) if one.error)
    told = "memory://results/0/00001.dcm already exists; use --overwrite to replace it"
    assert planned.error == told
    outcomes = run_of(asked)
    assert (outcomes["00001.dcm"].exit_code, outcomes["00001.dcm"].error) == (7, told)
    assert statuses(replace(asked, choice=Choice(skip_existing=True))) == ["skipped"] * 2
    assert memory.cat("/results/0/00001.dcm") == b"precious"
    assert statuses(replace(asked, choice=Choice(overwrite=True))) == ["done", "skipped"]
    assert memory.cat("/results/0/00001.dcm") != b"precious"


def test_the_smallest_of_several_results_is_uploaded(memory: Any, tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    rules = FileRules(best_of=(find("rle"), find("deflated")))
    sizes = [
        run_of(job(tree, f"memory://{to}", to))["00000.dcm"].bytes_out for to in ("rle", "deflated")
    ]
    assert statuses(job(tree, "memory://best", rules=rules)) == ["done"]
    assert memory.size("/best/0/00000.dcm") == min(sizes)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"a?versionId=1.dcm", "cannot have '?' in its name"),
        (b"a::b.dcm", "cannot have '::' in its name"),
        (b"a\nb.dcm", "a control character"),
        (b"a\xff.dcm", "bytes that are not UTF-8"),
    ],
)
def test_a_name_that_a_url_cannot_have_fails_alone(
    memory: Any, tmp_path: Path, name: bytes, why: str
) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    Path(os.fsdecode(os.fsencode(tree) + b"/" + name)).write_bytes(file_trees.small(1))
    outcomes = run_of(job(tree, "memory://results"))
    assert why in outcomes[os.fsdecode(name)].error
    assert outcomes["00000.dcm"].status == "done"
    assert memory.find("results") == ["/results/0/00000.dcm"]


def test_results_below_the_sources_are_not_sources(memory: Any) -> None:
    memory.pipe("/all/a.dcm", file_trees.small(1))
    memory.pipe("/all/b.dcm", file_trees.small(2))
    asked = job(Path(), "memory://all/out")
    for known in ("done", "skipped"):
        assert statuses(replace(asked, sources=("memory://all",))) == [known] * 2
    assert memory.find("all/out") == ["/all/out/a.dcm", "/all/out/b.dcm"]
    memory.pipe("/all/x/a.dcm", file_trees.small(1))
    memory.pipe("/all/x/x/a.dcm", file_trees.small(2))
    with pytest.raises(UsageError, match="is a source, but the output of another file goes there"):
        run_of(job("memory://all/x", "memory://all", choice=Choice(overwrite=True)))


# ---------------------------------------------------------------- what a store cannot have


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"remap": True}, "--remap-references would change references in files"),
        ({"modification": Modification(level="study")}, "new UIDs would change references"),
        ({"rules": FileRules(preserve=True)}, "--preserve needs a local folder"),
        ({"rejected": "s3://bucket/rejected"}, "--rejected writes to local folders only"),
        ({"journal": "s3://bucket/journal"}, "--journal writes to local folders only"),
        ({"destination": "memory://out?a=secret"}, r"memory://out: DST cannot have a query"),
        ({"destination": "memory://me:secret@out"}, "a password does not belong in a URL"),
        ({"destination": "https://127.0.0.1/out"}, "cannot write to this kind of URL; write to a"),
        ({"destination": "file:///out"}, "cannot write to this kind of URL; use the path"),
        ({"destination": "", "sources": ("s3://bucket/in",)}, "overwrites local files only"),
        ({"destination": "memory://a/b.dcm"}, "is not a folder"),
        ({"destination": "memory://in", "sources": ("memory://in/",)}, "is both SRC and DST"),
    ],
)
def test_what_a_store_cannot_have_is_refused_before_any_work(
    memory: Any, tmp_path: Path, state: Path, options: dict[str, Any], why: str
) -> None:
    memory.pipe("/a/b.dcm", b"")
    with pytest.raises(UsageError, match=why) as error:
        check(replace(job(tmp_path, "memory://results"), **options))
    assert "secret" not in str(error.value)
    assert not state.exists()


# ---------------------------------------------------------------- S3


@pytest.mark.long
def test_an_object_is_recognized_by_its_version(
    objects: Objects, address: str, tmp_path: Path, state: Path
) -> None:
    asked = job(file_trees.make(tmp_path / "in", [0] * 3), "s3://results/out")
    assert statuses(asked) == ["done"] * 3
    assert statuses(asked) == ["skipped"] * 3
    client, there = object_store.client(address), objects()
    assert there == expected(tmp_path / "in", tmp_path / "local", "out")
    other = bytes(len(there["out/0/00001.dcm"]))  # as large as the result
    client.put_object(Bucket=BUCKET, Key="out/0/00001.dcm", Body=other)
    changed = run_of(asked)["00001.dcm"]
    assert "was changed since it was written; use --overwrite" in changed.error
    assert objects()["out/0/00001.dcm"] == other
    assert statuses(replace(asked, choice=Choice(overwrite=True))) == ["done", "skipped", "skipped"]
    assert objects() == there
    (journal,) = state.glob("*.sqlite")
    assert b"hidden-secret" not in b"".join(path.read_bytes() for path in state.iterdir())
    assert list(sqlite3.connect(journal).execute("SELECT DISTINCT output_hash FROM files")) == [
        ("",)
    ]


@pytest.mark.long
def test_what_a_run_left_unfinished_is_aborted_and_nothing_else(
    objects: Objects, address: str, tmp_path: Path
) -> None:
    asked = job(file_trees.make(tmp_path / "in", [0] * 2), "s3://results/out")
    client = object_store.client(address)
    keys = ("out/0/00000.dcm", "out/0/00001.dcm", "out/0/theirs.dcm", "other/0/00000.dcm")
    with opened(asked):  # killed after it planned
        theirs = [
            (key, client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"])
            for key in keys
        ][2:]
    sweep_for("s3://results/out/0/00000.dcm")
    assert len(client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]) == 3
    assert statuses(asked) == ["done"] * 2
    left = client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert {(one["Key"], one["UploadId"]) for one in left} == set(theirs)
    for key, upload in theirs:
        client.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload)


@pytest.mark.long
def test_the_time_of_an_object_has_its_version_and_listings_say_the_same(
    objects: Objects, address: str, tmp_path: Path
) -> None:
    client, bucket = object_store.client(address), "versions"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    asked = job(file_trees.make(tmp_path / "in", [0] * 2), f"s3://{bucket}")
    assert statuses(asked) == ["done"] * 2
    assert statuses(asked) == ["skipped"] * 2
    fractions = set()
    for body in (b"one", b"two"):
        client.put_object(Bucket=bucket, Key="a.dcm", Body=body)
        for listed in (False, True):
            stat = outputs_at(f"s3://{bucket}", listed=listed).stat(f"s3://{bucket}/a.dcm")
            assert stat
            fractions.add(stat.mtime_ns % 10**9)  # the store knows the time in seconds only
    assert len(fractions) == 2
    assert not objects()


@pytest.mark.long
def test_a_bucket_that_is_missing_is_an_error_before_any_work(
    objects: Objects, tmp_path: Path
) -> None:
    for out in ("s3://missing/out", "s3://missing"):
        with pytest.raises(DestinationError, match=f"^{out} cannot be written: no such bucket"):
            check(job(tmp_path, out))
    check(job(tmp_path, "s3://results"))
    assert not objects()


KILLED = """
import os, sys
from dicomtx import cli
from dicomtx.workflows.batch.journal import Journal
left, enter = int(sys.argv.pop()), Journal.enter
def last(self, key, outcome):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    enter(self, key, outcome)
Journal.enter = last
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.long
def test_a_run_that_is_killed_again_and_again_writes_the_same_objects(
    objects: Objects, run: Run, tmp_path: Path
) -> None:
    tree = file_trees.make(tmp_path / "in", [0] * 40)
    command = ("batch", tree, "s3://results/out", "--to", "rle", "-j2")
    for outcomes in (0, 5, 11):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, *map(str, command), str(outcomes)], check=False
        )
        assert done.returncode == -signal.SIGKILL
    report = tmp_path / "report.jsonl"
    last = run(*command, "--report", report)
    assert last.returncode == 0, last.stderr
    assert objects() == expected(tree, tmp_path / "local", "out")
    assert report.read_bytes().count(b'"path"') == 40
    said = report.read_bytes() + last.stdout + last.stderr
    assert b"hidden-secret" not in said
    assert b"the journal is" in last.stderr


@pytest.mark.long
def test_workers_of_a_cluster_write_to_the_store(
    objects: Objects, run: Run, tmp_path: Path
) -> None:
    tree = file_trees.make(tmp_path / "in", [0] * 25)
    with dask_cluster.running(tmp_path / "cluster") as cluster:
        command = ("batch", tree, "s3://results/out", "--to", "rle", "--cluster", cluster.file)
        assert run(*command).returncode == 0
        assert b"25 skipped" in run(*command).stdout
    assert objects() == expected(tree, tmp_path / "local", "out")


# ---------------------------------------------------------------- SFTP


@pytest.mark.long
@pytest.mark.peer("ssh-keygen")
def test_a_tree_on_an_ssh_server_is_written_as_a_local_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = file_trees.make(tmp_path / "in", [0] * 25)
    (tree / "a#b %41.dcm").write_bytes(file_trees.small(99))
    out = tmp_path / "deep" / "out"
    with ssh_server.running(tmp_path / "home") as server:
        monkeypatch.setenv("HOME", str(server.home))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        command = ("batch", tree, f"{server.url}{out}", "--to", "rle", "-j2")
        assert run(*command).returncode == 0
        assert b"26 skipped" in run(*command).stdout
        (out / "1" / "00012.dcm").write_bytes(b"theirs")
        assert b"use --overwrite" in run(*command).stderr
        with opened(job(tree, f"{server.url}{out}", "deflated")):  # killed after it planned
            pass
        left = [out / "0" / f".{name}.dicomtx-00ff.part" for name in ("00003.dcm", "other.dcm")]
        for path in left:
            path.write_bytes(b"half")
        sweep_for(f"{server.url}{out}/0/other.dcm.not")
        assert all(path.exists() for path in left)
        assert run(*command, "--overwrite").returncode == 0
        VerifiedSftp.clear_instance_cache()
    assert [path.exists() for path in left] == [False, True]
    left[1].unlink()
    assert file_trees.content(out) == {
        name.removeprefix("x/"): data
        for name, data in expected(tree, tmp_path / "local", "x").items()
    }
