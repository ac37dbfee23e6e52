"""The commands of the faces, made from their tables."""

from collections.abc import Iterator
from importlib import import_module

import click
from click.core import augment_usage_errors

from dicomtx.cli.faces.row import Row, Tool
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode
from dicomtx.version import __version__

MARKS = {"used": "", "no effect": "[no effect] ", "refused": "[not supported] "}


class Face(click.Command):
    """A command that reads its line as the tool does."""

    def __init__(self, tool: Tool) -> None:
        super().__init__(tool.name, short_help=tool.text, add_help_option=False)
        self.tool = tool

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leaves the line to the table."""
        ctx.args = list(args)
        return ctx.args

    def invoke(self, ctx: click.Context) -> int:
        """Converts the file, and returns the exit code.

        Raises:
            click.UsageError: the line is wrong.
        """
        from dicomtx.cli.faces.command_line import given  # noqa: PLC0415 - a command imports its work
        from dicomtx.cli.faces.run import run  # noqa: PLC0415

        console: Console = ctx.obj
        with augment_usage_errors(ctx):
            line = given(self.tool, ctx.args)
        if not ctx.args or line.choices.get("show") == "help":
            console.result(self.get_help(ctx))
            return ExitCode.DONE if ctx.args else ExitCode.USAGE
        if line.choices.get("show") == "version":
            console.result(
                f"{self.name}: dicomtx {__version__}, with the options of {self.tool.version}"
            )
            return ExitCode.DONE
        with augment_usage_errors(ctx):
            return run(console, self.tool, line)

    def format_help(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        """Writes the table."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] SRC DST")
        formatter.write_paragraph()
        formatter.write_text(f"{self.tool.text} It overwrites DST, as {self.name} does.")
        for section in self.tool.sections:
            with formatter.section(section.title):
                formatter.write_dl(list(_records(section.rows)))


def _records(rows: tuple[Row, ...]) -> Iterator[tuple[str, str]]:
    for row in rows:
        yield row.shown, MARKS[row.meaning] + row.text


def face(name: str) -> Face:
    """Returns the command of a tool."""
    return Face(import_module(f"dicomtx.cli.faces.{name}").TOOL)
