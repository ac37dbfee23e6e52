import io

import pytest

from dicomtx.cli.output import frames_bar as module
from dicomtx.cli.output.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_long_work_on_a_terminal_shows_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    with module.frames_bar(Console(terminal, -1), "us[1].dcm", quiet=False) as progress:
        assert progress
        progress(3, 120)
    assert "us[1].dcm" in terminal.getvalue()
    assert "3 of 120 frames" in terminal.getvalue()


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with module.frames_bar(Console(terminal, -1), "ct.dcm", quiet=False) as progress:
        assert progress
        progress(3, 120)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nobody_looks_no_bar(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with module.frames_bar(Console(stream, -1), "ct.dcm", quiet=quiet) as progress:
        assert progress is None
