"""Generates share/: the man pages, from the commands, and the completion scripts of the shells.

``python -m scripts.share --write share`` updates the folder, which the wheel installs. ``--check
share`` fails if a file differs, is missing, or is not generated.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from dicomtx.cli import dicomtx
from dicomtx.cli.output.shells import script
from scripts.cli_reference import commands
from scripts.generated import folder_command

PLACES: Final = {
    "bash": "bash-completion/completions/dicomtx",
    "fish": "fish/vendor_completions.d/dicomtx.fish",
    "zsh": "zsh/site-functions/_dicomtx",
}
NO_WRAPPING: Final = "\b"  # click: the paragraph keeps its lines
LONGEST: Final = 200  # characters of a short help


class Roff(click.HelpFormatter):
    """Writes what click formats as ``--help`` in the language of man pages (groff_man(7))."""

    def write(self, string: str) -> None:
        """Writes text as it is, line by line."""
        for line in string.splitlines():
            if line.strip():
                self.request(f"{escaped(line.strip())}\n.br")

    def request(self, line: str) -> None:
        """Writes a line of roff."""
        self.buffer.append(line + "\n")

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002 - click's signature
        """Writes the command in bold, and its arguments."""
        self.request(f".B {escaped(prog)}\n{escaped(args.strip())}")

    def write_heading(self, heading: str) -> None:
        """Writes the heading of options that belong together."""
        self.request(f".SS {escaped(heading)}")

    def write_paragraph(self) -> None:
        """Writes nothing: headings and texts start paragraphs."""

    def write_text(self, text: str) -> None:
        """Writes paragraphs; those that must not be wrapped keep their lines."""
        for paragraph in re.split(r"\n\s*\n", text.strip()):
            self.request(".PP")
            if paragraph.startswith(NO_WRAPPING):
                lines = map(escaped, paragraph.removeprefix(NO_WRAPPING).strip("\n").splitlines())
                self.request("\n".join((".nf", *lines, ".fi")))
            else:
                self.request(escaped(" ".join(paragraph.split())))

    def write_dl(
        self,
        rows: Iterable[tuple[str, str]],
        col_max: int = 30,  # noqa: ARG002 - click's signature
        col_spacing: int = 2,  # noqa: ARG002 - click's signature
    ) -> None:
        """Writes options, or commands, each with its help."""
        for name, text in rows:
            self.request(f".TP\n.B {escaped(name)}\n{escaped(text)}")


def escaped(text: str) -> str:
    """Returns text that roff prints as it is."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + plain if plain.startswith((".", "'")) else plain


def files() -> dict[str, str]:
    """Returns the text of each file, by its path below share."""
    root = click.Context(dicomtx, info_name="dicomtx", **dicomtx.context_settings)
    contexts = list(commands(root))
    pages = {_name(context): _page(context, contexts) for context in contexts}
    made = {os.path.join("man", "man1", f"{name}.1"): text for name, text in pages.items()}
    return made | {path: script(shell) + "\n" for shell, path in PLACES.items()}


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _page(context: click.Context, contexts: Sequence[click.Context]) -> str:
    """Returns the man page of one command."""
    command, name, roff = context.command, _name(context), Roff()
    summary = command.get_short_help_str(LONGEST).rstrip(".")
    roff.request(f'.TH "{escaped(name.upper())}" 1 "" "dicomtx" "dicomtx"')
    roff.request(f".SH NAME\n{escaped(name)} \\- {escaped(summary)}")
    roff.request(".SH SYNOPSIS")
    command.format_usage(context, roff)
    roff.request(".SH DESCRIPTION")
    command.format_help_text(context, roff)
    roff.request(".SH OPTIONS")
    command.format_options(context, roff)
    notes = Roff()
    command.format_epilog(context, notes)
    if notes.buffer:
        roff.request(f".SH NOTES\n{notes.getvalue()}".rstrip())
    others = ", ".join(f"{escaped(other)}(1)" for other in _related(name, map(_name, contexts)))
    roff.request(f".SH SEE ALSO\n{others}")
    return roff.getvalue()


def _related(name: str, names: Iterable[str]) -> Iterator[str]:
    """Yields the pages of the command above this one, and of those below it."""
    above = name.rpartition("-")[0]
    yield from (other for other in names if other == above or other.rpartition("-")[0] == name)


main = folder_command(files, "scripts.share")

if __name__ == "__main__":
    main()
