"""Objects appear complete or not at all: on the S3 server of moto, and on an SSH server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from dicomtx.errors import DestinationError, ExitCode
from dicomtx.storage.location import locate
from dicomtx.storage.remote.remote_write import remote_write
from dicomtx.storage.remote.streamed_write import streamed_write
from dicomtx.storage.source import write_all
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from tests import object_store
from tests.converter import grey
from tests.failing_store import front_of

BUCKET = "results"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store.bucket(BUCKET) as address:
        yield address


@pytest.fixture
def objects(address: str) -> Iterator[Callable[[], dict[str, int]]]:
    """Yields a function that returns the objects and their sizes."""
    client = object_store.client(address)

    def found() -> dict[str, int]:
        listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return {one["Key"]: one["Size"] for one in listed}

    yield found
    assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    for key in found():
        client.delete_object(Bucket=BUCKET, Key=key)


def write(url: str, data: bytes, *, overwrite: bool = False) -> None:
    with remote_write(url, overwrite=overwrite) as fd:
        write_all(fd, data)


@pytest.mark.parametrize("size", [0, 1000, 20 << 20])  # the last one in parts
def test_an_object_is_what_was_written(objects: Callable[[], dict[str, int]], size: int) -> None:
    data = bytes(range(250)) * (size // 250)
    write("s3://results/a/b.dcm", data)
    assert objects() == {"a/b.dcm": len(data)}
    with locate("s3://results/a/b.dcm").open() as source:
        assert source.read(0, size) == data


@pytest.mark.parametrize("size", [10, 20 << 20])
def test_an_object_is_replaced_only_if_asked(
    objects: Callable[[], dict[str, int]], size: int
) -> None:
    url = "s3://results/a.dcm"
    write(url, b"first")
    with pytest.raises(DestinationError, match="already exists; use --overwrite to replace it"):
        write(url, bytes(size))
    assert objects() == {"a.dcm": 5}
    write(url, bytes(size), overwrite=True)
    assert objects() == {"a.dcm": size}


@pytest.mark.parametrize("size", [10, 20 << 20])
def test_an_object_that_appears_meanwhile_stays(
    objects: Callable[[], dict[str, int]], size: int
) -> None:
    url = "s3://results/a.dcm"
    writing = remote_write(url, overwrite=False)
    write_all(writing.__enter__(), bytes(size))
    write(url, b"first")
    with pytest.raises(DestinationError, match="already exists; use --overwrite to replace it"):
        writing.__exit__(None, None, None)
    assert objects() == {"a.dcm": 5}


def test_nothing_is_written_if_the_conversion_or_the_last_check_fails(
    objects: Callable[[], dict[str, int]],
) -> None:
    def check() -> None:
        raise DestinationError("changed")

    with (
        pytest.raises(DestinationError, match="changed"),
        remote_write("s3://results/a.dcm", overwrite=True, check=check) as fd,
    ):
        write_all(fd, b"half")
    with pytest.raises(RuntimeError), remote_write("s3://results/a.dcm", overwrite=True):
        raise RuntimeError
    assert not objects()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3://no-bucket/a.dcm", "no such bucket or folder"),
        ("http://127.0.0.1:1/a.dcm", ""),
    ],
)
def test_a_place_that_cannot_be_written_is_an_error_that_names_it(
    address: str, url: str, why: str
) -> None:
    with pytest.raises(DestinationError, match=f"{url} cannot be written: .*{why}"):
        write(url, b"data")


def test_convert_writes_the_verified_result(
    objects: Callable[[], dict[str, int]], tmp_path: Path
) -> None:
    (tmp_path / "a.dcm").write_bytes(grey(64, 64))
    source = locate(str(tmp_path / "a.dcm"))
    outcomes = [
        convert(Request(source, out, find("rle")))
        for out in ("s3://results/a.dcm", str(tmp_path / "b.dcm"))
    ]
    assert [o.status for o in outcomes] == ["done"] * 2
    with locate("s3://results/a.dcm").open() as result:
        assert result.read(0, result.size) == (tmp_path / "b.dcm").read_bytes()
    again = convert(Request(source, "s3://results/a.dcm", find("rle")))
    assert (again.exit_code, again.error_class) == (ExitCode.DESTINATION, "DestinationError")


def stream(url: str, data: bytes, *, overwrite: bool = False) -> None:
    with streamed_write(url, overwrite=overwrite) as send:
        for start in range(0, len(data), 1 << 20):
            send(data[start : start + (1 << 20)])


@pytest.mark.long
@pytest.mark.parametrize("refused", ["PUT partNumber=3", "POST uploadId", "PUT a.dcm"])
@pytest.mark.parametrize("way", [write, stream])
def test_an_upload_that_the_store_refuses_is_aborted(
    address: str,
    objects: Callable[[], dict[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[str, bytes], None],
    refused: str,
) -> None:
    method, part = refused.split()
    with front_of(address, lambda called, path: called == method and part in path) as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front)
        S3FileSystem.clear_instance_cache()
        with pytest.raises(DestinationError, match=r"results/a.dcm cannot be written: .+") as said:
            way("s3://results/a.dcm", bytes(9 if part == "a.dcm" else 30 << 20))
    S3FileSystem.clear_instance_cache()
    assert said.value.exit_code == ExitCode.DESTINATION
    assert not objects()


@pytest.mark.parametrize("size", [10, pytest.param(20 << 20, marks=pytest.mark.long)])
def test_what_is_streamed_arrives_and_an_object_that_appears_meanwhile_stays(
    objects: Callable[[], dict[str, int]], size: int
) -> None:
    url, data = "s3://results/a.dcm", bytes(range(250)) * (size // 250 + 1)
    stream(url, data)
    with locate(url).open() as source:
        assert source.read(0, len(data) + 1) == data
    with pytest.raises(DestinationError, match="already exists"):
        stream(url, bytes(size))
    stream(url, bytes(size), overwrite=True)
    assert objects() == {"a.dcm": size}
    writing = streamed_write("s3://results/b.dcm", overwrite=False)
    send = writing.__enter__()
    for _ in range(10):
        send(bytes(size // 10))
    write("s3://results/b.dcm", b"first")
    with pytest.raises(DestinationError, match="already exists"):
        writing.__exit__(None, None, None)
    assert objects() == {"a.dcm": size, "b.dcm": 5}
