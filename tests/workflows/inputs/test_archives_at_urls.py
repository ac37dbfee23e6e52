"""ZIP archives and DICOMDIRs on the S3 server of moto: the same files as in local ones."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dicomtx.storage.location import locate
from dicomtx.storage.remote.store import Store
from dicomtx.transfer_syntaxes import find as syntax
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.inputs.arguments import Selection, find
from tests import file_trees, object_store
from tests.conftest import Run
from tests.converter import grey
from tests.in_process import InProcess
from tests.workflows.inputs.test_arguments import directory

BUCKET = "inputs"
URL = f"s3://{BUCKET}"
BLOCK = 1 << 14
ALL = Selection()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store.bucket(BUCKET) as address:
        yield address


@pytest.fixture
def upload(address: str) -> Iterator[object_store.Put]:
    """Yields a function that puts an object, in an empty bucket."""
    client = object_store.client(address)
    yield lambda key, data: client.put_object(Bucket=BUCKET, Key=key, Body=data) and None
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns the bytes of each range that is fetched, and 0 for each look at an object."""
    sizes: list[int] = []
    fetch, info = Store.fetch, Store.info

    def fetched(store: Store, start: int, end: int) -> bytes:
        sizes.append(end - start)
        return fetch(store, start, end)

    def looked(store: Store) -> Any:
        sizes.append(0)
        return info(store)

    monkeypatch.setattr(Store, "fetch", fetched)
    monkeypatch.setattr(Store, "info", looked)
    return sizes


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return data.getvalue()


def put_tree(folder: Path, upload: object_store.Put) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            upload(str(path.relative_to(folder)), path.read_bytes())


def said(top: str, name: str = "", rules: Selection = ALL) -> list[tuple[str, str, str]]:
    found = find([top + name], rules)
    return [(one.source.name.removeprefix(top), one.relative, one.error) for one in found]


def trees(tmp_path: Path, upload: object_store.Put, *names: str) -> Iterator[tuple[Path, Path]]:
    """Yields the outputs of the same sources at a URL and in a folder, and converts them first."""
    put_tree(tmp_path / "in", upload)
    for name in names:
        outs: list[Path] = []
        for top in (URL, str(tmp_path / "in")):
            outs.append(tmp_path / f"out{name.replace('/', '-')}{len(outs)}")
            job = Batch((f"{top}/{name}",), str(outs[-1]), syntax("rle"), executor=InProcess())
            for expected in ("done", "skipped"):  # the journal knows members of archives again
                with opened(job) as run:
                    assert {o.status for o in run.outcomes()} == {expected}
        yield outs[0], outs[1]


def test_members_are_converted_as_those_of_a_local_archive(
    upload: object_store.Put, tmp_path: Path
) -> None:
    inside = {f"{n % 2}/{n}.dcm": file_trees.small(n) for n in range(5)}
    (tmp_path / "in/year").mkdir(parents=True)
    (tmp_path / "in/year/deflated.zip").write_bytes(archive(inside, zipfile.ZIP_DEFLATED))
    (tmp_path / "in/year/stored.ZIP").write_bytes(archive(inside))
    (tmp_path / "in/year/alone.dcm").write_bytes(grey(8, 8))
    for ours, local in trees(tmp_path, upload, "year", "year/stored.ZIP"):
        assert file_trees.content(ours) == file_trees.content(local)
        assert len(file_trees.content(ours)) in (5, 11)


def test_globs_and_errors_are_those_of_a_local_archive(
    upload: object_store.Put, tmp_path: Path
) -> None:
    members = {"a.dcm": b"a", "b/c.dcm": b"c", "../out.dcm": b"", "in.zip": b""}
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.zip").write_bytes(archive(members))
    (tmp_path / "in/cut.zip").write_bytes(archive(members)[:-30])
    (tmp_path / "in/none.zip").write_bytes(b"not an archive")
    put_tree(tmp_path / "in", upload)
    for rules in (Selection(), Selection(exclude=("cut.zip",)), Selection(include=("b/*",))):
        for name in ("", "/a.zip", "/cut.zip"):
            assert said(URL, name, rules) == said(f"{tmp_path}/in", name, rules)
    assert len(said(URL)) == 6
    assert [found.named for found in find([f"{URL}/a.zip"], ALL)] == [True] * 4


