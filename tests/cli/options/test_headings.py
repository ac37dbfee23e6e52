"""``--help`` lists options under headings, each with its default."""

from collections.abc import Iterator

import click
import pytest

from dicomtx.cli import COMMANDS, dicomtx
from dicomtx.cli.options.headings import OTHER, Command, Option, under_headings
from dicomtx.settings import FIELDS

GENERAL = {"config", "help", "color", "file"}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yields the commands that have options under headings, with their names."""
    root = click.Context(dicomtx)
    for name in COMMANDS:
        command = dicomtx.get_command(root, name)
        inner = command.commands if isinstance(command, click.Group) else {name: command}
        yield from ((n, one) for n, one in inner.items() if isinstance(one, Command))


FOUND = dict(commands())


def test_the_commands_with_many_options_have_headings() -> None:
    names = {"convert", "batch", "plan", "archive", "media", "compare", "negotiate", "codecs"}
    names |= {"info", "completion", "show", "path", "doctor", "check", "explain", "fixtures"}
    names |= {"install", "uninstall", "list", "watch", "receive", "route", "retry", "drop", "send"}
    names |= {"modify", "pull"}
    assert set(FOUND) == names


@pytest.mark.parametrize("name", FOUND)
def test_each_option_is_under_a_heading(name: str) -> None:
    params = [param for param in FOUND[name].params if isinstance(param, click.Option)]
    bare = {param.name for param in params if not isinstance(param, Option)}
    assert bare <= GENERAL
    rows = under_headings(params, click.Context(FOUND[name]))
    assert sum(map(len, rows.values())) == len(params)
    assert list(rows)[-1] == OTHER


@pytest.mark.parametrize("name", FOUND)
def test_each_setting_shows_its_default(name: str) -> None:
    context = click.Context(FOUND[name])
    without = {"fallback", "near", "ratio", "psnr", "max_error"}
    for param in FOUND[name].params:
        record = param.get_help_record(context)
        if param.name in FIELDS and record and param.opts != ["--no-verify"]:
            assert ("[default: " in record[1]) == (param.name not in without), record


def test_the_default_of_a_switch_is_the_name_of_its_position() -> None:
    text = FOUND["convert"].get_help(click.Context(FOUND["convert"], terminal_width=200))
    assert "YBR_FULL, or convert it to RGB.  [default: to-rgb]" in text
    assert "or written in a non-standard way.  [default: no-strict]" in text


def test_headings_come_in_one_order_whatever_the_order_of_the_options() -> None:
    report = Option(["--json"], heading="Reports", help="A.")
    command = Command("made", params=[report, Option(["--out"], heading="Output", help="B.")])
    text = command.get_help(click.Context(command))
    assert text.index("Output:\n  --out") < text.index("Reports:\n  --json") < text.index(OTHER)


def test_the_former_name_of_an_option_works_and_is_not_in_the_help() -> None:
    @click.command(cls=Command)
    @click.option("--new", "value", is_flag=True, cls=Option, heading="Output", former="--old")
    def command(*, value: bool) -> bool:
        return value

    for name in ("--new", "--old"):
        assert command.main([name], standalone_mode=False) is True
    assert "--old" not in command.get_help(click.Context(command))


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("name", FOUND)
def test_no_line_of_help_ends_within_a_name(name: str, columns: int) -> None:
    context = click.Context(FOUND[name], info_name=name, terminal_width=columns)
    lines = FOUND[name].get_help(context).splitlines()
    assert [line for line in lines if line.endswith("-")] == []


def test_help_has_no_ranges_that_say_nothing() -> None:
    context = click.Context(FOUND["compare"], info_name="compare")
    assert "x>=" not in FOUND["compare"].get_help(context)
