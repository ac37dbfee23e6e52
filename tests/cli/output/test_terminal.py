"""Terminals: their width, their colours, and lines that fit."""

import io
import os
import pty

import pytest

from dicomtx.cli.output import terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert terminal.width(io.StringIO()) is None
    assert terminal.width(Screen()) == 60


@pytest.mark.parametrize("columns", ["", "0", "-3", "wide"])
def test_a_width_that_is_unknown_is_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal.width(Screen()) == terminal.USUAL


def test_a_terminal_knows_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        os.system(f"stty cols 71 < {os.ttyname(stream.fileno())}")
        assert terminal.width(stream) == 71
    os.close(ours)


@pytest.mark.parametrize(
    ("environ", "wanted", "piped", "on_terminal"),
    [
        ({}, "auto", False, True),
        ({"NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": ""}, "auto", False, True),
        ({"FORCE_COLOR": "1"}, "auto", True, True),
        ({"TERM": "dumb"}, "auto", False, False),
        ({"NO_COLOR": "1"}, "always", True, True),
        ({"FORCE_COLOR": "1"}, "never", False, False),
    ],
)
def test_colours_follow_the_option_the_environment_and_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    wanted: str,
    *,
    piped: bool,
    on_terminal: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm"} | environ).items():
        monkeypatch.setenv(name, value)
    assert terminal.is_coloured(io.StringIO(), wanted) is piped
    assert terminal.is_coloured(Screen(), wanted) is on_terminal


def test_lines_break_at_spaces_and_keep_units_with_their_numbers() -> None:
    text = "ct.dcm: 39.2 kB -> 20.7 kB, in 0.42 s"
    assert list(terminal.folded(text, 23, "  ")) == ["ct.dcm: 39.2 kB ->", "  20.7 kB, in 0.42 s"]
    assert list(terminal.folded(text, None)) == [text]


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert list(terminal.folded(f"UID {'1.' * 30} is long", 20)) == ["UID", "1." * 30, "is long"]


@pytest.mark.parametrize(
    ("text", "columns"), [("ct", 2), ("Müller", 6), ("山田", 4), ("e\u0301", 1)]
)
def test_wide_characters_take_two_columns(text: str, columns: int) -> None:
    assert terminal.cells(text) == columns
