"""A body is bounded in size and in time, and leaves nothing behind."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dicomtx.workflows.http_server import body
from dicomtx.workflows.http_server.body import ClientGoneError, RequestError, received


def _receive(pieces: Iterable[bytes | None], pause: float = 0.0) -> Any:
    """Returns what an ASGI server hands the application; None is the end of the connection."""
    rest = list(pieces)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        piece = rest.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(rest)}

    return receive


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("pieces", [[b""], [b"abc"], [b"a", b"", b"bc"]])
def test_a_body_is_in_a_file_without_a_name(spool: Path, pieces: list[bytes]) -> None:
    fd = asyncio.run(received(_receive(pieces), 3))
    try:
        assert os.read(fd, 10) == b"".join(pieces)
        assert os.fstat(fd).st_nlink == 0
        assert not list(spool.iterdir())
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("pieces", "error"),
    [([b"abc", b"d"], RequestError), ([b"a", None], ClientGoneError), ([None], ClientGoneError)],
)
def test_a_bad_body_leaves_no_open_file(pieces: list[bytes | None], error: type[Exception]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(error):
        asyncio.run(received(_receive(pieces), 3))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "PATIENCE", 0.05)
    with pytest.raises(RequestError) as caught:
        asyncio.run(received(_receive([b"a"] * 100, pause=0.01), 1000))
    assert caught.value.status == 408
