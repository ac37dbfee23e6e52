"""Groups of commands: a wrong name gets a suggestion."""

from collections.abc import Mapping
from typing import Final, NoReturn

import click

ARGUMENTS: Final = "dicomtx.arguments"
"""The key of a context's ``meta`` that has the whole command line, for reports."""


class Group(click.Group):
    """A group of commands that suggests the right name for a wrong one.

    Attributes:
        meant: maps other names that people try to commands.
    """

    meant: Mapping[str, str] = {}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the first argument names, and the other arguments.

        Raises:
            click.UsageError: there is no such command; the message suggests one.
        """
        is_name = bool(args) and not args[0].startswith("-") and not ctx.resilient_parsing
        if is_name and self.get_command(ctx, args[0]) is None:
            self.unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def unknown(self, ctx: click.Context, name: str) -> NoReturn:
        """Raises ``click.UsageError`` for a command that does not exist."""
        from difflib import get_close_matches  # noqa: PLC0415 - 5 ms for wrong names only

        names = self.list_commands(ctx)
        other = self.meant.get(name.lower())
        near = [other] if other else get_close_matches(name.lower(), names, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(names)}"
        raise click.UsageError(f"unknown command '{name}': {hint}", ctx)
