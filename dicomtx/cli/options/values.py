"""What completion offers as the value of an option or argument, by its metavar or its name."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FILES: Final = frozenset({"FILE", "PATH", "DST", "OUT", "DICOM", "NAME|FILE", "[=PERCENT]"})
FOLDERS: Final = frozenset({"DIR"})
SYNTAXES: Final = frozenset({"SYNTAX,SYNTAX", "SYNTAX[,SYNTAX]"})


def offered(
    parameter: click.Parameter, context: click.Context, incomplete: str
) -> "list[CompletionItem]":
    """Returns the values that begin with ``incomplete``; else file names, if it takes them."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only shells need it

    metavar = parameter.metavar or ""
    before = ""
    if metavar in SYNTAXES:
        before, comma, incomplete = incomplete.rpartition(",")
        before += comma
    values = VALUES.get(metavar) or VALUES.get(parameter.name or "")
    names = values(context) if values else ()
    found = [CompletionItem(before + name) for name in names if name.startswith(incomplete)]
    if found:
        return found
    if isinstance(parameter, click.Argument) or metavar in FILES:
        return [CompletionItem(incomplete, type="file")]
    return [CompletionItem(incomplete, type="dir")] if metavar in FOLDERS else []


def _syntaxes(_context: click.Context) -> Iterable[str]:
    from dicomtx.transfer_syntaxes import slugs  # noqa: PLC0415 - only shells need it

    return slugs()


def _codecs(_context: click.Context) -> Iterable[str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - only shells need it

    from dicomtx.codecs.registry import GROUP, NAMED  # noqa: PLC0415

    return dict.fromkeys((*NAMED, *(point.name for point in entry_points(group=GROUP))))


def _profiles(_context: click.Context) -> Iterable[str]:
    from dicomtx.workflows.export.media_profiles import PROFILES  # noqa: PLC0415 - only shells need it

    return PROFILES


def _policies(context: click.Context) -> Iterable[str]:
    """Returns the policies of the settings file; none if it is invalid."""
    from dicomtx.errors import DicomtxError  # noqa: PLC0415 - only shells need it
    from dicomtx.settings import settings_file  # noqa: PLC0415
    from dicomtx.workflows.policies.toml import read_policies  # noqa: PLC0415

    file = settings_file(context.params.get("config"), os.environ)
    try:
        return tuple(read_policies(file)) if file else ()
    except DicomtxError:
        return ()


def _kinds(_context: click.Context) -> Iterable[str]:
    from dicomtx.workflows.fixtures.objects.kinds import KINDS  # noqa: PLC0415 - only shells need it

    return (*KINDS, "all")


def _defects(_context: click.Context) -> Iterable[str]:
    from dicomtx.workflows.fixtures.defects import DEFECTS  # noqa: PLC0415 - only shells need it

    return (*DEFECTS, "all")


def _variations(_context: click.Context) -> Iterable[str]:
    from dicomtx.workflows.fixtures.variations import NAMES  # noqa: PLC0415 - only shells need it

    return NAMES


VALUES: Final[Mapping[str, Callable[[click.Context], Iterable[str]]]] = {
    **dict.fromkeys(SYNTAXES, _syntaxes),
    "codecs": _codecs,
    "synthetic": _kinds,
    "damaged": _defects,
    "varied": _variations,
    "profile": _profiles,
    "named": _policies,
    "NAME|TEMPLATE": lambda _context: ("orthanc", "orthanc-1.13"),
    "verify": lambda _context: ("all", "independent", "none", "sample="),
}
"""The values of parameters, by metavar or name. Others take anything, or files."""
