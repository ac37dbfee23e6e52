"""The command line reference in README.md, made from the commands themselves.

``python -m dicomtx.cli.reference`` prints it, ``--check README.md`` fails if the file has
another, ``--write README.md`` puts it there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from dicomtx.cli import COMMANDS, dicomtx

BEGIN: Final = "<!-- cli-reference -->"
END: Final = "<!-- /cli-reference -->"
WIDTH: Final = 78  # what click takes on a terminal of 80 columns


def sections() -> Iterator[str]:
    """Yields the help of the program and of each command, as Markdown."""
    root = click.Context(
        dicomtx, info_name="dicomtx", terminal_width=WIDTH, **dicomtx.context_settings
    )
    yield _section(root)
    for name in COMMANDS:
        command = dicomtx.get_command(root, name)
        if command:
            yield from _sections(click.Context(command, root, name, terminal_width=WIDTH))


def _sections(context: click.Context) -> Iterator[str]:
    """Yields the help of a command, and of those below it."""
    yield _section(context)
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            yield from _sections(click.Context(command, context, name, terminal_width=WIDTH))


def _section(context: click.Context) -> str:
    return f"### `{context.command_path}`\n\n```text\n{context.get_help()}\n```\n"


def replaced(text: str) -> str:
    """Returns the text with the reference between its two markers.

    Raises:
        click.ClickException: a marker is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise click.ClickException(f"the lines {BEGIN} and {END} are missing")
    reference = "\n".join(sections())
    return f"{before}{BEGIN}\n\n{reference}\n{END}{after}"


@click.command()
@click.option("--check", type=click.Path(path_type=Path), help="Fail if this file has another.")
@click.option("--write", type=click.Path(path_type=Path), help="Put it into this file.")
def main(check: Path | None, write: Path | None) -> None:
    """Print, check or write the reference."""
    if check and replaced(check.read_text("utf-8")) != check.read_text("utf-8"):
        raise click.ClickException(f"{check} is behind: python -m dicomtx.cli.reference --write")
    if write:
        write.write_text(replaced(write.read_text("utf-8")), "utf-8")
    if not check and not write:
        click.echo("\n".join(sections()))


if __name__ == "__main__":
    main()
