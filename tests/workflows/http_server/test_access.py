"""Only the programs of this machine get in, or those that know the token."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from dicomtx.errors import SettingsError, UsageError
from dicomtx.workflows.http_server.access import Access, Address, read_token

TOKEN = b"0123456789abcdef"


def _status(access: Access, **headers: str) -> int:
    refusal = access.refusal([(n.encode(), v.encode()) for n, v in headers.items()])
    return refusal[0] if refusal else 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "127.0.0.1:8765"}, 200),
        ({"host": "LOCALHOST"}, 200),
        ({"host": "[::1]:8765"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example:8765"}, 403),
        ({"host": "[::1].evil.example"}, 403),
        ({"host": "127.0.0.1:8765:x"}, 403),
        ({"host": ""}, 403),
        ({}, 403),
        ({"host": "127.0.0.1", "origin": "http://127.0.0.1:8765"}, 403),
        ({"host": "127.0.0.1", "origin": "null"}, 403),
    ],
)
def test_on_loopback_web_pages_are_kept_out(headers: dict[str, str], status: int) -> None:
    assert _status(Access("127.0.0.1"), **headers) == status


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer 0123456789abcdef", 200),
        ("bearer  0123456789abcdef ", 200),
        ("Bearer 0123456789abcdeF", 401),
        ("Bearer 0123456789abcde", 401),
        ("Bearer", 401),
        ("Basic 0123456789abcdef", 401),
        ("Bearer \xff", 401),
        ("", 401),
    ],
)
def test_a_token_must_be_sent(authorization: str, status: int) -> None:
    access = Access("0.0.0.0", TOKEN)
    assert _status(access, host="example.org", authorization=authorization) == status


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:8765", ("127.0.0.1", 8765), True),
        ("localhost:1", ("127.0.0.1", 1), True),
        ("[::1]:80", ("::1", 80), True),
        ("0.0.0.0:80", ("0.0.0.0", 80), False),
        ("[::]:80", ("::", 80), False),
        ("[::ffff:10.0.0.1]:80", (str(ip_address("::ffff:10.0.0.1")), 80), False),
    ],
)
def test_an_address_is_on_loopback_or_not(
    text: str, address: tuple[str, int], *, loopback: bool
) -> None:
    found = Address.parse(text)
    assert (found, found.is_loopback) == (address, loopback)


@pytest.mark.parametrize("text", ["", "8765", "example.org:80", "127.0.0.1:x", "127.0.0.1:65536"])
def test_other_addresses_are_usage_errors(text: str) -> None:
    with pytest.raises(UsageError):
        Address.parse(text)


@pytest.mark.parametrize(
    ("mode", "content", "why"),
    [(0o644, TOKEN, "chmod 600"), (0o640, TOKEN, "chmod 600"), (0o600, b"short", "at least")],
)
def test_a_token_that_is_no_secret_is_refused(
    tmp_path: Path, mode: int, content: bytes, why: str
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(SettingsError, match=why):
        read_token(str(file))


def test_a_token_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_bytes(TOKEN + b"\n")
    assert read_token(str(file)) == TOKEN
