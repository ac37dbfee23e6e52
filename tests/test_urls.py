"""URLs, and what must not be shown of them."""

import pytest

from dicomtx.errors import UsageError
from dicomtx.urls import checked, reason_of, without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sftp://me:pass@host/a.dcm: no", "sftp://me@host/a.dcm: no"),
        ("s3://key:a/b+c=@bucket/a.dcm", "s3://key:a/b+c=@bucket/a.dcm"),  # no password: a slash
        ("https://h/a?X-Amz-Signature=1f&b=2 failed", "https://h/a failed"),
        ("'https://h/a?sig=1', 'b?c'", "'https://h/a', 'b?c'"),
        ("abfs://container@account/a.dcm", "abfs://container@account/a.dcm"),
        ("in/a?b.dcm", "in/a?b.dcm"),
    ],
)
def test_secrets_are_left_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize("url", ["sftp://me:pass@host/a", "s3://key:secret@bucket/a"])
def test_a_password_in_a_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(url)
    assert "pass@" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_user_in_a_url_is_not_a_password() -> None:
    assert checked("sftp://me@host/a") == "sftp://me@host/a"


def test_reasons_are_one_line_without_secrets() -> None:
    error = OSError("403\n for https://h/a?sig=1")
    assert reason_of(error) == "403 for https://h/a"
    assert reason_of(OSError()) == "OSError"
    assert reason_of(FileNotFoundError("b/a")) == "no such object"
