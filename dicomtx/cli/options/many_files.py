"""The options of commands that work on many files: which files, how, and what to print."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final

import click

from dicomtx.cli.options.headings import option

FINDING: Final = ("include", "exclude", "follow", "null")
"""The parameters of ``SELECTION``: the fields of ``workflows.inputs.arguments.Selection``."""
TREES: Final = (
    option(
        *("Selection", "--include"),
        metavar="GLOB",
        multiple=True,
        help="Process only files that match. Repeatable.",
    ),
    option(
        *("Selection", "--exclude"),
        metavar="GLOB",
        multiple=True,
        help="Skip files and folders that match. Repeatable.",
    ),
    option(
        *("Selection", "--follow"),
        is_flag=True,
        help="Also follow symbolic links to places outside the given folders.",
    ),
)
SELECTION: Final = (
    *TREES,
    option(
        *("Selection", "-0", "null"),
        is_flag=True,
        help="Paths on standard input end with NUL.",
    ),
)
PLACING: Final = ("base", "flat")
"""The parameters of ``TREE``, which are fields of ``Selection``, too."""
TREE: Final = (
    option(
        *("Output", "--base"),
        metavar="DIR",
        default="",
        help="Leave DIR out of listed paths: with --base /data, /data/ct/1.dcm becomes ct/1.dcm.",
    ),
    option(
        *("Output", "--flat"),
        is_flag=True,
        help="Leave out all folders. Two files with the same name are an error.",
    ),
)
JOBS: Final = (
    option(
        *("Resources", "-j", "--jobs"),
        type=click.IntRange(min=0),
        metavar="N",
        default=0,
        shown="one per CPU",
        help="Files to process at once.",
    ),
    option(
        *("Resources", "--file-timeout"),
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        default=3600.0,
        help="Give up on a file after this time; 0 means no limit.",
        shown="3600",
    ),
)
REPORTS: Final = (
    option(
        *("Reports", "--report", "reports"),
        metavar="FILE",
        multiple=True,
        help="Write a report to FILE.jsonl, FILE.csv or FILE.html. Repeatable.",
    ),
    option(
        *("Reports", "--json", "as_json"),
        is_flag=True,
        help="Print one JSON object per line, one for each file.",
    ),
    option(
        *("Reports", "-v", "--verbose"),
        is_flag=True,
        help="Show the codecs used and failed attempts for each file.",
    ),
    option(
        *("Reports", "-q", "--quiet"),
        is_flag=True,
        help="Print errors only: no progress, no summary.",
    ),
)


def add(options: Sequence[Callable[[Any], Any]], command: Any) -> Any:
    """Returns a command with options added, in this order."""
    return reduce(lambda wrapped, one: one(wrapped), reversed(options), command)
