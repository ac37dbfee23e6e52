"""``dicomtx fixtures`` on the command line."""

import json
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode


def test_it_says_how_many_files_it_made(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["fixtures", "--synthetic", "mr", "--to", "rle,jpeg-baseline", out]) == 0
    assert capfd.readouterr().out == f"{out}: 1 files; 1 left out, see MANIFEST.json\n"
    assert main(["fixtures", "--synthetic", "mr", "--to", "rle", out]) == ExitCode.DESTINATION


def test_a_dry_run_shows_what_a_run_makes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    asked = ["fixtures", "--synthetic", "ct", "--to", "rle,jpeg-xl", "--defect", "all", out]
    assert main([*asked, "--json", "-n"]) == 0
    planned = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert not Path(out).exists()
    assert main([*asked, "--json"]) == 0
    done = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [one["file"] for one in planned] == [one["file"] for one in done]
    assert [one for one in planned if "reason" in one] == [one for one in done if "reason" in one]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["out"], "add SRC, or --synthetic KIND"),
        ([], "OUT is missing"),
        (["--synthetic", "ct", "-"], "OUT is a folder"),
        (["--synthetic", "ctt", "out"], "--synthetic ctt: use ct, mr,"),
        (["--synthetic", "ct", "--vary", "bitz", "out"], "unknown variation; use one of bits,"),
        (["--synthetic", "ct", "--vary", "bits=40", "out"], "use numbers from 1 to 32"),
        (["--synthetic", "ct", "--vary", "sign=plus", "out"], "use one of unsigned, signed"),
        (["--synthetic", "ct", "--defect", "cut", "out"], "--defect cut: use truncated,"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fixtures", *arguments]) == ExitCode.USAGE
    assert message in capfd.readouterr().err
    assert not list(tmp_path.iterdir())
