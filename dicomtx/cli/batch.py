"""``dicomtx batch``: converts directory trees."""

from typing import Any

import click

from dicomtx.cli.options.batch import BATCH, BATCH_TARGET, PLANS
from dicomtx.cli.options.batch_job import batch_of
from dicomtx.cli.options.cluster import CLUSTER
from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.many_files import JOBS, REPORTS, SELECTION, TREE, add
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand
from dicomtx.cli.output.batch_run import carried_out
from dicomtx.cli.output.console import Console


def _options(command: Any) -> Any:
    """Adds all options."""
    return add(
        (
            BATCH_TARGET,
            *BATCH,
            *TREE,
            *SELECTION,
            *JOBS,
            CLUSTER,
            settings_options("batch"),
            policy_options,
            *PLANS,
            *REPORTS,
        ),
        command,
    )


@click.command(cls=SyntaxCommand, short_help="Convert directory trees; resume interrupted runs.")
@argument("paths", metavar="SRC... DST", nargs=-1)
@_options
@click.pass_obj
def batch(console: Console, /, paths: tuple[str, ...], **options: Any) -> int:
    """Convert all files of SRC to another transfer syntax. DST is a folder, or a URL to write to.

    SRC are files, folders, ZIP archives, DICOMDIRs, or '-' for a list of paths on standard input.
    in/ct/1.dcm becomes DST/ct/1.dcm if SRC is the folder 'in', DST/in/ct/1.dcm if there are several
    folders, and DST/1.dcm if SRC is the file. A listed path is kept whole, see --base and --flat.

    To resume, run the same command again: dicomtx does not read finished files again. --to,
    --policy, --orthanc or a reviewed plan decides what happens to each file.
    """
    return carried_out(console, batch_of(paths, options), options)
