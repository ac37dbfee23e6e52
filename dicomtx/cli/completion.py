"""``dicomtx completion``: prints the script that lets a shell complete commands and values."""

import click

from dicomtx.cli.options.headings import Command
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode


@click.command(cls=Command, short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(console: Console, /, shell: str) -> int:
    """Print the script that completes commands, options, syntaxes and file names.

    bash: add eval "$(dicomtx completion bash)" to ~/.bashrc. zsh: add eval "$(dicomtx completion
    zsh)" to ~/.zshrc, after compinit. fish: add dicomtx completion fish | source to config.fish.
    """
    from dicomtx.cli.output.shells import script  # noqa: PLC0415 - a command imports its work

    console.result(script(shell))
    return ExitCode.DONE