def test_finding_members_reads_the_directory_only_and_a_member_reads_itself(
    upload: object_store.Put, asked: list[int]
) -> None:
    for count in (5, 20):
        upload(f"{count}.zip", archive({f"{n}.dcm": bytes(500_000) for n in range(count)}))
        asked.clear()
        found = [one for one in find([f"{URL}/{count}.zip"], ALL) if one.source.stat()]
        assert len(found) == count
        assert asked.count(0) <= 3  # looks do not grow with the members
        assert sum(asked) <= 6 * BLOCK
    asked.clear()
    with found[7].source.open() as source:
        assert source.read(0, 10) == bytes(10)
    assert sum(asked) <= 2 * 500_000 + 4 * BLOCK
    assert locate(f"{URL}/20.zip").name == f"{URL}/20.zip"


@pytest.mark.parametrize("lower", [False, True])
def test_the_files_of_a_dicomdir_are_converted_as_those_of_a_local_one(
    upload: object_store.Put, tmp_path: Path, *, lower: bool
) -> None:
    (tmp_path / "in/disc/IMAGES").mkdir(parents=True)
    for name in ("IM0", "IM1", "OTHER"):
        (tmp_path / f"in/disc/IMAGES/{name}").write_bytes(file_trees.small(len(name)))
    directory(tmp_path / "in/disc", "IMAGES\\IM0", "IMAGES\\IM1")
    if lower:
        shutil.move(tmp_path / "in/disc/IMAGES", tmp_path / "in/disc/images_")
        shutil.move(tmp_path / "in/disc/images_", tmp_path / "in/disc/images")
        for name in ("IM0", "IM1"):
            (tmp_path / "in/disc/images" / name).rename(tmp_path / "in/disc/images" / name.lower())
    for ours, local in trees(tmp_path, upload, "disc/DICOMDIR"):
        assert file_trees.content(ours) == file_trees.content(local)
        assert list(file_trees.content(ours)) == ["IMAGES/IM0", "IMAGES/IM1"]


@pytest.mark.parametrize(
    "file_id", ["..\\SECRET", "IMAGES\\..\\..\\SECRET", "%2e%2e\\SECRET", "A?B"]
)
def test_a_dicomdir_leads_only_to_objects_below_its_folder(
    upload: object_store.Put, tmp_path: Path, file_id: str
) -> None:
    upload("SECRET", grey(8, 8))
    upload("disc/DICOMDIR", directory(tmp_path, file_id, "GONE").read_bytes())
    outside, gone = find([f"{URL}/disc/DICOMDIR"], ALL)
    assert outside.source.name == f"{URL}/disc/DICOMDIR"
    assert "leads out of the File-set" in outside.error
    assert (gone.source.name, gone.error) == (
        f"{URL}/disc/GONE",
        "is missing, but the DICOMDIR names it",
    )


@pytest.mark.long
def test_the_commands_take_archives_at_urls(
    upload: object_store.Put, run: Run, tmp_path: Path
) -> None:
    upload("a.zip", archive({"x/a.dcm": grey(64, 64), "b.dcm": grey(8, 8)}, zipfile.ZIP_DEFLATED))
    told = run("info", "--json", f"{URL}/a.zip")
    names = [json.loads(line)["path"] for line in told.stdout.splitlines()]
    assert names == [f"{URL}/a.zip/x/a.dcm", f"{URL}/a.zip/b.dcm"], told.stderr
    planned = run("plan", f"{URL}/a.zip", "--to", "rle", "--json")
    (tmp_path / "plan.jsonl").write_bytes(planned.stdout)
    done = run("batch", "--from-plan", tmp_path / "plan.jsonl", "-o", tmp_path / "planned")
    assert done.returncode == 0, done.stderr
    assert run("batch", f"{URL}/a.zip", tmp_path / "out", "--to", "rle").returncode == 0
    assert file_trees.content(tmp_path / "planned") == file_trees.content(tmp_path / "out")
    assert run("export", "archive", f"{URL}/a.zip", tmp_path / "b.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as made:
        assert len(made.namelist()) == 3
