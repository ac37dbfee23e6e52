"""Generates docs/cli.md, the command reference, from the commands themselves.

``python -m scripts.cli_reference`` prints the page. ``--check docs/cli.md`` fails if the file
differs, ``--write docs/cli.md`` updates it. An option that several commands share is described
once, in a section of its own.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import click

from dicomtx.cli import COMMANDS, dicomtx
from dicomtx.cli.options.headings import HEADINGS, OTHER, unbroken
from scripts.generated import command

WIDTH: Final = 78  # click's width on a terminal of 80 columns
SHARED: Final = 3  # an option that this many commands have is described once
TITLE: Final = """\
# Command reference

This page is generated from the help of the commands. Options that several commands share are
described once, under [Shared options](#shared-options). `dicomtx COMMAND --help` shows all options
of a command.
"""


class Row(NamedTuple):
    """An option and its help, as ``--help`` shows them under a heading."""

    heading: str
    option: str
    help: str


def page() -> str:
    """Returns the whole page."""
    root = click.Context(dicomtx, info_name="dicomtx", **dicomtx.context_settings)
    contexts = list(commands(root))
    counts = Counter(row for context in contexts for row in _rows(context))
    shared = [row for row, count in counts.items() if count >= SHARED]
    epilogs = dict.fromkeys(_formatted(c.command.format_epilog, c) for c in contexts[1:])
    ending = _formatted(lambda _, formatter: _write_rows(shared, formatter), root)
    sections = [TITLE, *(_section(context, shared) for context in contexts), "## Shared options\n"]
    return "\n".join([*sections, *(_block(text) for text in (ending, *epilogs) if text)])


def commands(context: click.Context) -> Iterator[click.Context]:
    """Yields a command, then its subcommands."""
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in COMMANDS if group is dicomtx else group.commands:
            listed = group.get_command(context, name)
            assert listed
            yield from commands(click.Context(listed, context, name))


def _rows(context: click.Context) -> Iterator[Row]:
    """Yields the options of a command, except ``--help``."""
    for param in context.command.params:
        record = param.get_help_record(context)
        if isinstance(param, click.Option) and record:
            yield Row(getattr(param, "heading", OTHER), *record)


def _section(context: click.Context, shared: list[Row]) -> str:
    """Returns the usage, help and options of one command."""
    rows = list(_rows(context))
    own = [row for row in rows if row not in shared]
    names = [f"`{row.option.split()[0].rstrip(',')}`" for row in rows if row in shared]

    def write(_context: click.Context, formatter: click.HelpFormatter) -> None:
        described = context.command
        described.format_usage(context, formatter)
        described.format_help_text(context, formatter)
        _write_rows(own, formatter)
        if isinstance(described, click.Group):
            described.format_commands(context, formatter)

    text = f"## `{context.command_path}`\n\n{_block(_formatted(write, context))}"
    return f"{text}\n[Shared options](#shared-options): {', '.join(names)}\n" if names else text


def _write_rows(rows: list[Row], formatter: click.HelpFormatter) -> None:
    """Writes options under their headings."""
    for heading in HEADINGS:
        listed = [(row.option, row.help) for row in rows if row.heading == heading]
        if listed:
            with formatter.section(heading):
                formatter.write_dl(listed)


def _formatted(
    write: Callable[[click.Context, click.HelpFormatter], None], context: click.Context
) -> str:
    """Returns what a function writes to a formatter of 80 columns."""
    formatter = click.HelpFormatter(width=WIDTH)
    write(context, formatter)
    return unbroken(formatter.getvalue()).strip("\n")


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"


main = command(page, "scripts.cli_reference")

if __name__ == "__main__":
    main()
