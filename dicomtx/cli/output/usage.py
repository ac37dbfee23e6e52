"""The messages of usage errors."""

import click


def text(error: click.ClickException) -> str:
    """Returns what is wrong with the command line, and where the help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "dicomtx"
    said = _without_value(error) or error.format_message().replace("\n\t", " ").rstrip(".")
    return f"{said} (see '{command} --help')"


def _without_value(error: click.ClickException) -> str:
    """Returns the message for an option without its value, with the values that it takes."""
    if not isinstance(error, click.BadOptionUsage) or error.ctx is None:
        return ""
    for parameter in error.ctx.command.params:
        if error.option_name in parameter.opts and isinstance(parameter.type, click.Choice):
            return f"{error.option_name} needs a value: {', '.join(parameter.type.choices)}"
    return ""
