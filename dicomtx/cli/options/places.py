"""The destination: ``-o`` or the last argument, and whether existing files are overwritten."""

import os
from collections.abc import Sequence

import click

from dicomtx.cli.options.headings import Decorator, option


def output_option(metavar: str, text: str) -> Decorator:
    """Returns a decorator that adds ``-o`` as the parameter ``output``, empty by default."""
    return option("Output", "-o", "--output", metavar=metavar, default="", help=text)


def overwrite_option(text: str) -> Decorator:
    """Returns a decorator that adds ``-f`` and ``--overwrite``."""
    return option("Output", "-f", "--overwrite", is_flag=True, help=text)


def dry_run_option(text: str = "Show what would be done, and why. Write nothing.") -> Decorator:
    """Returns a decorator that adds ``-n`` and ``--dry-run``."""
    return option("Output", "-n", "--dry-run", is_flag=True, help=text)


def sources_and_output(paths: Sequence[str], output: str) -> tuple[tuple[str, ...], str]:
    """Returns the sources and the destination: ``output`` if given, otherwise the last path.

    Raises:
        click.UsageError: the destination is in the memory of a process.
    """
    *sources, destination = (*paths, output) if output or not paths else paths
    return tuple(sources), lasting(destination)


def lasting(destination: str) -> str:
    """Returns a destination that is still there when the command has ended.

    Raises:
        click.UsageError: it is in the memory of a process.
    """
    if destination.startswith("memory://"):
        raise click.UsageError(
            f"{destination}: the results would be lost when the command ends. Write to a folder, or"
            " to a store such as s3://"
        )
    return destination


def check_in_place(sources: Sequence[str], output: str) -> None:
    """Checks that all arguments are sources of ``--in-place``.

    Several files are fine, because the shell expands ``*.dcm``. But a folder after another argument
    could be meant as the destination, and its files would be overwritten.

    Raises:
        click.UsageError: there is a destination, or there could be one.
    """
    if output:
        raise click.UsageError("-o and --in-place contradict each other")
    if len(sources) > 1 and not os.path.isfile(sources[-1]):
        raise click.UsageError(
            f"--in-place overwrites the files of SRC and takes no DST: {sources[-1]}."
            " To convert several folders in place, list them on standard input (-)"
        )
