"""``dicomtx modify``: changes elements and UIDs of files."""

from functools import partial
from typing import Any

import click

from dicomtx.cli.options.batch import BATCH, PLANS
from dicomtx.cli.options.batch_job import batch_of
from dicomtx.cli.options.cluster import CLUSTER
from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.many_files import JOBS, REPORTS, SELECTION, TREE, add
from dicomtx.cli.options.modification import MODIFICATION, modification_of
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, to_option
from dicomtx.cli.output.batch_run import carried_out
from dicomtx.cli.output.console import Console


def _options(command: Any) -> Any:
    """Adds all options: those of ``batch``, and what to modify."""
    return add(
        (
            *MODIFICATION,
            to_option("Also convert to this transfer syntax. Without it, the syntax stays."),
            *BATCH,
            *TREE,
            *SELECTION,
            *JOBS,
            CLUSTER,
            settings_options("modify"),
            partial(policy_options, implied=False),
            *PLANS,
            *REPORTS,
        ),
        command,
    )


@click.command(
    cls=SyntaxCommand, short_help="Change elements and UIDs of files, and record the old ones."
)
@argument("paths", metavar="SRC... DST", nargs=-1)
@_options
@click.pass_obj
def modify(console: Console, /, paths: tuple[str, ...], **options: Any) -> int:
    """Change elements in all files of SRC, and write the files to the folder DST.

    SRC and DST are those of 'dicomtx batch'. Without --to, files stay in their transfer syntax, and
    nothing changes but the named elements, UIDs and the record of old values.

    Studies, series and instances get new UIDs, the same ones in all files of the run. References
    between files of the run follow. Old values go into the Original Attributes Sequence, so this
    does not de-identify files.

    To resume, run the same command again: new UIDs do not change.
    """
    modification = modification_of(options)
    return carried_out(console, batch_of(paths, options, modification), options)
