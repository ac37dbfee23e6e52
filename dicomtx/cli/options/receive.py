"""The options of ``dicomtx receive`` that no other command has, or that differ there."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.listening import LIMITS, LISTENING, SECONDS
from dicomtx.cli.options.many_files import JOBS
from dicomtx.cli.options.syntaxes import to_option

STORING: Final = (
    option(
        *("Output", "--layout"),
        metavar="TEMPLATE",
        default="{StudyInstanceUID}/{SeriesInstanceUID}/{SOPInstanceUID}.dcm",
        show_default=True,
        help="Build file names from elements.",
    ),
    option(
        *("Output", "--duplicates"),
        type=click.Choice(["keep", "overwrite", "reject"]),
        default="keep",
        show_default=True,
        help="If an instance arrives again with other content: keep both, overwrite the first, or"
        " reject it (0111). With the same content, reject answers 0111; the others answer 0000.",
    ),
    to_option("Transcode instances to this syntax after they are stored."),
    option(
        *("Output", "--bit-preserving"),
        is_flag=True,
        help="Never transcode: store the bytes of each data set unchanged.",
    ),
    option(
        *("Output", "--exec-on-study"),
        metavar="COMMAND",
        default="",
        help="Run this command for each complete study, without a shell. {dir} is its folder,"
        " {study_uid} its UID.",
    ),
    option(
        *("Output", "--study-idle"),
        metavar="SECONDS",
        type=SECONDS,
        default=60.0,
        shown="60",
        help="A study is complete if no instance has arrived for this time.",
    ),
)
TELLING: Final = (
    option(
        *("Reports", "--report"),
        metavar="FILE",
        default="",
        help="Append one JSON object per instance to FILE.jsonl.",
    ),
    option(
        *("Reports", "--json", "as_json"),
        is_flag=True,
        help="Print one JSON object per instance.",
    ),
    option(
        *("Reports", "-q", "--quiet"),
        is_flag=True,
        help="Print errors only.",
    ),
)
RECEIVE: Final = (*LISTENING, *STORING, *LIMITS, *JOBS, *TELLING)
