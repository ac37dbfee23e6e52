"""``dicomtx codecs``: shows which codec decodes and encodes which syntax."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.headings import Command, option
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import TABLE, TransferSyntax

if TYPE_CHECKING:
    from dicomtx.codecs.codec import CodecSpec
    from dicomtx.codecs.registry import BrokenPlugin
    from dicomtx.settings import Settings


@click.command(cls=Command, short_help="Show which codec decodes and encodes which syntax.")
@settings_options("codecs")
@option("Reports", "--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def codecs(console: Console, /, settings: "Settings", *, as_json: bool) -> int:
    """Show which codec decodes (D) and encodes (E) which transfer syntax.

    dicomtx tries the codecs in the order shown. Codecs of other packages come from the entry point
    group 'dicomtx.codecs'; dicomtx starts each of them once to ask what it can do.

    'Only to verify' lists the libraries that convert nothing. dicomtx uses them to check results.
    """
    from dicomtx.codecs.registry import AUDITORS, Codecs, missing  # noqa: PLC0415 - a command imports its work

    with Codecs(settings) as in_force:
        specs, broken = list(in_force), in_force.broken()
    lacking = {spec.name: missing(spec) for spec in (*specs, *AUDITORS)}
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        told = _as_json(settings, specs, lacking, broken)
        auditors = [_described(spec, lacking) for spec in AUDITORS]
        console.result(json.dumps(told | {"verifying": auditors}))
        return ExitCode.DONE
    from dicomtx.cli.output import tables  # noqa: PLC0415 - wraps text

    usable = [spec for spec in specs if not lacking[spec.name]]
    absent = [spec for spec in AUDITORS if lacking[spec.name]]
    verifying = [spec for spec in AUDITORS if spec not in absent]
    header = ("D decodes, E encodes", *(spec.name for spec in usable))
    tables.show(console, [_row(syntax, usable) for syntax in _syntaxes(specs)], header)
    notes = [
        ("Order", f"{'as given' if settings.codecs else settings.order}: {_names(specs)}"),
        ("Isolated (subprocess)", _names([spec for spec in usable if not spec.builtin])),
        *((spec.name, _remedy(spec, lacking[spec.name])) for spec in specs if spec not in usable),
        *((plugin.name, f"cannot be used: {plugin.reason}") for plugin in broken),
        ("Only to verify", ", ".join(name for s in verifying for name in s.code_bases)),
        *((", ".join(s.code_bases), _remedy(s, lacking[s.name])) for s in absent),
    ]
    console.result("")
    tables.show(console, notes)
    if not lacking["ffmpeg"]:
        console.result("")
        tables.show(console, _trusted(), ("FFmpeg verifies", "bits", "samples"))
    return ExitCode.DONE


def _trusted() -> list[tuple[str, str, str]]:
    """Returns rows of the pixel data that FFmpeg is trusted to verify."""
    from dicomtx.codecs.ffmpeg_trust import TABLE as KINDS  # noqa: PLC0415 - a command imports its work

    return [
        (f"{row.family}: {row.kind}", "{}-{}".format(*row.bits) if row.used else "any", row.result)
        for row in KINDS
    ]


def _syntaxes(specs: Sequence["CodecSpec"]) -> list[TransferSyntax]:
    """Returns the encapsulated syntaxes that have a slug, or that a codec supports."""
    known = {uid for spec in specs for uid in (*spec.decodes, *spec.encodes)}
    return [s for s in TABLE if s.encapsulated and (s.slug or s.uid in known)]


def _row(syntax: TransferSyntax, specs: Sequence["CodecSpec"]) -> tuple[str, ...]:
    abilities = (
        "D" * (syntax.uid in spec.decodes) + "E" * (syntax.uid in spec.encodes) for spec in specs
    )
    return syntax.name, *(letters or "-" for letters in abilities)


def _names(specs: Sequence["CodecSpec"]) -> str:
    return ", ".join(spec.name for spec in specs) or "none"


def _remedy(spec: "CodecSpec", modules: Sequence[str]) -> str:
    install = (
        f"pip install {spec.install}" if spec.install else "install the package that provides them"
    )
    return f"cannot be used without {', '.join(modules)}: {install}"


def _as_json(
    settings: "Settings",
    specs: Sequence["CodecSpec"],
    lacking: dict[str, tuple[str, ...]],
    broken: Sequence["BrokenPlugin"],
) -> dict[str, Any]:
    described = [_described(spec, lacking) for spec in specs]
    plugins = [{"name": plugin.name, "reason": plugin.reason} for plugin in broken]
    return {"order": settings.order, "codecs": described, "broken": plugins}


def _described(spec: "CodecSpec", lacking: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "name": spec.name,
        "builtin": spec.builtin,
        "missing": lacking[spec.name],
        "install": spec.install,
        "decodes": dict(spec.decodes),
        "encodes": dict(spec.encodes),
    }
