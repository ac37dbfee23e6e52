"""The command line: finds and runs a command, and returns its exit code."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Final, NoReturn

import click

from dicomtx.cli.options.commands import ARGUMENTS, Group
from dicomtx.cli.output.console import ClosedPipeError, Console, opened
from dicomtx.deferred_signals import Handler, after_imports
from dicomtx.errors import DicomtxError, ExitCode, SettingsError

# name: (module, help); the module has the command as an attribute of this name
COMMANDS: Final = {
    "convert": ("dicomtx.cli.convert", "Convert one file to another transfer syntax."),
    "batch": ("dicomtx.cli.batch", "Convert directory trees; resume interrupted runs."),
    "modify": ("dicomtx.cli.modify", "Change elements and UIDs of files, and record the old ones."),
    "watch": ("dicomtx.cli.watch", "Convert files as they arrive in a folder."),
    "plan": ("dicomtx.cli.plan", "Show what a conversion would do, and why; write nothing."),
    "policy": ("dicomtx.cli.policy", "Check policies and explain their decisions."),
    "negotiate": (
        "dicomtx.cli.network.negotiate",
        "Show in which syntax files would be sent to a peer.",
    ),
    "export": (
        "dicomtx.cli.export",
        "Write files to one archive, or to media with a DICOMDIR.",
    ),
    "info": ("dicomtx.cli.info", "Show what files are and what their pixel data contains."),
    "compare": (
        "dicomtx.cli.compare",
        "Compare the pixels and elements of two files.",
    ),
    "fixtures": ("dicomtx.cli.fixtures", "Make test files in every transfer syntax."),
    "send": ("dicomtx.cli.network.send", "Send files by C-STORE, by STOW-RS, or to Orthanc."),
    "pull": ("dicomtx.cli.network.pull", "Retrieve a study from a peer, and convert it."),
    "receive": (
        "dicomtx.cli.network.receive",
        "Receive files from other systems by DICOM C-STORE.",
    ),
    "route": (
        "dicomtx.cli.network.route",
        "Receive, transcode and forward instances, with a queue.",
    ),
    "queue": ("dicomtx.cli.network.queue", "List, retry or drop the deliveries of a spool."),
    "serve": ("dicomtx.cli.serve", "Keep dicomtx loaded, so that commands start at once."),
    "shims": (
        "dicomtx.cli.installation.shims",
        "Install executables such as gdcmconv that run dicomtx.",
    ),
    "codecs": (
        "dicomtx.cli.installation.codecs",
        "Show which codec decodes and encodes which syntax.",
    ),
    "config": ("dicomtx.cli.installation.config", "Show the settings and where they come from."),
    "completion": (
        "dicomtx.cli.installation.completion",
        "Print the completion script of a shell.",
    ),
    "doctor": ("dicomtx.cli.installation.doctor", "Test the codecs; show what a bug report needs."),
}
FACES: Final = (
    *("gdcmconv", "dcmconv", "dcmcjpeg", "dcmdjpeg", "dcmcjpls", "dcmdjpls", "dcmcrle", "dcmdrle"),
)
"""Commands that take the arguments of the tools of these names (``dicomtx.cli.faces``)."""
COMPLETION: Final = "_DICOMTX_COMPLETE"
COLOR: Final = "DICOMTX_COLOR"
WHEN: Final = ("auto", "always", "never")
EPILOG: Final = (
    "Run 'dicomtx COMMAND --help' for the options of a command. For completion in bash, add this "
    "line to ~/.bashrc (for zsh and fish see 'dicomtx completion --help'):\n\n"
    '\b\neval "$(dicomtx completion bash)"'
)

MEANT: Final = {
    **dict.fromkeys(
        ("compress", "decompress", "transcode", "recompress"),
        "convert' for a file, or 'batch' for a folder, with '--to SYNTAX",
    ),
    **dict.fromkeys(("explain", "why"), "policy explain"),
    **dict.fromkeys(("dicomdir", "media"), "export media"),
    **dict.fromkeys(("zip", "archive"), "export archive"),
    **dict.fromkeys(("storescu", "dcmsend", "store", "push"), "send"),
    **dict.fromkeys(("dump", "show", "dcmdump", "gdcminfo"), "info"),
    **dict.fromkeys(("dcmodify", "edit", "set"), "modify"),
    "diff": "compare",
    "orthanc": "plan SRC --orthanc FILE",
    "help": "--help",
    "version": "--version",
}
"""Other names that people try, and what they could mean."""


class Commands(Group):
    """The commands of ``COMMANDS``; imports only the one that runs."""

    meant = MEANT
    for_path = "Use 'dicomtx convert {path} DST', or 'dicomtx info {path}'"

    def alone(self, ctx: click.Context) -> NoReturn:
        """Ends a command line without a command: prints the help."""
        click.echo(ctx.get_help())
        ctx.exit()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Returns the names in the order of the table."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Returns the command, imported now."""
        if cmd_name in FACES:
            from dicomtx.cli.faces.command import face  # noqa: PLC0415 - only faces need it

            return face(cmd_name)
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return _with_color(command)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        with formatter.section("Commands that take the arguments of these tools"):
            formatter.write_text(", ".join(FACES))


