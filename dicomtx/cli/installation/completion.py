"""``dicomtx completion``: prints the script that lets a shell complete commands and values."""

from typing import Final

import click

from dicomtx.cli.options.headings import Command
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode

HELP: Final = """Print the script that completes commands, options, values and file names.

\b
bash, in ~/.bashrc:
  eval "$(dicomtx completion bash)"
zsh, in ~/.zshrc, after compinit:
  eval "$(dicomtx completion zsh)"
fish, in ~/.config/fish/config.fish:
  dicomtx completion fish | source
"""


@click.command(cls=Command, help=HELP, short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(console: Console, /, shell: str) -> int:
    """Prints the completion script of a shell."""
    from dicomtx.cli.output.shells import script  # noqa: PLC0415 - a command imports its work

    console.result(script(shell))
    return ExitCode.DONE
