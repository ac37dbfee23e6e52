"""Completion of commands and transfer syntaxes in bash, zsh and fish."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dicomtx.cli import COMMANDS, main
from dicomtx.cli.output.shells import SHELLS
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import slugs
from tests.shell import Shell

ERASE_LINE = "\x15"


def complete(shell: str, words: str, incomplete: str = "") -> list[str]:
    """Returns what the shell is offered behind these words."""
    count = len(words.split())
    environ = os.environ | {
        "_DICOMTX_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words if shell == "fish" else f"{words} {incomplete}",
        "COMP_CWORD": incomplete if shell == "fish" else str(count),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dicomtx"], env=environ, capture_output=True, check=True
    )
    assert done.stderr == b""
    lines = done.stdout.decode().splitlines()
    return [line.split("\t")[1] for line in lines if line.startswith("plain\t")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_are_offered(shell: str) -> None:
    assert complete(shell, "dicomtx") == list(COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_slug_and_alias_is_offered_behind_to(shell: str) -> None:
    assert complete(shell, "dicomtx convert a b --to") == list(slugs())


def test_only_slugs_that_begin_so_are_offered() -> None:
    assert complete("bash", "dicomtx convert --to", "jpeg-ls") == [
        "jpeg-ls-lossless",
        "jpeg-ls-near-lossless",
    ]


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ("dicomtx batch a b --best-of", "rle,jpeg-ls-l", ["rle,jpeg-ls-lossless"]),
        ("dicomtx convert a b --fallback", "rle,deflated-i", ["rle,deflated-image-frame"]),
        ("dicomtx convert a b --to =", "jpeg-ls-n", ["jpeg-ls-near-lossless"]),  # bash splits
        ("dicomtx convert --codec", "g", ["gdcm"]),
        ("dicomtx export media a b --profile", "STD-GEN-CF-JP", ["STD-GEN-CF-JPEG"]),
        ("dicomtx export archive a b --layout", "orthanc-", ["orthanc-1.13"]),
        ("dicomtx convert a b --verify", "i", ["independent"]),
        ("dicomtx export", "m", ["media"]),
    ],
)
def test_values_are_offered_also_after_a_comma(
    words: str, incomplete: str, offered: list[str]
) -> None:
    assert complete("bash", words, incomplete) == offered


def test_policies_of_the_settings_file_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[[policy.archive.rule]]\nto = 'rle'\n")
    monkeypatch.setenv("DICOMTX_CONFIG", str(file))
    assert complete("bash", "dicomtx convert a b --policy") == ["archive"]


@pytest.mark.parametrize("shell", list(SHELLS))
def test_each_shell_gets_its_script(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == ExitCode.DONE
    script = capfd.readouterr().out
    assert f"_DICOMTX_COMPLETE={shell}_complete" in script.replace("E fish", "E=fish")
    assert main(["completion", "tcsh"]) == ExitCode.USAGE


def test_bash_completes_names_of_files_and_values_as_they_are_typed(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "ct one.dcm").write_bytes(b"")
    environ = {**os.environ, "PS1": "> ", "TERM": "dumb", "HOME": str(tmp_path)}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    with Shell(["bash", "--norc", "--noprofile", "-i"], str(tmp_path), environ) as bash:
        bash.press('eval "$(dicomtx completion bash)"; echo rea""dy\n')
        bash.wait_for("ready")
        for typed, completed in (
            ("dicomtx convert im\tct\t", "images/ct\\ one.dcm "),
            ("dicomtx convert a b --config im\t", "images/"),
            ("dicomtx batch a b --best-of rle,jpeg-ls-l\t", "rle,jpeg-ls-lossless "),
            ("dicomtx convert a b --to=jpeg-ls-n\t", "--to=jpeg-ls-near-lossless "),
        ):
            bash.press(typed)
            bash.wait_for(completed)
            bash.press(ERASE_LINE)