def _with_color(command: click.Command) -> click.Command:
    """Adds ``--color`` to a command and its subcommands, so that it can be anywhere on the line."""
    for one in (command, *getattr(command, "commands", {}).values()):
        if not any(parameter.name == "color" for parameter in one.params):
            one.params.append(_color_option())
    return command


def _color_option() -> click.Option:
    """Returns the option ``--color``, which applies to the console."""

    def choose(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value:
            context.obj.colours = value

    return click.Option(
        ["--color"],
        type=click.Choice(WHEN),
        is_eager=True,  # also for errors in the other options
        expose_value=False,
        callback=choose,
        help=f"When to use colours; see also {COLOR}, NO_COLOR and FORCE_COLOR.  [default: auto]",
    )


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    *("-V", "--version"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _parameter, asked: asked and _show_version(context),
    help="Show the versions of dicomtx and its libraries, and exit.",
)
def dicomtx() -> None:
    """Transcode DICOM files: change the transfer syntax, verify the result, change nothing else."""


_with_color(dicomtx)


def _show_version(context: click.Context) -> NoReturn:
    """Prints the versions and exits."""
    from dicomtx.codecs.versions import lines  # noqa: PLC0415 - 20 ms that only --version needs

    click.echo("\n".join(lines()))
    context.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # 45 ms less to import numpy
    with opened() as console, _orderly_termination():
        return int(_run(sys.argv[1:] if arguments is None else arguments, console))


def _run(arguments: Sequence[str], console: Console) -> int:
    """Runs one command and returns the exit code."""
    try:
        instruction = os.environ.get(COMPLETION)
        if instruction:
            from dicomtx.cli.output.shells import complete  # noqa: PLC0415 - only shells need it

            return complete(dicomtx, instruction)
        console.colours = _colours()
        with dicomtx.make_context("dicomtx", list(arguments), obj=console) as context:
            context.meta[ARGUMENTS] = arguments
            return dicomtx.invoke(context) or ExitCode.DONE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a bug is shown with its traceback
        return _failed(error, console)


def _colours() -> str:
    """Returns when to use colours, if no option says so.

    Raises:
        SettingsError: DICOMTX_COLOR has a value that is not allowed.
    """
    value = os.environ.get(COLOR) or WHEN[0]
    if value not in WHEN:
        raise SettingsError(f"{COLOR}: {value!r} is not allowed: use one of {', '.join(WHEN)}")
    return value


def _failed(error: BaseException, console: Console) -> int:
    """Prints the error and returns the exit code. Only a bug takes more than one line."""
    match error:
        case click.exceptions.Exit(exit_code=code):
            return code
        case click.ClickException():
            from dicomtx.cli.output import usage  # noqa: PLC0415 - only wrong command lines need it

            text, code = usage.text(error), ExitCode.USAGE
        case ClosedPipeError(exit_code=code):
            return code
        case DicomtxError(exit_code=code, lines=lines):
            for line in lines:
                console.note(line, "error")
            text = str(error)
        case KeyboardInterrupt(args=hints):
            text, code = ": ".join(("interrupted", *hints)), ExitCode.INTERRUPTED
        case _:
            import traceback  # noqa: PLC0415 - only bugs need it

            console.error("".join(traceback.format_exception(error)).rstrip())
            text, code = "this is a bug in dicomtx: please report the lines above", ExitCode.BUG
    console.note(text, "error")
    return code


@contextmanager
def _orderly_termination() -> Iterator[None]:
    """Turns SIGTERM and SIGINT into exceptions, so that partial output is removed."""

    def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(ExitCode.TERMINATED)

    handlers: dict[signal.Signals, Handler] = {signal.SIGTERM: terminate}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not if it is ignored
        handlers[signal.SIGINT] = signal.default_int_handler
    before = [(n, signal.signal(n, after_imports(handler))) for n, handler in handlers.items()]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
