"""Lists of paths on standard input: empty ones, and ones whose paths end in another way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode

Captured = pytest.CaptureFixture[str]

WAYS = {
    "batch": ("batch", "-", "out"),
    "batch -n": ("batch", "-n", "-", "out"),
    "plan": ("plan", "-", "--to", "rle"),
    "export": ("export", "archive", "-", "out.zip"),
}


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Gives bytes to standard input."""
    monkeypatch.chdir(tmp_path)
    before = os.dup(0)

    def give(data: bytes) -> None:
        reading, writing = os.pipe()
        os.write(writing, data)
        os.close(writing)
        os.dup2(reading, 0)
        os.close(reading)

    yield give
    os.dup2(before, 0)
    os.close(before)


@pytest.mark.parametrize("way", WAYS)
def test_paths_that_end_in_another_way_are_a_usage_error(
    listed: Callable[[bytes], None], capfd: Captured, way: str
) -> None:
    for data in (b"in/a\0in/b\0", b"in/a\0", b"in/a\0in/b\0\n"):
        listed(data)
        assert main(WAYS[way]) == ExitCode.USAGE
        assert "use -0 for lists from find -print0" in capfd.readouterr().err
    for data in (b"in/a\nin/b\n", b"in/a\n"):
        listed(data)
        assert main([*WAYS[way], "-0"]) == ExitCode.USAGE
        assert "the paths end with newlines; leave out -0" in capfd.readouterr().err
    assert not Path("out.zip").exists()


def test_a_name_with_a_newline_is_a_path_of_a_list_with_nul(
    listed: Callable[[bytes], None], capfd: Captured
) -> None:
    Path("a\nb").write_bytes(b"text")
    listed(b"a\nb\0")
    assert main([*WAYS["batch"], "-0"]) == ExitCode.DONE
    assert "1 skipped" in capfd.readouterr().out


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_list_is_not_passed_over_in_silence(
    listed: Callable[[bytes], None], capfd: Captured, way: str
) -> None:
    listed(b"")
    assert main(WAYS[way]) == ExitCode.DONE
    assert "warning: standard input named no files" in capfd.readouterr().err


def test_a_destination_at_another_place_is_explained(
    listed: Callable[[bytes], None], capfd: Captured
) -> None:
    Path("a.dcm").write_bytes(b"")
    listed(b"")
    assert main(["batch", "out", "a.dcm"]) == ExitCode.USAGE
    assert "use -o DST to give it first" in capfd.readouterr().err
    assert main(["batch", "out"]) == ExitCode.USAGE
    assert "add '-': dicomtx batch - out" in capfd.readouterr().err
