"""Messages that say what to try, and words that stand where they belong."""

import os
import signal
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.cli.output.batch_run import _one_interrupt
from dicomtx.cli.output.dry_run import counts
from dicomtx.errors import ExitCode
from dicomtx.workflows.preview.plan_record import Planned, Sums
from tests import corpus

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("words", [("completion",), ("completion", "tcsh")])
def test_choices_are_on_one_line(capfd: Captured, words: tuple[str, ...]) -> None:
    assert main(words) == ExitCode.USAGE
    told = capfd.readouterr().err
    assert "bash" in told
    assert "fish" in told
    assert "\\n" not in told
    assert "\\t" not in told


def test_a_dry_run_counts_in_the_words_of_a_run() -> None:
    sums = Sums()
    assert counts(sums) == "no files"
    for action, lossy in (("refuse", False), ("encode", True), ("recode", True), ("", False)):
        sums.add(Planned("a", action=action, lossy=lossy))
    assert counts(sums) == "2 would be done (2 LOSSY), 1 refused, 1 failed"


def test_folders_are_compared_file_by_file(tmp_path: Path, capfd: Captured) -> None:
    ct = str(corpus.file("CT_small.dcm"))
    for sides in ((ct, str(tmp_path)), (str(tmp_path), ct)):
        assert main(["compare", *sides]) == ExitCode.SOURCE
        told = capfd.readouterr().err
        assert f"{tmp_path}: is a folder; compare takes two files" in told
        assert "batch" not in told


def test_an_interrupted_batch_says_how_to_go_on() -> None:
    with pytest.raises(KeyboardInterrupt, match="run the same command again"), _one_interrupt():
        os.kill(os.getpid(), signal.SIGINT)


def test_a_policy_without_a_name_of_its_own_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("o.json").write_text("{}")
    for file in ("o.json", str(tmp_path / "o.json")):
        assert main(["policy", "check", file]) == ExitCode.DONE
        assert capfd.readouterr().out == f"{file}: OK\n"
