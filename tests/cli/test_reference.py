"""The command line reference of README.md is that of the commands."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dicomtx.cli import COMMANDS, dicomtx
from dicomtx.cli.reference import BEGIN, END, main, sections

README = f"before\n{BEGIN}\nold\n{END}\nafter\n"


def test_it_has_every_command_and_every_option() -> None:
    text = "\n".join(sections())
    context = dicomtx.make_context("dicomtx", [], resilient_parsing=True)
    for name in COMMANDS:
        command = dicomtx.get_command(context, name)
        assert command
        _has(text, f"dicomtx {name}", command)


def _has(text: str, name: str, command: click.Command) -> None:
    """Asserts that the reference has a command, or all that a group has."""
    assert f"### `{name}`" in text
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            _has(text, f"{name} {below}", inner)
        return
    options = [option for param in command.params for option in param.opts if option[0] == "-"]
    assert all(option in text for option in options)


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    context = dicomtx.make_context("dicomtx", [], resilient_parsing=True)
    for name, (_, text) in COMMANDS.items():
        command = dicomtx.get_command(context, name)
        assert command
        assert command.short_help == text


def test_written_then_checked(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README)
    assert CliRunner().invoke(main, ["--check", str(readme)]).exit_code == 1
    assert CliRunner().invoke(main, ["--write", str(readme)]).exit_code == 0
    assert CliRunner().invoke(main, ["--check", str(readme)]).exit_code == 0
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "\nold\n" not in text
    readme.write_text(text.replace("--overwrite", "--overwritten"))
    assert CliRunner().invoke(main, ["--check", str(readme)]).exit_code == 1


@pytest.mark.parametrize("text", ["", BEGIN, END])
def test_a_missing_marker_is_told(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    done = CliRunner().invoke(main, ["--write", str(readme)])
    assert done.exit_code == 1
    assert "are missing" in done.output
    assert readme.read_text() == text


def test_the_width_of_the_terminal_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(sections())
    monkeypatch.setenv("COLUMNS", "50")
    assert list(sections()) == before
