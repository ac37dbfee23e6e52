"""Archives and File-sets at a URL: on the S3 server of moto, whole or not at all."""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from dicomtx.errors import DestinationError, DicomtxError, ExitCode, UsageError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.export.dry_run import dry_run
from dicomtx.workflows.export.export import export
from dicomtx.workflows.export.job import Export, Media
from tests import object_store
from tests.conftest import Run
from tests.converter import grey
from tests.export_folder import GOOD, Folder
from tests.failing_store import front_of
from tests.in_process import InProcess

BUCKET = "exports"
URL = f"s3://{BUCKET}/out.zip"
LARGE = grey(2000, 2000)
NOISE = LARGE[:-3_900_000] + random.Random(1).randbytes(3_900_000)  # deflate cannot shrink it


class Bucket:
    """What is in the bucket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = object_store.client(address)

    def names(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return [one["Key"] for one in listed]

    def read(self, key: str = "out.zip") -> bytes:
        return bytes(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def unfinished(self) -> list[str]:
        listed = self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())
        return [one["Key"] for one in listed]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store.bucket(BUCKET) as address:
        yield address


@pytest.fixture
def bucket(address: str) -> Iterator[Bucket]:
    """Yields the bucket, which is empty. No upload is ever left in it."""
    bucket = Bucket(address)
    yield bucket
    assert not bucket.unfinished()
    for key in bucket.names():
        bucket.client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def job(folder: Folder, url: str = URL, **asked: object) -> Export:
    options = {"sources": (str(folder.sources),), "target": find("rle")} | asked
    return Export(destination=url, executor=InProcess(), **options)  # type: ignore[arg-type]


@pytest.mark.long
@pytest.mark.parametrize("media", [None, Media()])
@pytest.mark.parametrize("to", ["rle", "explicit"])  # explicit: deflated in the archive
def test_an_archive_has_the_bytes_of_a_local_one(
    bucket: Bucket, folder: Folder, media: Media | None, to: str
) -> None:
    folder.put(*GOOD)
    (folder.sources / "large.dcm").write_bytes(LARGE)
    for url in (URL, str(folder.path / "out.zip")):
        again = job(folder, url, target=find(to), media=media, reproducible=True)
        assert {outcome.status for outcome in export(again)} <= {"done", "kept"}
    assert bucket.names() == ["out.zip"]
    assert bucket.read() == (folder.path / "out.zip").read_bytes()


def test_an_existing_archive_is_replaced_only_if_asked(bucket: Bucket, folder: Folder) -> None:
    folder.put("CT_small.dcm")
    bucket.client.put_object(Bucket=BUCKET, Key="out.zip", Body=b"mine")
    for does in (export, dry_run):
        with pytest.raises(DestinationError, match="already exists; use --overwrite"):
            list(does(job(folder)))
    assert bucket.read() == b"mine"
    list(export(job(folder, overwrite=True)))
    with zipfile.ZipFile(io.BytesIO(bucket.read())) as archive:
        assert archive.testzip() is None


@pytest.mark.parametrize("name", ["CT_small.dcm", "large.dcm"])
def test_an_archive_that_appears_meanwhile_stays(bucket: Bucket, folder: Folder, name: str) -> None:
    folder.put("CT_small.dcm")
    (folder.sources / "large.dcm").write_bytes(LARGE)
    outcomes = export(job(folder, sources=(str(folder.sources / name),), target=None))
    next(outcomes)
    bucket.client.put_object(Bucket=BUCKET, Key="out.zip", Body=b"mine")
    with pytest.raises(DestinationError, match="already exists"):
        list(outcomes)
    assert bucket.read() == b"mine"


@pytest.mark.parametrize("url", [URL, f"s3://{BUCKET}/disc"])
def test_an_export_that_fails_or_is_given_up_leaves_nothing(
    bucket: Bucket, folder: Folder, url: str
) -> None:
    folder.put("CT_small.dcm", "MR_truncated.dcm", "MR_small.dcm")
    media = None if url == URL else Media()
    with pytest.raises(DicomtxError, match="nothing was written"):
        list(export(job(folder, url, media=media, settings=Settings(strict=True))))
    outcomes = export(job(folder, url, media=media))
    next(outcomes)
    outcomes.close()
    assert not bucket.names()


def test_an_archive_in_the_bucket_that_is_exported_does_not_contain_itself(
    bucket: Bucket, folder: Folder
) -> None:
    bucket.client.put_object(Bucket=BUCKET, Key="a.dcm", Body=grey(8, 8))
    for _ in range(2):
        found = export(job(folder, sources=(f"s3://{BUCKET}/",), overwrite=True))
        assert [outcome.path for outcome in found] == [f"s3://{BUCKET}/a.dcm"]


@pytest.mark.long
@pytest.mark.parametrize(("naming", "slash"), [("orthanc", ""), ("standard", "/")])
def test_a_file_set_has_the_objects_of_a_local_one(
    bucket: Bucket, folder: Folder, naming: str, slash: str
) -> None:
    folder.put(*GOOD)
    for url in (f"s3://{BUCKET}/disc{slash}", str(folder.path / "disc")):
        again = job(folder, url, media=Media(naming=naming), reproducible=True)
        assert {outcome.status for outcome in export(again)} <= {"done", "kept"}
    local = folder.path / "disc"
    files = {str(p.relative_to(local)): p.read_bytes() for p in local.rglob("*") if p.is_file()}
    assert {n.removeprefix("disc/"): bucket.read(n) for n in bucket.names()} == files
    assert dcmread(io.BytesIO(bucket.read("disc/DICOMDIR"))).DirectoryRecordSequence
    for does in (export, dry_run):
        with pytest.raises(DestinationError, match="already exists; name a new folder"):
            list(does(job(folder, f"s3://{BUCKET}/disc", media=Media())))
        with pytest.raises(UsageError, match="--append adds to local folders only"):
            list(does(job(folder, f"s3://{BUCKET}/disc", media=Media(append=True))))


@pytest.mark.parametrize(
    ("url", "method", "why"),
    [
        (URL, "PUT", "partNumber=2"),
        (URL, "PUT", "partNumber=1"),
        (URL, "POST", "uploadId"),
        (URL, "POST", "uploads"),
        (f"s3://{BUCKET}/disc", "PUT", "IM2"),
        (f"s3://{BUCKET}/disc", "PUT", "DICOMDIR"),
    ],
)
@pytest.mark.long
def test_a_store_that_fails_gets_no_object_and_keeps_no_upload(
    bucket: Bucket, folder: Folder, monkeypatch: pytest.MonkeyPatch, url: str, method: str, why: str
) -> None:
    for number in range(3):
        (folder.sources / f"{number}.dcm").write_bytes(NOISE if "partN" in why else grey(64, 64))
    media = None if url == URL else Media()
    refused = []

    def refuses(called: str, path: str) -> bool:
        wanted = called == method and why in path
        refused.extend([path] * wanted)
        return wanted

    with front_of(bucket.address, refuses) as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front)
        S3FileSystem.clear_instance_cache()
        with pytest.raises(DestinationError, match=f"{url}.* cannot be written: ") as said:
            list(export(job(folder, url, target=None, media=media)))
    S3FileSystem.clear_instance_cache()
    assert refused
    assert said.value.exit_code == ExitCode.DESTINATION
    assert not bucket.names()
    assert not bucket.unfinished()


@pytest.mark.long
def test_the_command_exports_to_a_url_and_tells_the_outcomes(
    bucket: Bucket, folder: Folder, run: Run
) -> None:
    folder.put(*GOOD)
    done = run("export", "archive", folder.sources, URL, "--to", "rle", "--json")
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    with zipfile.ZipFile(io.BytesIO(bucket.read())) as archive:
        assert {f"{URL}/{name}" for name in archive.namelist() if name != "MANIFEST.json"} == {
            one["destination"] for one in said
        }
    again = run("export", "archive", folder.sources, URL, "--to", "rle")
    assert again.returncode == ExitCode.DESTINATION
    read_only = run("export", "archive", folder.sources, "https://127.0.0.1:1/a.zip")
    assert read_only.returncode == ExitCode.DESTINATION
    assert b"this kind of URL is read only" in b" ".join(read_only.stderr.split())
