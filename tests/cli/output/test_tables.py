"""Tables: nothing is cut off, at any width."""

import sys
from io import StringIO

import pytest

from dicomtx.cli.output import tables
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.terminal import Styled
from tests.screen import screen

HEADER = ("File", "Action", "From", "To", "Why")
UID = "1.2.840." * 7
ROWS = [
    ("in/ct.dcm", "encode", "explicit-vr-little-endian", "jpeg-ls-lossless", "by imagecodecs"),
    ("in/rt/dose.dcm", "refuse", "implicit-vr-little-endian", "-", f"cannot hold {UID} " * 3),
]
WORDS = sorted(" ".join(word for row in [HEADER, *ROWS] for word in row if word != "-").split())


@pytest.mark.parametrize("columns", [None, 200, 120, 100, 80, 70, 60, 40, 20])
def test_no_width_cuts_a_word_off(columns: int | None) -> None:
    shown = " ".join(tables.lines(ROWS, HEADER, columns)).split()
    assert [word for word in WORDS if word not in shown and f"{word}:" not in shown] == []


@pytest.mark.parametrize("columns", [100, 80, 60, 40])
def test_lines_are_not_longer_than_the_terminal_unless_a_word_is(columns: int) -> None:
    for line in tables.lines(ROWS, HEADER, columns):
        assert len(line) <= columns or line.strip() == UID


def test_without_a_terminal_each_row_is_one_line() -> None:
    lines = list(tables.lines(ROWS, HEADER))
    assert len(lines) == 3
    assert lines[0].index("Why") == lines[1].index("by imagecodecs")
    assert lines[2].endswith(UID)


def test_a_reason_that_does_not_fit_has_lines_of_its_own() -> None:
    rows = [(*ROWS[0][:4], "it has no pixel data to compress"), ROWS[0]]
    assert list(tables.lines(rows, HEADER, 80)) == [
        "File       Action  From                       To                Why",
        "in/ct.dcm  encode  explicit-vr-little-endian  jpeg-ls-lossless",
        "    it has no pixel data to compress",
        "in/ct.dcm  encode  explicit-vr-little-endian  jpeg-ls-lossless  by imagecodecs",
    ]


def test_a_last_column_with_room_is_wrapped_in_its_place() -> None:
    lines = list(tables.lines([("Elements", "word " * 20)], (), 60))
    assert [line[:15] for line in lines] == ["Elements  word ", f"{'':10}word "]
    assert max(map(len, lines)) <= 60


def test_if_the_columns_do_not_fit_each_row_is_a_paragraph() -> None:
    assert list(tables.lines(ROWS[:1], HEADER, 60)) == [
        "File",
        "in/ct.dcm",
        "    Action: encode  From: explicit-vr-little-endian",
        "    To: jpeg-ls-lossless",
        "    Why: by imagecodecs",
    ]


def test_cells_can_be_empty_or_wide() -> None:
    assert list(tables.lines([("山田", ""), ("b", "c")])) == ["山田", "b     c"]


def shown(monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    """Returns what is seen of a table on a terminal of 80 columns."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm", "COLUMNS": "80"} | environ).items():
        monkeypatch.setenv(name, value)
    rows = [("Verdict", Styled("they differ", "error")), ("[red]\x1b[2J", "[/nonsense]")]
    seen: list[str] = []
    with screen(seen) as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        tables.show(Console(StringIO(), 0), rows)
    return seen[0]


def test_verdicts_have_a_colour_and_labels_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch).startswith("Verdict       \x1b[31mthey differ\x1b[0m\r\n")
    assert "\x1b" not in shown(monkeypatch, NO_COLOR="1")


def test_cells_are_no_control_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[red]\\x1b[2J  [/nonsense]" in shown(monkeypatch)
