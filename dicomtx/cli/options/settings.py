"""Parameters that more than one command has."""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from dicomtx import transfer_syntaxes
from dicomtx.errors import SettingsError, UsageError
from dicomtx.settings import (
    GOALS,
    HIGH_BITS,
    ORDERS,
    OVERLAYS,
    PALETTES,
    UIDS,
    bytes_of,
    checked,
    load,
)
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class SyntaxType(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A transfer syntax by slug, alias, PS3.6 keyword or UID."""

    name = "syntax"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> TransferSyntax:
        """Returns the syntax, or fails with the names that come close."""
        if isinstance(value, TransferSyntax):
            return value
        try:
            return transfer_syntaxes.find(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> "list[CompletionItem]":
        """Returns the slugs and aliases that begin so."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only shells need it

        names = transfer_syntaxes.slugs()
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class SyntaxCommand(click.Command):
    """A command whose help ends with the names of the transfer syntaxes, none of them broken."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the names, wrapped between but never within them."""
        from textwrap import wrap  # noqa: PLC0415 - only help needs it

        with formatter.section("SYNTAX is a keyword of PS3.6, a UID, or one of"):
            names = ", ".join(transfer_syntaxes.slugs())
            for line in wrap(names, formatter.width - 2, break_on_hyphens=False):
                formatter.write(f"  {line}\n")
        super().format_epilog(ctx, formatter)


def _names(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """Returns the slugs of syntaxes given as one text with commas."""
    if value is None:
        return None
    try:
        return tuple(transfer_syntaxes.find(name.strip()).name for name in value.split(","))
    except UsageError as error:
        raise click.BadParameter(str(error)) from error


def _bytes(_context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Returns the number of bytes that a text such as "2G" means."""
    if value is None:
        return None
    try:
        return bytes_of(str(parameter.opts[0]), value)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


def _two_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Returns a decorator that adds several options for one setting."""

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


SETTINGS: Final = {
    "order": click.option("--order", type=click.Choice(ORDERS), help="Which codecs come first."),
    "codecs": click.option(
        "--codec",
        "codecs",
        metavar="NAME",
        multiple=True,
        help="Only this codec; several are tried in the order given.",
    ),
    "verify": _two_options(
        click.option(
            "--verify",
            metavar="HOW",
            help="Decode the result again and compare: all frames (the default), independent"
            " (by another code base, or fail), sample=5% (of the frames), or none.",
        ),
        click.option("--no-verify", "verify", flag_value="none", help="The same as --verify none."),
    ),
    "strict": click.option(
        "--strict/--no-strict",
        default=None,
        help="Make it an error to keep a file as it is, or to go beyond the standard.",
    ),
    "fallback": click.option(
        "--fallback",
        metavar="SYNTAX[,SYNTAX]",
        callback=_names,
        help="Taken in this order where the image cannot be in the syntax wanted.",
    ),
    "keep_colour_space": click.option(
        "--keep-colour-space/--to-rgb",
        default=None,
        help="Leave decoded lossy JPEG in YBR_FULL; turned into RGB by default.",
    ),
    "overlays": click.option(
        "--overlays",
        type=click.Choice(OVERLAYS),
        help="Overlay planes in unused bits, when encoding: extract by default.",
    ),
    "high_bits": click.option(
        "--high-bits",
        type=click.Choice(HIGH_BITS),
        help="Bits above Bits Stored, when decoding or encoding: keep by default; mask clears.",
    ),
    "threads": click.option(
        "--threads",
        type=click.IntRange(0),
        metavar="N",
        help="Frames of a file that are worked on at once; one for each CPU by default.",
    ),
    "max_memory": click.option(
        "--max-memory",
        metavar="BYTES",
        callback=_bytes,
        help="What the frames at work may take together, such as 2G; 3/4 of memory by default.",
    ),
    "salvage": click.option(
        "--salvage/--no-salvage",
        default=None,
        help="Write what can be had of a damaged file; it is not called verified.",
    ),
    "force_native": click.option(
        "--force-native/--no-force-native",
        default=None,
        help="Convert native Pixel Data that holds code streams; refused by default.",
    ),
    "repair": click.option(
        "--repair/--no-repair",
        default=None,
        help="Write fragments, offset tables and labels anew, code streams as they are.",
    ),
    "quality": click.option(
        "--quality", type=int, metavar="1..100", help="Lossy: as JPEG has it; 90 by default."
    ),
    "near": click.option(
        "--near", type=int, metavar="N", help="Lossy: the largest error of a sample."
    ),
    "ratio": click.option(
        "--ratio", type=float, metavar="R", help="Lossy: native size to compressed size, at least."
    ),
    "psnr": click.option(
        "--psnr", type=float, metavar="DB", help="Lossy: at least, over the range of the values."
    ),
    "max_error": click.option(
        "--max-error", type=int, metavar="N", help="Lossy: as --near, by any syntax."
    ),
    "reversible": click.option(
        "--reversible/--irreversible",
        default=None,
        help="Lossless in a lossy syntax that can be so (jpeg2000: 5-3); not marked as lossy.",
    ),
    "min_psnr": click.option(
        "--min-psnr",
        type=float,
        metavar="DB",
        help="Lossy: a frame below fails the file; 30 by default.",
    ),
    "palette": click.option(
        "--palette",
        type=click.Choice(PALETTES),
        help="Lossy: refuse PALETTE COLOR (keep, by default), or make RGB of it.",
    ),
    "allow_generation_loss": click.option(
        "--allow-generation-loss/--no-generation-loss",
        default=None,
        help="Lossy over what has been lossy before.",
    ),
    "allow_lossy_class": click.option(
        "--allow-lossy-class/--no-lossy-class",
        default=None,
        help="Lossy on segmentations, doses and parametric maps.",
    ),
    "uid": click.option(
        "--uid",
        type=click.Choice(UIDS),
        help="SOP Instance UID of a lossy result: auto and new are random, derived repeatable.",
    ),
}
LOSSY: Final = (
    *("quality", "near", "ratio", "psnr", "max_error", "reversible", "min_psnr"),
    *("palette", "allow_generation_loss", "allow_lossy_class", "uid"),
)


def _check_given(given: Mapping[str, Any]) -> None:
    """Raises ``UsageError`` if an option's value is wrong, or says nothing to the target."""
    context = click.get_current_context()
    for name, value in given.items():
        if value is not None:
            try:
                checked(f"--{name.replace('_', '-')}", name, value)
            except SettingsError as error:
                raise click.UsageError(str(error)) from error
    target = context.params.get("target")
    by_option = context.get_parameter_source("target") is ParameterSource.COMMANDLINE
    goal = next((name for name in GOALS if given.get(name) is not None), "")
    if not goal or not by_option or not isinstance(target, TransferSyntax):
        return
    if not target.lossy or target.uid == transfer_syntaxes.RECOMPRESSION:
        raise click.UsageError(
            f"--{goal.replace('_', '-')} is for a lossy target: {target.name} loses nothing"
        )


def settings_options(*names: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Adds ``--config`` and the options of these settings; the command gets all as ``settings``."""

    def add_options(command: Callable[..., int]) -> Callable[..., int]:
        @click.option("--config", metavar="FILE", help="Settings file, in place of the user's own.")
        @wraps(command)
        def with_settings(*args: Any, config: str | None, **options: Any) -> int:
            given = {name: options.pop(name) for name in names}
            if "codecs" in given:
                given["codecs"] = given["codecs"] or None  # click gives () for none
            _check_given(given)
            return command(*args, settings=load(config, os.environ, **given), **options)

        wrapped = with_settings
        for name in reversed(names):
            wrapped = SETTINGS[name](wrapped)
        return wrapped

    return add_options
