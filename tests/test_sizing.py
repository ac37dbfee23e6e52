"""The sizing table of docs/scale.md is what the script computes."""

from pathlib import Path

import pytest

from benchmarks import sizing

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"


def test_the_page_has_the_table_of_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    sizing.main([])
    assert capsys.readouterr().out in PAGE.read_text()


def test_the_options_change_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    sizing.main(["--seconds", "0.1", "--bytes", "1e6", "--ratio", "2"])
    first = capsys.readouterr().out.splitlines()[2]
    assert first.startswith("| 10^6 | 16 | 110 min | 1.0 TB | 500 GB | 160 | 16 |")
