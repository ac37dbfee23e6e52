"""The HTTP status of each ending of a conversion."""

import json
from typing import Any

import pytest

from dicomtx.errors import ExitCode
from dicomtx.workflows.http_server.answer import MOST_HEADER, answer_of


def _printed(status: str, **more: Any) -> str:
    return "dicomtx: warning: something\n" + json.dumps({"status": status} | more) + "\n"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (ExitCode.DONE, "done", 200),
        (ExitCode.DONE, "kept", 204),
        (ExitCode.DONE, "skipped", 204),
        (ExitCode.SOURCE, "failed", 422),
        (ExitCode.UNSUPPORTED, "refused", 422),
        (ExitCode.POLICY, "refused", 422),
        (ExitCode.CODEC, "failed", 422),
        (ExitCode.BUG, "failed", 422),
        (ExitCode.DESTINATION, "failed", 503),
    ],
)
def test_an_outcome_has_its_status(code: int, status: str, expected: int) -> None:
    answer = answer_of(code, _printed(status), late=False)
    assert (answer.status, answer.result) == (expected, status)
    assert answer.body == b"" or json.loads(answer.body)["status"] == status


@pytest.mark.parametrize(
    ("code", "printed", "late", "expected", "error"),
    [
        (2, "dicomtx: a and b (see 'dicomtx convert --help')\n", False, 400, "a and b"),
        (9, "dicomtx: dicomtx.toml: bad\n", False, 500, "dicomtx.toml: bad"),
        (143, "", True, 504, "too long"),
        (-9, "", True, 504, "too long"),
        (143, "", False, 500, "exit code 143"),
        (-11, "", False, 500, "SIGSEGV"),
        (0, '{"status"', False, 500, ""),
    ],
)
def test_a_command_without_an_outcome_is_an_error(
    code: int, printed: str, *, late: bool, expected: int, error: str
) -> None:
    answer = answer_of(code, printed, late=late)
    assert answer.status == expected
    assert error in json.loads(answer.body)["error"]


def test_the_header_is_short_ascii_and_without_the_longest_values() -> None:
    printed = _printed("failed", error="\u00e4" * 5000, warnings=["x" * 3000], path="-")
    answer = answer_of(5, printed, late=False)
    assert len(answer.header) <= MOST_HEADER
    assert json.loads(answer.header) == {"status": "failed", "warnings": ["x" * 3000], "path": "-"}
    assert json.loads(answer.body)["error"] == "\u00e4" * 5000


def test_no_line_end_gets_into_the_header() -> None:
    answer = answer_of(5, _printed("failed", error="one\r\nSet-Cookie: two"), late=False)
    assert b"\n" not in answer.header
    assert b"\r" not in answer.header
