"""The options of ``dicomtx watch`` that no other command has, or that differ there."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.many_files import JOBS, REPORTS, TREES
from dicomtx.cli.options.places import overwrite_option
from dicomtx.cli.options.syntaxes import to_option

NO_REPORTS: Final = REPORTS[1:]  # a watch has no end that a report could describe
NO_LINKS: Final = TREES[:-1]  # it never follows links
SECONDS: Final = click.FloatRange(min=0)
WATCH: Final = (
    to_option("Target transfer syntax.", default="explicit", show_default=True),
    option(
        *("Output", "--dead-letter"),
        metavar="DIR",
        default="",
        help="Move files that fail to DIR, with the reason beside them (NAME.reason.json).",
        shown="they stay until the next start",
    ),
    option(
        *("Output", "--done"),
        metavar="DIR",
        default="",
        help="Move the sources of delivered files to DIR, instead of removing them.",
    ),
    option(*("Output", "--keep"), is_flag=True, help="Leave the sources where they are."),
    overwrite_option("Overwrite files in DST. Without it, a file fails if its name exists in DST."),
    option(*("Output", "--preserve"), is_flag=True, help="Keep modification times."),
    option(
        *("Output", "--layout"),
        metavar="TEMPLATE",
        help="Build output names from elements, as in {Modality}/{SOPInstanceUID}.dcm.",
    ),
    option(
        *("Selection", "--settle"),
        metavar="SECONDS",
        type=SECONDS,
        default=5.0,
        help="A file is complete if it has not changed for this time.",
        shown="5",
    ),
    option(
        *("Selection", "--rescan"),
        metavar="SECONDS",
        type=click.FloatRange(min=0.1),
        default=60.0,
        help="Look at all of DIR this often, in case the system lost an event.",
        shown="60",
    ),
    option(
        *("Selection", "--once"),
        is_flag=True,
        help="Exit when all files that are in DIR are done; exit with 1 if some failed.",
    ),
    *NO_LINKS,
    *JOBS,
)
RESUME: Final = option(
    *("Resume", "--journal"),
    metavar="FILE",
    default="",
    help="Journal file (resume state).",
    shown="in DST",
)
