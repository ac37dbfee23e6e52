"""The options that say what to change in data sets."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from dicomtx.cli.options.headings import option
from dicomtx.errors import SettingsError

if TYPE_CHECKING:
    from dicomtx.dicom.modification.modification import Change, Level, Modification, Verb

VERBS: "Final[tuple[tuple[Verb, str], ...]]" = (
    ("set", "assigned"),
    ("replace", "replaced"),
    ("remove", "removed"),
)
LEVELS: Final = ("patient", "study", "series", "instance")
MODIFICATION: Final = (
    option(
        *("Modification", "--set", "assigned"),
        metavar="KEYWORD=VALUE",
        multiple=True,
        help="Set an element, also in files that do not have it. KEYWORD is of PS3.6, a tag"
        " (gggg,eeee), or a path such as Seq[0].Keyword. Repeatable.",
    ),
    option(
        *("Modification", "--replace", "replaced"),
        metavar="KEYWORD=VALUE",
        multiple=True,
        help="Set an element only in files that have it. Repeatable.",
    ),
    option(
        *("Modification", "--remove", "removed"),
        metavar="KEYWORD",
        multiple=True,
        help="Remove an element. Repeatable.",
    ),
    option(
        *("Modification", "--level"),
        type=click.Choice(LEVELS),
        default="study",
        show_default=True,
        help="What gets new UIDs: the studies (also for patient), only the series, or only the"
        " instances. Everything below gets new UIDs, too.",
    ),
    option(
        *("Modification", "--keep-uids"),
        is_flag=True,
        help="Keep the UIDs of studies, series and instances.",
    ),
    option(
        *("Modification", "--reason"),
        type=click.Choice(["correct", "coerce"]),
        default="correct",
        show_default=True,
        help="The reason recorded with the old values: they were wrong, or a system needs others.",
    ),
)


def modification_of(options: dict[str, Any]) -> "Modification":
    """Returns the modification that the options ask for.

    Raises:
        click.UsageError: a change is not possible, or nothing is changed.
    """
    from dicomtx.dicom.modification.parsing import modification  # noqa: PLC0415 - brings pydicom

    try:
        made = modification(tuple(_changes(options)), _level(options))
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    if not made.changes and options["keep_uids"]:
        raise click.UsageError("nothing to modify: use --set, --replace or --remove")
    return made._replace(reason=options["reason"].upper())


def _changes(options: dict[str, Any]) -> "Iterator[Change]":
    """Yields the changes; errors begin with the option.

    Raises:
        SettingsError: a change is not possible.
    """
    from dicomtx.dicom.modification.parsing import assigned, change  # noqa: PLC0415

    for verb, name in VERBS:
        for text in options[name]:
            try:
                yield change("remove", text) if verb == "remove" else assigned(verb, text)
            except SettingsError as error:
                raise SettingsError(f"--{verb} {text}: {error}") from error


def _level(options: dict[str, Any]) -> "Level":
    """Returns what gets new UIDs.

    Raises:
        click.UsageError: two options contradict each other.
    """
    context = click.get_current_context()
    by_option = context.get_parameter_source("level") is ParameterSource.COMMANDLINE
    if by_option and options["keep_uids"]:
        raise click.UsageError("--level and --keep-uids contradict each other")
    if options["settings"].uid == "keep" and not options["keep_uids"]:
        raise click.UsageError("--uid keep also needs --keep-uids")
    level: Level = "" if options["keep_uids"] else options["level"]
    return level
