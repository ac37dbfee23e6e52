"""The messages of usage errors: what is wrong, and what to type instead."""

from collections.abc import Iterator, Mapping
from typing import Final

import click

FOREIGN: Final[Mapping[str, str]] = {
    **dict.fromkeys(("--raw", "--decompress", "-w", "-d"), "--to explicit"),
    **dict.fromkeys(("--j2k", "-K"), "--to jpeg2000-lossless"),
    **dict.fromkeys(("--jpegls", "-L"), "--to jpeg-ls-lossless"),
    **dict.fromkeys(("--jpeg", "-J"), "--to jpeg-lossless-sv1"),
    **dict.fromkeys(("--rle", "-R"), "--to rle"),
    **dict.fromkeys(("--implicit", "+ti"), "--to implicit"),
    **dict.fromkeys(("--explicit", "-X"), "--to explicit"),
    "--force": "--overwrite, or --salvage for a damaged file",
    **dict.fromkeys(("-i", "--input"), "the argument SRC"),
    "-r": "a folder with 'dicomtx batch'",
    "--recursive": "a folder with 'dicomtx batch'",
}
"""Options of gdcmconv, DCMTK and other tools, and what does the same here."""


def text(error: click.ClickException) -> str:
    """Returns what is wrong with the command line, and where the help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "dicomtx"
    said = next(_better(error), error.format_message().replace("\n\t", " ").rstrip("."))
    return f"{said} (see '{command} --help')"


def _better(error: click.ClickException) -> Iterator[str]:
    """Yields better messages than that of click, if there are any."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption) and error.option_name in FOREIGN:
        yield f"No such option '{error.option_name}': use {FOREIGN[error.option_name]}"
    if isinstance(error, click.BadOptionUsage) and context:
        for parameter in context.command.params:
            if error.option_name in parameter.opts and isinstance(parameter.type, click.Choice):
                yield f"{error.option_name} needs a value: {', '.join(parameter.type.choices)}"
