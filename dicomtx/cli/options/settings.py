"""The options of settings, made from the rows of ``dicomtx.settings``."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from dicomtx.cli.options.headings import option
from dicomtx.errors import SettingsError
from dicomtx.limits import enforce
from dicomtx.settings import FIELDS, GOALS, Field, Settings, is_exact, lacks_goal, load
from dicomtx.settings.targets import check_target
from dicomtx.transfer_syntaxes import RECOMPRESSION, ROOT, TransferSyntax

Decorator = Callable[[Any], Any]

LOSSY: Final[Mapping[str, str]] = {
    "JPEG": "jpeg-baseline",
    "JPEG-LS": "jpeg-ls-near-lossless",
    "HTJ2K": "htj2k",
    "JPEG XL": "jpeg-xl",
}
"""The lossy syntax to suggest by the family of a lossless one; jpeg2000 for others."""
RESTORED: Final = ROOT + ".4.50"
"""JPEG Baseline. jpeg-xl-recompression converts back to it without loss, so only the plan of a
file shows whether a goal is missing."""


def settings_options(command: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Adds ``--config`` and the settings of a command, which receives them as ``settings``."""
    fields = {name: field for name, field in FIELDS.items() if command in field.commands}

    def add_options(function: Callable[..., int]) -> Callable[..., int]:
        @option(
            "Options", "--config", metavar="FILE", help="Settings file, instead of the user's own."
        )
        @wraps(function)
        def with_settings(*args: Any, config: str | None, **options: Any) -> int:
            given = _given({field: options.pop(name) for name, field in fields.items()})
            settings = load(config, os.environ, **given)
            _check_target(settings)
            enforce(settings.limits)
            return function(*args, settings=settings, **options)

        wrapped = with_settings
        for add in reversed([add for field in fields.values() for add in options_of(field)]):
            wrapped = add(wrapped)
        return wrapped

    return add_options


def options_of(field: Field) -> Iterator[Decorator]:
    """Yields the options that set a field: one, or two if it has a shortcut."""
    yield option(
        field.heading,
        field.options,
        field.name,
        default=None,
        type=_type(field),
        metavar=field.metavar or None,
        multiple=field.default == () and not field.parse,
        help=field.help,
        shown=_default(field),
        bare=field.bare,
        former=field.former,
    )
    name, value = field.shortcut
    if name:
        text = f"Same as {field.options} {value}."
        yield option(field.heading, name, field.name, flag_value=value, help=text)


def _type(field: Field) -> Any:
    """Returns click's type; None for switches, and for text that ``Field`` parses."""
    if field.allowed:
        return click.Choice(field.allowed)
    kind = field.kind or type(field.default)
    return None if field.parse or kind not in (int, float) else kind


def _default(field: Field) -> str:
    """Returns the default as the help shows it, empty if there is none."""
    if field.shown or field.default in (None, ()):
        return field.shown
    if isinstance(field.default, bool):
        on, off = (name.removeprefix("--") for name in field.options.split("/"))
        return on if field.default else off
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def _given(options: Mapping[Field, Any]) -> dict[str, Any]:
    """Returns the settings that were given as options, checked.

    Raises:
        click.UsageError: a value is not allowed.
    """
    given = {}
    for field, value in options.items():
        if value in (None, ()):  # click gives () for an option that can be repeated
            continue
        name = field.options.partition("/")[0]
        try:
            read = field.from_text(name, value) if isinstance(value, str) else value
            given[field.name] = field.checked(name, read)
        except SettingsError as error:
            raise click.UsageError(str(error)) from error
    return given


def _check_target(settings: Settings) -> None:
    """Checks that the options fit the target of ``--to``.

    Raises:
        UsageError: an option that does not concern the target, a goal for a lossless target, a
            lossy target without a goal, or a lossy target that would overwrite the source.
    """
    context = click.get_current_context()
    target = context.params.get("target")
    by_option = context.get_parameter_source("target") is ParameterSource.COMMANDLINE
    if not by_option or not isinstance(target, TransferSyntax):
        return
    check_target(context.params, target, option=True)
    if not target.lossy or target.uid == RECOMPRESSION:
        refuse_goal(f"but {target.name} is lossless")
    elif target.uid != RESTORED:
        _check_loss(target, settings, in_place=context.params.get("in_place", False))


def refuse_goal(why: str) -> None:
    """Checks that no option sets a goal, because ``why``: nothing lossy can happen.

    Raises:
        click.UsageError: an option does.
    """
    name, _, value = given_goal().partition(" ")
    if name:
        chosen = click.get_current_context().params.get("target")
        family = chosen.family if isinstance(chosen, TransferSyntax) else ""
        target = "jpeg-ls-near-lossless" if name == "--near" else LOSSY.get(family, "jpeg2000")
        goal = f"{name} {value}".rstrip()
        raise click.UsageError(f"{name} needs a lossy target, {why}. Try --to {target} {goal}")


def given_goal() -> str:
    """Returns the option that sets a goal, or --lossy, with its value; empty if there is none."""
    given = click.get_current_context().params
    goal = next((name for name in ("lossy", *GOALS) if given.get(name)), "")
    if not goal:
        return ""
    value = "" if goal == "lossy" else f" {given[goal]:g}"
    return FIELDS[goal].options.partition("/")[0] + value


def _check_loss(target: TransferSyntax, settings: Settings, *, in_place: bool) -> None:
    """Checks that a lossy conversion is intended, before any file is read."""
    if lacks_goal(target, settings):
        raise click.UsageError(
            f"--to {target.name} is lossy and needs a goal."
            f" Lossless: --to {target.lossless}. Lossy: --to {target.name} --quality 90, or"
            " --psnr, --ratio, --max-error or --near; --lossy for the default quality"
        )
    if in_place and not (is_exact(target, settings) or settings.allow_lossy_in_place):
        raise click.UsageError(
            f"--to {target.name} is lossy and --in-place overwrites the originals. Write to a DST,"
            " or use --allow-lossy-in-place"
        )
