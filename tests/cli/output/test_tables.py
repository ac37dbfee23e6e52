"""Tables: plain text in 80 columns, drawn only on a terminal."""

import os
import pty
import sys
from io import StringIO

import pytest

from dicomtx.cli.output import tables
from dicomtx.cli.output.console import Console

ROWS = [("a", "words " * 20), ("long name", "1." * 60)]


def test_columns_are_aligned_and_the_last_one_is_wrapped() -> None:
    lines = tables.aligned(ROWS).splitlines()
    assert [line[:11] for line in lines] == ["a          ", " " * 11, "long name  "]
    assert [len(line) <= tables.WIDTH for line in lines] == [True, True, False]
    assert lines[2].endswith("1.1.")  # a UID stays whole


def test_a_header_is_a_row_of_its_own() -> None:
    assert tables.aligned([("1", "2")], ("one", "two")) == "one  two\n1    2"


def test_a_cell_may_be_empty() -> None:
    assert tables.aligned([("a", ""), ("b", "c")]) == "a\nb  c"


def shown(monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    """Returns what is seen of a table on a terminal of 80 columns."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in ({"TERM": "xterm", "COLUMNS": "80"} | environ).items():
        monkeypatch.setenv(name, value)
    main_side, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        tables.show(Console(StringIO(), 0), [*ROWS, ("[red]\x1b[2J", "[/nonsense]")])
    text = os.read(main_side, 10_000).decode()
    os.close(main_side)
    return text


def test_a_terminal_gets_colour_within_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[36m" in shown(monkeypatch)


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, NO_COLOR="1")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= tables.WIDTH


def test_cells_are_no_markup_and_no_control_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, NO_COLOR="1")
    assert "[red]\\x1b[2J  [/nonsense]" in text
