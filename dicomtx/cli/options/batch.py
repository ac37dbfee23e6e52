"""The options of ``dicomtx batch`` beside those of ``convert``."""

from collections.abc import Callable
from functools import reduce
from typing import Final

import click

from dicomtx.cli.options.syntaxes import SyntaxListType, SyntaxType
from dicomtx.transfer_syntaxes import TransferSyntax


def _lossless(
    _context: click.Context, _parameter: click.Parameter, value: tuple[TransferSyntax, ...] | None
) -> tuple[TransferSyntax, ...]:
    """Returns the syntaxes to compare, none of them lossy."""
    lossy = [syntax.name for syntax in value or () if syntax.lossy]
    if lossy:
        raise click.BadParameter(f"{', '.join(lossy)}: only lossless syntaxes can be compared")
    return value or ()


OPTIONS: Final = (
    click.option(
        "--to",
        "target",
        type=SyntaxType(),
        metavar="SYNTAX",
        default="explicit",
        show_default=True,
        help="Transfer syntax wanted.",
    ),
    click.option(
        "--best-of",
        metavar="SYNTAX,SYNTAX",
        type=SyntaxListType(),
        callback=_lossless,
        help="Take the smallest lossless result of several, in place of --to.",
    ),
    click.option(
        "--from-plan",
        metavar="FILE",
        default="",
        help="Carry out a plan that was reviewed, the lines of plan --json; there is no SRC.",
    ),
    click.option(
        "--rejected",
        metavar="DIR",
        default="",
        help="Copy what the policy refuses to DIR, each file in its place.",
    ),
    click.option("--in-place", is_flag=True, help="Replace the files of all SRC; there is no DST."),
    click.option("--overwrite", is_flag=True, help="Replace files of others that are in DST."),
    click.option(
        "--skip-existing", is_flag=True, help="Leave files that are in DST alone, and go on."
    ),
    click.option("--skip-same", is_flag=True, help="Do not copy what is in the syntax already."),
    click.option("--keep-smaller", is_flag=True, help="Copy SRC where the result is not smaller."),
    click.option(
        "--only",
        type=click.Choice(["uncompressed", "compressed"]),
        default=None,
        help="Skip the other files.",
    ),
    click.option("--include", multiple=True, metavar="GLOB", help="Only files that match."),
    click.option(
        "--exclude", multiple=True, metavar="GLOB", help="No files or folders that match."
    ),
    click.option("--copy-others", is_flag=True, help="Copy what is not DICOM; skipped by default."),
    click.option("--preserve", is_flag=True, help="Keep the time of modification."),
    click.option("--follow", is_flag=True, help="Follow symbolic links out of SRC."),
    click.option(
        "-0", "null", is_flag=True, help="The list on standard input ends paths with NUL."
    ),
    click.option(
        "--layout",
        metavar="TEMPLATE",
        help="Names in DST, such as '{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm'.",
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FILE",
        help="Write a report: FILE.jsonl, .csv or .html.",
    ),
    click.option(
        "--remap-references",
        "remap",
        is_flag=True,
        help="References follow the instances that a lossy step gave new UIDs.",
    ),
    click.option("--uid-map", metavar="FILE", help="Write old and new UIDs to FILE.tsv or .json."),
    click.option(
        "--journal", metavar="FILE", default="", help="Where it is remembered what is done."
    ),
    click.option("--retry-failed", is_flag=True, help="Try again what failed in an earlier run."),
    click.option("--fail-fast", is_flag=True, help="End with the first failure."),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Files worked on at once; one for each CPU by default.",
    ),
    click.option(
        "--file-timeout",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        default=3600.0,
        show_default=True,
        help="Give up a file that takes longer; 0 never does.",
    ),
)


def batch_options(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options."""
    return reduce(lambda wrapped, option: option(wrapped), reversed(OPTIONS), command)
