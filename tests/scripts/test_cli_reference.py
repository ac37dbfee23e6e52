"""docs/cli.md describes every command and every option, each shared option once."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dicomtx.cli import COMMANDS, dicomtx
from scripts.cli_reference import main, page


def test_it_has_every_command_and_every_option() -> None:
    text = page()
    context = dicomtx.make_context("dicomtx", [], resilient_parsing=True)
    for name in COMMANDS:
        command = dicomtx.get_command(context, name)
        assert command
        _has(text, f"dicomtx {name}", command)


def _has(text: str, name: str, command: click.Command) -> None:
    """Asserts that the reference has a command, or all subcommands of a group."""
    assert f"## `{name}`" in text
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            _has(text, f"{name} {below}", inner)
        return
    section = text.split(f"## `{name}`\n")[1].split("\n## ", maxsplit=1)[0]
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    assert all(any(name in section for name in option.opts) for option in options)


@pytest.mark.parametrize("option", ["--order", "--psnr", "--policy", "--include"])
def test_a_shared_option_is_described_once(option: str) -> None:
    own, shared = page().split("## Shared options\n")
    assert f"\n  {option} " not in own
    assert shared.count(f"\n  {option} ") == 1


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    context = dicomtx.make_context("dicomtx", [], resilient_parsing=True)
    for name, (_, text) in COMMANDS.items():
        command = dicomtx.get_command(context, name)
        assert command
        assert command.short_help == text


def test_written_then_checked(tmp_path: Path) -> None:
    file = tmp_path / "cli.md"
    file.write_text("old\n")
    assert CliRunner().invoke(main, ["--check", str(file)]).exit_code == 1
    assert CliRunner().invoke(main, ["--write", str(file)]).exit_code == 0
    assert CliRunner().invoke(main, ["--check", str(file)]).exit_code == 0
    text = file.read_text()
    assert text.startswith("# Command reference\n")
    file.write_text(text.replace("--overwrite", "--overwritten"))
    assert CliRunner().invoke(main, ["--check", str(file)]).exit_code == 1


def test_the_width_of_the_terminal_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page()
    monkeypatch.setenv("COLUMNS", "50")
    assert page() == before
