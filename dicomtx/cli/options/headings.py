"""Options under headings: ``--help`` lists each option under its subject."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import click
from click.core import augment_usage_errors

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound=Callable[..., Any])
OTHER: Final = "Options"
HEADINGS: Final = (
    *("Modification", "Output", "Fixtures", "Selection", "Pixel data", "Lossy", "Verification"),
    *("Policy", "Comparison", "Codecs", "Network", "Resources", "Resume", "Reports", OTHER),
)
"""In the order in which ``--help`` shows them."""
HYPHENATED: Final = re.compile(r" (\S*\w-)\n( +)(?=\w)")
"""The end of a line after a hyphen: click breaks lines there."""
RANGE: Final = re.compile(r"  \[x>=\d+\]|; x>=\d+(?=\])")


class Decorator(Protocol):
    """Adds an option to a function or a command."""

    def __call__(self, function: Function, /) -> Function:
        """Returns the same function or command."""


class Option(click.Option):
    """An option with a heading.

    Args:
        heading: one of ``HEADINGS``.
        shown: the default as the help shows it, if click does not know it.
        former: a name of earlier versions, which still works but is not in the help.
        bare: the value if the command line has none; any other is joined, as in --option=VALUE.
    """

    def __init__(
        self,
        *args: Any,
        heading: str,
        shown: str = "",
        former: str = "",
        bare: str = "",
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading
        self.shown = shown
        self.former = former
        self.bare = bare

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Adds the names to the parser, and the former one."""
        names = self.opts
        self.opts = [*names, self.former] if self.former else names
        super().add_to_parser(parser, ctx)
        self.opts = names

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Returns the names and the help text, without ranges that say nothing new."""
        record = super().get_help_record(ctx)
        if not record:
            return None
        names, text = record
        names = names.replace(" [=", "[=")
        return names, f"{self.help}  [default: {self.shown}]" if self.shown else RANGE.sub("", text)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns what a shell offers as the value."""
        return super().shell_complete(ctx, incomplete) or _offered(self, ctx, incomplete)


class Argument(click.Argument):
    """An argument that names files: shells complete their names."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns what a shell offers as the value."""
        return super().shell_complete(ctx, incomplete) or _offered(self, ctx, incomplete)


class Command(click.Command):
    """A command whose help has its options under headings."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the arguments. All errors know the command, so that they can name its help."""
        args = _with_bare_values(self.params, args)
        with augment_usage_errors(ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Returns the help; lines do not end within a name."""
        return unbroken(super().get_help(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options."""
        for heading, rows in under_headings(self.get_params(ctx), ctx).items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def _with_bare_values(parameters: Iterable[click.Parameter], args: list[str]) -> list[str]:
    """Returns the arguments. An option that has a bare value never takes the next argument."""
    bare = [one for one in parameters if isinstance(one, Option) and one.bare]
    joined = {name: f"{name}={one.bare}" for one in bare for name in (*one.opts, one.former)}
    ends = args.index("--") if "--" in args else len(args)
    return [joined.get(arg, arg) if arg else arg for arg in args[:ends]] + args[ends:]


def unbroken(text: str) -> str:
    """Returns a help text without lines that end within a name such as ``no-salvage``."""
    return HYPHENATED.sub(r"\n\2\1", text)


def option(heading: str, *names: str, **attributes: Any) -> Decorator:
    """Returns a decorator that adds an option under a heading."""
    return click.option(*names, cls=Option, heading=heading, **attributes)


def argument(name: str, metavar: str, **attributes: Any) -> Decorator:
    """Returns a decorator that adds an argument for paths."""
    return click.argument(name, cls=Argument, metavar=metavar, **attributes)


def under_headings(
    parameters: Iterable[click.Parameter], context: click.Context
) -> dict[str, list[tuple[str, str]]]:
    """Returns the options and their help texts by heading, in the order of ``HEADINGS``."""
    rows: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record and isinstance(parameter, click.Option):  # newest click lists arguments, too
            rows[getattr(parameter, "heading", OTHER)].append(record)
    return {heading: listed for heading, listed in rows.items() if listed}


def _offered(
    parameter: click.Parameter, context: click.Context, incomplete: str
) -> "list[CompletionItem]":
    from dicomtx.cli.options.values import offered  # noqa: PLC0415 - only shells need it

    return offered(parameter, context, incomplete)
