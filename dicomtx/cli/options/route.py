"""The options of ``dicomtx route``."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.listening import LIMITS, LISTENING
from dicomtx.cli.options.many_files import JOBS

ROUTE: Final = (
    option("Options", "--check", is_flag=True, help="Check and explain the routes, and exit."),
    option("Options", "--spool", metavar="DIR", help="Folder for the queue and its files."),
    *LISTENING,
    option("Output", "--keep-original", is_flag=True, help="Keep the received files."),
    *JOBS,
    *LIMITS,
    option(
        *("Resources", "--max-queue"),
        metavar="N",
        type=click.IntRange(0),
        default=0,
        shown="no limit",
        help="Instances that the spool can hold. Beyond it, senders get status A700.",
    ),
    option(
        *("Resources", "--max-spool"),
        metavar="BYTES",
        default="0",
        shown="no limit",
        help="Size of the received files that the spool can hold, such as 200G.",
    ),
    option(
        *("Reports", "--metrics"),
        metavar="FILE",
        default="",
        help="Write metrics to FILE for the textfile collector of Prometheus.",
    ),
    option(
        *("Reports", "--interval"),
        metavar="SECONDS",
        type=click.FloatRange(min=0.1),
        default=60.0,
        shown="60",
        help="Time between two lines of metrics.",
    ),
    option(
        *("Reports", "--audit-days"),
        metavar="DAYS",
        type=click.FloatRange(min=0),
        default=90.0,
        shown="90",
        help="Keep the rows of deliveries that have ended this long; 0 keeps them for ever.",
    ),
    option(*("Reports", "-q", "--quiet"), is_flag=True, help="Print errors only."),
)
