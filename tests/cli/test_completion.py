"""Completion of commands and transfer syntaxes in bash, zsh and fish."""

import os
import subprocess
import sys

import pytest

from dicomtx.cli import COMMANDS
from dicomtx.transfer_syntaxes import slugs


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
    if shell == "zsh":  # type, value and help on a line each
        return lines[1::3]
    return [line.split("\t")[0].split(",")[1] for line in lines]  # type, value and, in fish, help


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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    environ = os.environ | {"_DICOMTX_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [sys.executable, "-m", "dicomtx"], env=environ, capture_output=True, check=False
    )
    assert b"_DICOMTX_COMPLETE" in done.stdout
