"""The command line of the scripts that generate a file of this repository."""

from collections.abc import Callable, Mapping
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


def folder_command(texts: Callable[[], Mapping[str, str]], script: str) -> click.Command:
    """Returns a command that checks or writes a folder of generated files.

    Args:
        texts: returns the content of each file, by its path in the folder.
        script: the name of the script, for the message about a folder that differs.
    """

    @click.command()
    @click.option("--check", type=click.Path(path_type=Path), help="Fail if this folder differs.")
    @click.option("--write", type=click.Path(path_type=Path), help="Update this folder.")
    def main(check: Path | None, write: Path | None) -> None:
        """Check or write a folder of generated files."""
        made = texts()
        if check and _found(check) != made:
            raise click.ClickException(
                f"{check} is out of date: python -m {script} --write {check}"
            )
        if write:
            for name in _found(write).keys() - made.keys():
                (write / name).unlink()
            for name, text in made.items():
                (write / name).parent.mkdir(parents=True, exist_ok=True)
                (write / name).write_text(text, "utf-8")

    return main


def _found(folder: Path) -> dict[str, str]:
    """Returns the text of each file in a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in paths}
