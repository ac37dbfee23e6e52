"""Objects of an S3 server, as sources: the server is that of moto, which runs on the loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.errors import ExitCode, SourceError, UsageError
from dicomtx.storage.location import locate
from dicomtx.storage.remote.store import Store
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.info import describe
from tests import file_trees, object_store
from tests.conftest import Run
from tests.converter import grey
from tests.in_process import InProcess

BUCKET = "archive"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Starts the server, and tells this process and those that it starts where it is."""
    with object_store.bucket(BUCKET) as address:
        yield address


@pytest.fixture
def put(address: str) -> Iterator[object_store.Put]:
    """Yields a function that puts an object, in an empty bucket."""
    client = object_store.client(address)
    yield lambda key, data: client.put_object(Bucket=BUCKET, Key=key, Body=data) and None
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])


def batch(source: str, out: Path) -> dict[str, Outcome]:
    rules = FileRules(skip_others=True)
    job = Batch((source,), str(out), find("rle"), rules=rules, executor=InProcess())
    with opened(job) as run:
        return {outcome.path: outcome for outcome in run.outcomes()}


def test_an_object_is_converted_as_the_same_file(put: object_store.Put, tmp_path: Path) -> None:
    put("ct.dcm", grey(64, 64))
    (tmp_path / "ct.dcm").write_bytes(grey(64, 64))
    for source, out in (("s3://archive/ct.dcm", "a"), (str(tmp_path / "ct.dcm"), "b")):
        outcome = convert(Request(locate(source), str(tmp_path / out), find("jpeg2000-lossless")))
        assert (outcome.status, outcome.path) == ("done", source)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_reading_a_header_fetches_no_pixels(
    put: object_store.Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of bytes for each object that docs/scale.md tells."""
    put("large.dcm", grey(2000, 2000))
    fetched = []
    fetch = Store.fetch

    def noted(store: Store, start: int, end: int) -> bytes:
        fetched.append(end - start)
        return fetch(store, start, end)

    monkeypatch.setattr(Store, "fetch", noted)
    assert describe("s3://archive/large.dcm").image
    assert sum(fetched) <= 2 * (1 << 14)


def test_a_batch_knows_an_object_again_until_it_changes(
    put: object_store.Put, tmp_path: Path
) -> None:
    for number in range(5):
        put(f"in/{number % 2}/{number}.dcm", file_trees.small(number))
    put("in/2/notes.txt", b"not DICOM")
    out = tmp_path / "out"
    found = batch("s3://archive/in", out)
    assert {name.removeprefix("s3://archive/in/") for name in found} == {
        *("0/0.dcm", "0/2.dcm", "0/4.dcm", "1/1.dcm", "1/3.dcm", "2/notes.txt")
    }
    assert [o.status for o in found.values()].count("done") == 5
    assert sorted(file_trees.content(out)) == [
        "0/0.dcm",
        "0/2.dcm",
        "0/4.dcm",
        "1/1.dcm",
        "1/3.dcm",
    ]
    assert {o.status for o in batch("s3://archive/in/", out).values()} == {"skipped"}
    put("in/1/3.dcm", file_trees.small(7))  # as large as before, in the same second
    again = batch("s3://archive/in", out)
    assert [n for n, o in again.items() if o.status == "done"] == ["s3://archive/in/1/3.dcm"]


@pytest.mark.parametrize("url", ["s3://archive/none.dcm", "s3://no-bucket/a.dcm"])
def test_an_object_that_is_missing_is_an_error_that_names_it(
    put: object_store.Put, url: str, tmp_path: Path
) -> None:
    assert locate(url).stat() is None
    outcome = convert(Request(locate(url), str(tmp_path / "a"), find("rle")))
    assert (outcome.exit_code, outcome.error) == (3, "cannot be read: no such object")
    (found,) = batch(url, tmp_path / "out").values()
    assert (found.path, found.status) == (url, "failed")


def test_a_folder_of_objects_is_not_a_source_of_one_conversion(put: object_store.Put) -> None:
    put("in/a.dcm", b"")
    with pytest.raises(SourceError, match="is a folder"), locate("s3://archive/in").open():
        pass


def test_a_password_in_a_url_is_refused_and_nowhere_shown(run: Run) -> None:
    with pytest.raises(UsageError):
        locate("s3://key:hidden@archive/a.dcm")
    for command in (["info"], ["convert", "--to", "rle"], ["plan", "--to", "rle"]):
        done = run(
            *command, "s3://key:hidden@archive/a.dcm", *["out.dcm"][: command[0] == "convert"]
        )
        assert done.returncode in (ExitCode.USAGE, ExitCode.SOME_FAILED)
        assert b"a password does not belong in a URL" in done.stderr.replace(b"\n", b" ")
        assert b"hidden" not in done.stderr + done.stdout


@pytest.mark.long
def test_all_commands_that_read_take_urls(
    put: object_store.Put, run: Run, tmp_path: Path, address: str
) -> None:
    put("in/a.dcm", grey(64, 64))
    url, out = "s3://archive/in/a.dcm", tmp_path / "a.dcm"
    assert run("convert", url, out, "--to", "rle").returncode == 0
    assert run("compare", url, out).returncode == 0
    planned = run("plan", "s3://archive/in", "--to", "rle", "--json")
    assert json.loads(planned.stdout.splitlines()[0])["path"] == url
    (tmp_path / "plan.jsonl").write_bytes(planned.stdout)
    carried_out = run("batch", "--from-plan", tmp_path / "plan.jsonl", "-o", tmp_path / "planned")
    assert carried_out.returncode == 0, carried_out.stderr
    assert (tmp_path / "planned" / "a.dcm").read_bytes() == out.read_bytes()
    assert json.loads(run("info", "--json", url).stdout)["path"] == url
    assert run("export", "archive", "s3://archive/in", tmp_path / "a.zip").returncode == 0
    report = tmp_path / "report.jsonl"
    signed = object_store.client(address).generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "in/a.dcm"}
    )
    for source, folder in (("s3://archive/in", "b"), (signed, "c")):
        done = run("batch", source, tmp_path / folder, "--to", "rle", "--report", report)
        assert done.returncode == 0, done.stderr
        said = report.read_bytes() + done.stdout + done.stderr
        said += (tmp_path / folder / ".dicomtx-journal.sqlite").read_bytes()
        assert b"Signature" not in said
        assert b"hidden-secret" not in said
