"""``dicomtx shims``: executables with the names of other tools that run dicomtx."""

import os
import shlex
import sys
from collections.abc import Iterator
from typing import Final

import click

from dicomtx.cli import FACES
from dicomtx.cli.options.commands import Group
from dicomtx.cli.options.headings import Command, argument, option
from dicomtx.cli.output.console import Console
from dicomtx.errors import DestinationError, ExitCode

MARK: Final = "# A shim of dicomtx: see 'dicomtx shims --help'."
LONGEST: Final = 4096  # bytes to look for the mark in


@click.group(
    cls=Group,
    short_help="Install executables such as gdcmconv that run dicomtx.",
    for_path="Use 'dicomtx shims install DIR'",
)
def shims() -> None:
    """Install executables such as gdcmconv and dcmcjpeg that run dicomtx.

    If DIR is first on PATH, scripts that call these tools run dicomtx instead, without a change.
    See 'dicomtx gdcmconv --help' for what each tool does then.
    """


@shims.command(cls=Command, short_help="Write the executables to a folder.")
@argument("folder", metavar="DIR")
@argument("tools", metavar="[TOOL]...", nargs=-1, type=click.Choice(FACES))
@option("Output", "-f", "--overwrite", is_flag=True, help="Overwrite files of other programs.")
@click.pass_obj
def install(console: Console, /, folder: str, tools: tuple[str, ...], *, overwrite: bool) -> int:
    """Write an executable for each TOOL, or for all, to the folder DIR.

    Each runs 'dicomtx TOOL' with the Python that runs this command.
    """
    folder = os.path.abspath(folder)
    paths = {name: os.path.join(folder, name) for name in tools or FACES}
    foreign = [path for path in paths.values() if os.path.lexists(path) and not _is_shim(path)]
    if foreign and not overwrite:
        raise DestinationError(
            f"{foreign[0]} exists, and is not a shim of dicomtx: use another DIR, or -f"
        )
    try:
        os.makedirs(folder, exist_ok=True)
        for name, path in paths.items():
            _write(path, name)
            console.result(f"{path}: runs dicomtx {name}")
    except OSError as error:
        raise DestinationError(f"{error.filename or folder}: {error.strerror}") from error
    for text in _hidden(paths):
        console.note(f"warning: {text}", "warning")
    return ExitCode.DONE


@shims.command(cls=Command, short_help="Remove the executables from a folder.")
@argument("folder", metavar="DIR")
@click.pass_obj
def uninstall(console: Console, /, folder: str) -> int:
    """Remove the executables that 'dicomtx shims install' wrote to the folder DIR.

    Files of other programs stay.
    """
    for path in _installed(folder):
        try:
            os.unlink(path)
        except OSError as error:
            raise DestinationError(f"{path}: {error.strerror}") from error
        console.result(f"{path}: removed")
    return ExitCode.DONE


@shims.command("list", cls=Command, short_help="List the executables in a folder.")
@argument("folder", metavar="DIR")
@click.pass_obj
def list_(console: Console, /, folder: str) -> int:
    """List the executables that 'dicomtx shims install' wrote to the folder DIR."""
    for path in _installed(folder):
        console.result(path)
    return ExitCode.DONE


def _installed(folder: str) -> list[str]:
    paths = (os.path.join(os.path.abspath(folder), name) for name in FACES)
    return [path for path in paths if _is_shim(path)]


def _is_shim(path: str) -> bool:
    """Returns whether dicomtx wrote the file."""
    try:
        with open(path, "rb") as file:
            return MARK.encode() in file.read(LONGEST)
    except OSError:
        return False


def _script(name: str) -> str:
    """Returns the text of a shim. ``-P`` keeps the working directory out of Python's path."""
    python = shlex.quote(os.path.abspath(sys.executable))
    return f'#!/bin/sh\n{MARK}\nexec {python} -P -m dicomtx {name} "$@"\n'


def _write(path: str, name: str) -> None:
    """Writes a shim under its final name at once: a script may run it at this moment."""
    part = f"{path}.{os.getpid()}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(_script(name))
        os.replace(part, path)
    except OSError:
        os.unlink(part)
        raise


def _hidden(paths: dict[str, str]) -> Iterator[str]:
    """Yields a warning if PATH leads to other programs."""
    from shutil import which  # noqa: PLC0415 - 5 ms that only this command needs

    others = [(name, found) for name, path in paths.items() if (found := which(name)) != path]
    if others:
        name, found = others[0]
        place = os.path.dirname(next(iter(paths.values())))
        instead = f"{name} is {found}" if found else f"{name} is not on PATH"
        yield f"{instead}: put {place} first on PATH"
