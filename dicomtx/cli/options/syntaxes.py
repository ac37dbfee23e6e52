"""Transfer syntaxes on the command line: option types, and the list of names in the help."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from dicomtx import transfer_syntaxes
from dicomtx.cli.options.headings import Command, Decorator, option
from dicomtx.comma_list import comma_list
from dicomtx.errors import UsageError
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class SyntaxType(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A transfer syntax by slug, alias, PS3.6 keyword or UID."""

    name = "syntax"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> TransferSyntax:
        """Returns the syntax, or fails and suggests similar names."""
        if isinstance(value, TransferSyntax):
            return value
        try:
            return transfer_syntaxes.find(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> "list[CompletionItem]":
        """Returns the slugs and aliases that start with ``incomplete``."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only shells need it

        names = transfer_syntaxes.slugs()
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class SyntaxListType(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """Transfer syntaxes separated by commas."""

    name = "syntaxes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[TransferSyntax, ...]:
        """Returns the syntaxes, at least one."""
        if isinstance(value, tuple):
            return value
        found = tuple(SyntaxType().convert(name, param, ctx) for name in comma_list(str(value)))
        return found or self.fail("name at least one transfer syntax", param, ctx)


class SyntaxCommand(Command):
    """A command whose help ends with the names of the transfer syntaxes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the names; no line breaks within a name."""
        from textwrap import wrap  # noqa: PLC0415 - only help needs it

        def write(text: str) -> None:
            for line in wrap(text, formatter.width - 2, break_on_hyphens=False):
                formatter.write(f"  {line}\n")

        with formatter.section("SYNTAX is a keyword of PS3.6, a UID, or one of"):
            write(", ".join(syntax.slug for syntax in transfer_syntaxes.TABLE if syntax.slug))
        with formatter.section("Short names, all of lossless syntaxes"):
            for text in _short_names():
                write(text)
        super().format_epilog(ctx, formatter)


def _short_names() -> Iterator[str]:
    """Yields the short names of each syntax, and its name."""
    found: dict[str, list[str]] = {}
    for short, slug in transfer_syntaxes.SPELLINGS.items():
        found.setdefault(slug, []).append(short)
    yield from (f"{', '.join(names)}: {slug}" for slug, names in found.items())


def to_option(text: str, **attributes: Any) -> Decorator:
    """Returns a decorator that adds ``--to`` as the parameter ``target``."""
    names = ("--to", "target")
    return option("Output", *names, type=SyntaxType(), metavar="SYNTAX", help=text, **attributes)
