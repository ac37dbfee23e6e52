"""``dicomtx fixtures``: makes test files in every transfer syntax."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from dicomtx.cli.options.headings import argument, option
from dicomtx.cli.options.places import (
    dry_run_option,
    output_option,
    overwrite_option,
    sources_and_output,
)
from dicomtx.cli.options.syntaxes import SyntaxCommand, SyntaxListType
from dicomtx.cli.output.console import Console
from dicomtx.comma_list import comma_list
from dicomtx.errors import ExitCode, UsageError

STANDARD_STREAM: Final = "-"

if TYPE_CHECKING:
    from dicomtx.workflows.fixtures.job import Job


class Shown(NamedTuple):
    """What to print."""

    as_json: bool
    quiet: bool

    def tell(self, console: Console, entry: dict[str, Any], text: str) -> None:
        """Prints one file: as JSON, or as a line if there is one."""
        if self.as_json:
            import json  # noqa: PLC0415 - 5 ms that only --json needs

            console.result(json.dumps(entry))
        elif text and not self.quiet:
            console.result(text)


@click.command(cls=SyntaxCommand, short_help="Make test files in every transfer syntax.")
@argument("paths", metavar="[SRC...] OUT", nargs=-1)
@output_option("OUT", "Same as the argument OUT.")
@overwrite_option("Overwrite files in OUT.")
@dry_run_option()
@option(
    *("Fixtures", "--synthetic"),
    metavar="KIND[,KIND]",
    multiple=True,
    help="Make a synthetic object, such as ct, mr or us-rgb; or all. Repeatable.",
)
@option(
    *("Fixtures", "--seed"),
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    shown="0",
    help="Seed of the synthetic objects: the same seed makes the same files.",
)
@option(
    *("Fixtures", "--to", "targets"),
    metavar="SYNTAX[,SYNTAX]",
    type=SyntaxListType(),
    shown="every syntax",
    help="Transfer syntaxes of the files.",
)
@option(
    *("Fixtures", "--vary", "varied"),
    metavar="NAME[=VALUE,VALUE]",
    multiple=True,
    help="Also vary bits, sign, photometric, planar, frames, offset-table, fragments or"
    " byte-order, such as bits=8,12. Repeatable.",
)
@option(
    *("Fixtures", "--defect", "damaged"),
    metavar="NAME[,NAME]",
    multiple=True,
    help="Also make files with this defect, such as truncated or wrong-label; or all. Repeatable.",
)
@option(
    *("Fixtures", "--conforming"),
    is_flag=True,
    help="Leave out forms that the IOD of an object does not allow, such as CT with 8 bits.",
)
@option(
    "Reports", "--json", "as_json", is_flag=True, help="Print the entries of the manifest as JSON."
)
@option("Reports", "-q", "--quiet", is_flag=True, help="Print errors only.")
@click.pass_obj
def fixtures(console: Console, /, paths: tuple[str, ...], **options: Any) -> int:
    """Make test files of the images SRC, or of synthetic objects, in the folder OUT.

    OUT gets one file for each transfer syntax and variation, and MANIFEST.json, which has the
    SHA-256 of each expected frame. It also lists the files that the standard does not allow,
    with the reason. Synthetic objects have no patient. Files made from SRC keep its patient
    data. Exit code 1: a conversion failed.
    """
    from dicomtx.workflows.fixtures.defects import DEFECTS  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.fixtures.job import EVERY_SYNTAX, Job  # noqa: PLC0415
    from dicomtx.workflows.fixtures.objects.kinds import KINDS  # noqa: PLC0415
    from dicomtx.workflows.fixtures.variations import variations_of  # noqa: PLC0415

    sources, destination = sources_and_output(paths, options["output"])
    kinds = _named("--synthetic", options["synthetic"], tuple(KINDS))
    if not destination:
        raise UsageError("OUT is missing")
    if destination == STANDARD_STREAM:
        raise UsageError("OUT is a folder; standard output cannot hold several files")
    if not sources and not kinds:
        raise UsageError("nothing to make files of: add SRC, or --synthetic KIND")
    job = Job(
        destination,
        sources,
        tuple(KINDS[name] for name in kinds),
        options["seed"],
        options["targets"] or EVERY_SYNTAX,
        variations_of(options["varied"]),
        _named("--defect", options["damaged"], tuple(DEFECTS)),
        conforming=options["conforming"],
        overwrite=options["overwrite"],
    )
    show = Shown(as_json=options["as_json"], quiet=options["quiet"])
    return (_dry_run if options["dry_run"] else _make)(console, job, show)


def _named(option_name: str, texts: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names in the values of an option; ``all`` means every one.

    Raises:
        UsageError: a name is unknown.
    """
    names = [name.lower() for text in texts for name in comma_list(text)]
    unknown = next((name for name in names if name not in (*known, "all")), "")
    if unknown:
        raise UsageError(f"{option_name} {unknown}: use {', '.join(known)} or all")
    return known if "all" in names else tuple(dict.fromkeys(names))


def _make(console: Console, job: "Job", show: Shown) -> int:
    """Makes the files, and prints how many were left out."""
    from dicomtx.workflows.fixtures.fixtures import MANIFEST, fixtures  # noqa: PLC0415
    from dicomtx.workflows.fixtures.job import LeftOut  # noqa: PLC0415

    files = left_out = failed = 0
    for one in fixtures(job):
        if isinstance(one, LeftOut):
            left_out += 1
            failed += one.failed
            show.tell(console, one._asdict(), "")
            if one.failed:
                console.note(f"{one.file}: {one.reason}", "error")
        else:
            files += 1
            show.tell(console, one.entry, "")
    if not show.quiet and not show.as_json:
        told = f"; {left_out} left out, see {MANIFEST}" if left_out else ""
        console.result(f"{job.destination}: {files} files{told}")
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def _dry_run(console: Console, job: "Job", show: Shown) -> int:
    """Prints the files that would be made, and what would be left out."""
    from dicomtx.workflows.fixtures.fixtures import preview_of  # noqa: PLC0415
    from dicomtx.workflows.fixtures.job import LeftOut  # noqa: PLC0415

    for one in preview_of(job):
        if isinstance(one, LeftOut):
            show.tell(console, one._asdict(), f"left out: {one.file}: {one.reason}")
        else:
            show.tell(console, {"file": one}, one)
    return ExitCode.DONE
