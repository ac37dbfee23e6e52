"""Text of unknown origin is one printable line, and no formula."""

import csv
import os
from pathlib import Path

import pytest

from dicomtx.printable import csv_cell
from tests.conftest import Run
from tests.file_trees import small


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b]0;owned\x07", "a\x00b", "\x9b31m", "\u202egpj", "\x7f"]
)
def test_no_cell_has_a_control_character(text: str) -> None:
    for value in (text, [text], [text, {"reason": text}], {"options": text}):
        cell = csv_cell(value)
        assert isinstance(cell, str)
        assert cell.isprintable(), cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), ({}, ""), ((), ""), (3, 3), (1.5, 1.5), (True, True), (["a", "b"], "a; b")],
)
def test_values_are_shown_as_they_are(value: object, cell: object) -> None:
    assert csv_cell(value) == cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "|", "%"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert str(csv_cell(f"{start}1"))[0] == "'"


def test_names_with_escapes_reach_no_csv(run: Run, tmp_path: Path) -> None:
    name = "\x1b[31mred\x1b[0m.dcm"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(small(1))
    report = tmp_path / "r.csv"
    assert run("batch", tmp_path / "in", tmp_path / "out", "--report", report).returncode == 0
    planned = run("plan", tmp_path / "in", "--to", "rle", "--csv")
    for raw in (report.read_bytes(), planned.stdout):
        assert b"\x1b" not in raw
        row = next(csv.DictReader(raw.decode().splitlines()))
        assert os.path.basename(row["path"]) == "\\x1b[31mred\\x1b[0m.dcm"
