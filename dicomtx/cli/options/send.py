"""The options of ``dicomtx send`` that no other command has."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.network import AET, AUTH_FILE, CONNECT_TIMEOUT, HEADING, SECONDS, TLS
from dicomtx.cli.options.places import dry_run_option
from dicomtx.cli.options.syntaxes import SyntaxType, to_option

SEND: Final = (
    to_option("Send all files in this syntax.", shown="what the peer accepts; see --preferred"),
    option(
        *("Output", "--preferred"),
        metavar="SYNTAX",
        type=SyntaxType(),
        default="explicit",
        help="Send a file in this syntax if the peer does not accept its own.",
        shown="explicit-vr-little-endian",
    ),
    option(
        *("Output", "--decompress"),
        type=click.Choice(["never", "lossless", "lossy"]),
        default="lossy",
        show_default=True,
        help="Which files to decode if the peer does not accept their syntax: none, those in"
        " lossless syntaxes, or all.",
    ),
    dry_run_option("Ask the peer what it accepts, and show how each file would be sent."),
)
NETWORK: Final = (
    option(
        *(HEADING, "-aec", "--called-aet"),
        metavar="AET",
        default="",
        help="AE title of the peer, for an address without one: dicom://host:port.",
    ),
    AET,
    option(
        *(HEADING, "-pdu", "--max-pdu"),
        metavar="BYTES",
        type=click.IntRange(4096, 131072),
        default=16384,
        help="Largest PDU to receive. The peer announces its own limit.",
        shown="16384",
    ),
    CONNECT_TIMEOUT,
    option(
        *(HEADING, "-ta", "--acse-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=30.0,
        help="Give up if the answer to a request for an association takes longer.",
        shown="30",
    ),
    option(
        *(HEADING, "-td", "--answer-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=60.0,
        help="Give up if the answer to an instance takes longer.",
        shown="60",
    ),
    AUTH_FILE,
    *TLS,
    option(
        *(HEADING, "--tls-any-host"),
        is_flag=True,
        help="Accept a certificate that does not name the host of the address.",
    ),
    option(
        *(HEADING, "-j", "--jobs"),
        type=click.IntRange(1, 64),
        metavar="N",
        default=1,
        show_default=True,
        help="Connections at once. Many peers limit their number.",
    ),
    option(
        *(HEADING, "--retry"),
        metavar="SCHEDULE",
        default="never",
        show_default=True,
        help="When to try again: 5x1m,10x10m is 5 times after a minute, then 10 times after"
        " 10 minutes.",
    ),
)
RESUME: Final = (
    option(
        *("Resume", "--journal"),
        metavar="FILE",
        default="",
        help="Record confirmed instances in FILE, and do not send them again.",
    ),
    option(
        *("Resume", "-f", "--again"),
        is_flag=True,
        help="Also send files that the journal records as confirmed.",
    ),
)
