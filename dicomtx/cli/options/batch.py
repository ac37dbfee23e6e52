"""The options of ``dicomtx batch`` and ``dicomtx modify`` that no other command has."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.places import dry_run_option, output_option, overwrite_option
from dicomtx.cli.options.syntaxes import SyntaxListType, to_option
from dicomtx.transfer_syntaxes import TransferSyntax


def _lossless(
    _context: click.Context, _parameter: click.Parameter, value: tuple[TransferSyntax, ...] | None
) -> tuple[TransferSyntax, ...]:
    """Returns the syntaxes to try; fails if one of them is lossy."""
    lossy = [syntax.name for syntax in value or () if syntax.lossy]
    if lossy:
        raise click.BadParameter(f"{', '.join(lossy)}: only lossless syntaxes can be compared")
    return value or ()


BATCH_TARGET: Final = to_option("Target transfer syntax.", default="explicit", show_default=True)
BATCH: Final = (
    option(
        *("Output", "--best-of"),
        metavar="SYNTAX,SYNTAX",
        type=SyntaxListType(),
        callback=_lossless,
        help="Try several lossless syntaxes and keep the smallest result, instead of --to.",
    ),
    option(
        *("Output", "--in-place"),
        is_flag=True,
        help="Overwrite the files of SRC after verification. There is no DST.",
    ),
    output_option("DST", "Same as the argument DST. All arguments are then SRC."),
    overwrite_option(
        "Overwrite any file in DST. Earlier results of the same source are replaced without it."
    ),
    dry_run_option(),
    option(
        *("Output", "--skip-existing"),
        is_flag=True,
        help="Leave existing files in DST unchanged.",
    ),
    option(
        *("Output", "--skip-same"),
        is_flag=True,
        help="Do not copy files that are already in the target syntax. --in-place always skips"
        " them.",
    ),
    option(
        *("Output", "--copy-others"),
        is_flag=True,
        help="Copy files that are not DICOM, instead of skipping them.",
    ),
    option(*("Output", "--preserve"), is_flag=True, help="Keep modification times."),
    option(
        *("Output", "--layout"),
        metavar="TEMPLATE",
        help="Build output names from elements, as in {Modality}/{SOPInstanceUID}.dcm.",
    ),
    option(
        *("Selection", "--only"),
        type=click.Choice(["uncompressed", "compressed"]),
        help="Skip all other files.",
    ),
    option(
        *("Lossy", "--remap-references", "remap"),
        is_flag=True,
        help="Update references to instances that get new UIDs from lossy compression.",
    ),
    option(
        *("Reports", "--uid-map"),
        metavar="FILE",
        help="Write old and new UIDs to FILE.tsv or FILE.json.",
    ),
    option(
        *("Resume", "--journal"),
        metavar="FILE",
        default="",
        help="Journal file (resume state).",
        shown="in DST; with --in-place or a URL, in the user's state folder",
    ),
    option(
        *("Resume", "--retry-failed"),
        is_flag=True,
        help="Try files again that failed in an earlier run. Without it, only their errors are"
        " shown again.",
    ),
    option(*("Resume", "--fail-fast"), is_flag=True, help="Stop at the first failure."),
)
PLANS: Final = (
    option(
        *("Policy", "--from-plan"),
        metavar="FILE",
        default="",
        help="Carry out a reviewed plan (the output of 'plan --json') instead of SRC.",
    ),
    option(
        *("Policy", "--rejected"),
        metavar="DIR",
        default="",
        help="Copy files that the policy refuses into DIR.",
    ),
)
