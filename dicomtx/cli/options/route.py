"""The options of ``dicomtx route``."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.many_files import JOBS

ROUTE: Final = (
    option("Options", "--check", is_flag=True, help="Check and explain the routes, and exit."),
    option("Options", "--spool", metavar="DIR", help="Folder for the queue and its files."),
    option(
        *("Options", "--port"),
        metavar="N",
        type=click.IntRange(0, 65535),
        help="TCP port to listen on; 0 chooses a free one.",
    ),
    option(
        *("Options", "--bind"),
        metavar="ADDRESS",
        default="",
        shown="all addresses of this machine",
        help="Listen on this address only, such as 127.0.0.1.",
    ),
    option(
        *("Options", "--aet"),
        metavar="AET",
        default="DICOMTX",
        show_default=True,
        help="AE title of this node, for senders and towards destinations.",
    ),
    option(
        *("Options", "--any-called-aet"),
        is_flag=True,
        help="Accept every called AE title. Routes with called_aet need it.",
    ),
    option(
        *("Options", "--allow-aet"),
        metavar="AET",
        multiple=True,
        help="Accept only this calling AE title. Repeatable.",
    ),
    option(
        *("Options", "--allow-host"),
        metavar="CIDR",
        multiple=True,
        help="Accept only this address or network, such as 10.1.0.0/16. Repeatable.",
    ),
    option("Output", "--keep-original", is_flag=True, help="Keep the received files."),
    *JOBS,
    option(
        *("Resources", "--processes"),
        metavar="N",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Processes that receive.",
    ),
    option(
        *("Resources", "--max-associations"),
        metavar="N",
        type=click.IntRange(1),
        default=100,
        show_default=True,
        help="Associations that can be open at once.",
    ),
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
        *("Resources", "--min-free"),
        metavar="BYTES",
        default="1G",
        show_default=True,
        help="Space that stays free on the disk of the spool.",
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
