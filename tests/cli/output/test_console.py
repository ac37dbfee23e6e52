"""The console: what native libraries print is kept out, what Python prints is not."""

import os
import sys

import pytest

from dicomtx.cli.output.console import CAPTURED_BYTES, opened
from dicomtx.printable import plain


def test_descriptor_2_is_captured_and_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    with opened() as console:
        os.write(2, b"native\n\nnoise\n")
        os.system("echo of a child >&2")
        assert console.captured() == ["native", "noise", "of a child"]
        console.note("ours")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "dicomtx: ours\nlater\n"


def test_only_the_last_of_much_is_kept() -> None:
    with opened() as console:
        os.write(2, b"first\n" + b"x" * 2 * CAPTURED_BYTES + b"\nlast\xff\n")
        first, *_, last = console.captured()
    assert set(first) == {"x"}
    assert last == "last\ufffd"


def test_what_python_prints_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.stderr
    with opened():
        sys.stderr.write("UserWarning: look here\n")
    assert capfd.readouterr().err == "UserWarning: look here\n"
    assert sys.stderr is before


def test_descriptor_2_is_given_back_after_an_exception(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), opened():
        raise KeyError
    os.write(2, b"back\n")
    assert capfd.readouterr().err == "back\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Müller ^ 山田", "Müller ^ 山田"), ("a\tb\n", "a\\tb\\n"), ("\x1b[2J", "\\x1b[2J")],
)
def test_control_characters_are_escaped_and_letters_are_not(text: str, shown: str) -> None:
    assert plain(text) == shown
