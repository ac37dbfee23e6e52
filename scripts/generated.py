"""The command line of the scripts that generate a file of this repository."""

from collections.abc import Callable
from pathlib import Path

import click


def command(text: Callable[[], str], script: str) -> click.Command:
    """Returns a command that prints, checks or writes a generated file.

    Args:
        text: returns the content of the file.
        script: the name of the script, for the message about a file that differs.
    """

    @click.command()
    @click.option("--check", type=click.Path(path_type=Path), help="Fail if this file differs.")
    @click.option("--write", type=click.Path(path_type=Path), help="Update this file.")
    def main(check: Path | None, write: Path | None) -> None:
        """Print, check or write a generated file."""
        made = text()
        if check and check.read_text("utf-8") != made:
            raise click.ClickException(
                f"{check} is out of date: python -m {script} --write {check}"
            )
        if write:
            write.write_text(made, "utf-8")
        if not check and not write:
            click.echo(made, nl=False)

    return main
