"""Groups of commands: a wrong name gets a suggestion, and a missing one the help."""

import os
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import click
from click.core import augment_usage_errors

from dicomtx.errors import ExitCode

ARGUMENTS: Final = "dicomtx.arguments"
"""The key of a context's ``meta`` that has the whole command line, for reports."""


class Group(click.Group):
    """A group of commands that suggests the right name for a wrong one.

    Attributes:
        meant: maps other names that people try to what they could mean.
        for_path: what to use if a path is in the place of the command; ``{path}`` is the path.
    """

    meant: Mapping[str, str] = {}
    for_path = ""

    def __init__(
        self,
        *args: Any,
        for_path: str = "",
        meant: Mapping[str, str] | None = None,
        **attributes: Any,
    ) -> None:
        attributes |= {"callback": self._invoked, "invoke_without_command": True}
        super().__init__(*args, **attributes)
        self.subcommand_metavar = "COMMAND [ARGS]..."
        self.for_path = for_path or self.for_path
        self.meant = meant or self.meant

    def _invoked(self) -> None:
        context = click.get_current_context()
        if context.invoked_subcommand is None:
            self.alone(context)

    def alone(self, ctx: click.Context) -> NoReturn:
        """Ends a command line without a command: prints the help as an error."""
        ctx.obj.error(ctx.get_help())
        ctx.exit(ExitCode.USAGE)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the arguments. All errors know the command, as those of ``Command`` do."""
        with augment_usage_errors(ctx):
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the first argument names, and the other arguments.

        Raises:
            click.UsageError: there is no such command; the message suggests one.
        """
        is_name = bool(args) and not args[0].startswith("-") and not ctx.resilient_parsing
        if is_name and self.get_command(ctx, args[0]) is None:
            self._unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def _unknown(self, ctx: click.Context, name: str) -> NoReturn:
        """Raises ``click.UsageError`` for a command that does not exist."""
        from difflib import get_close_matches  # noqa: PLC0415 - 5 ms for wrong names only

        if self.for_path and (os.path.splitext(name)[1] or os.sep in name or os.path.exists(name)):
            raise click.UsageError(
                f"'{name}' is not a command. {self.for_path.format(path=name)}", ctx
            )
        names = self.list_commands(ctx)
        other = self.meant.get(name.lower())
        near = [other] if other else get_close_matches(name.lower(), names, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(names)}"
        raise click.UsageError(f"unknown command '{name}': {hint}", ctx)
