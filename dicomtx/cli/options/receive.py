"""The options of ``dicomtx receive`` that no other command has, or that differ there."""

from typing import Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.many_files import JOBS
from dicomtx.cli.options.syntaxes import SyntaxListType, to_option

SECONDS: Final = click.FloatRange(min=0)
SYNTAXES: Final = "SYNTAX[,SYNTAX]"
LISTENING: Final = (
    option(
        *("Network", "--port"),
        metavar="N",
        type=click.IntRange(0, 65535),
        default=11112,
        show_default=True,
        help="Port to listen on.",
    ),
    option(
        *("Network", "--aet"),
        metavar="AET",
        default="DICOMTX",
        show_default=True,
        help="Our AE title. Callers that call another one are rejected.",
    ),
    option(
        *("Network", "--bind"),
        metavar="ADDRESS",
        default="",
        shown="all addresses of this machine",
        help="Listen on this address only, such as 127.0.0.1.",
    ),
    option(
        *("Network", "--any-called-aet"),
        is_flag=True,
        help="Accept callers whatever AE title they call.",
    ),
    option(
        *("Network", "--allow-aet"),
        metavar="AET",
        multiple=True,
        shown="any",
        help="Accept only callers with this AE title. Repeatable.",
    ),
    option(
        *("Network", "--allow-host"),
        metavar="CIDR",
        multiple=True,
        shown="any",
        help="Accept only callers from this address or network, such as 10.1.0.0/16. Repeatable.",
    ),
    option(
        *("Network", "--accept"),
        metavar=SYNTAXES,
        type=SyntaxListType(),
        default=None,
        shown="all of PS3.6",
        help="Accept only these transfer syntaxes.",
    ),
    option(
        *("Network", "--prefer"),
        metavar=SYNTAXES,
        type=SyntaxListType(),
        default=None,
        shown="the sender's order",
        help="If the sender offers several syntaxes for a class, choose the first of these.",
    ),
    option(
        *("Network", "--sop-class"),
        metavar="CLASS",
        multiple=True,
        shown="the storage classes of PS3.4",
        help="Accept only this SOP class: keyword, UID, or glob of UIDs. Repeatable.",
    ),
    option(*("Network", "--promiscuous"), is_flag=True, help="Accept any SOP class."),
    option(
        *("Network", "--tls-cert"),
        metavar="FILE",
        default="",
        help="Accept encrypted connections only: our certificate (PEM).",
    ),
    option(
        *("Network", "--tls-key"),
        metavar="FILE",
        default="",
        shown="in the file of the certificate",
        help="Private key of the certificate (PEM).",
    ),
    option(
        *("Network", "--tls-ca"),
        metavar="FILE",
        default="",
        shown="those of the system",
        help="Certificates that sign those of the callers (PEM).",
    ),
    option(
        *("Network", "--tls-anonymous"),
        is_flag=True,
        help="Also accept callers without a certificate.",
    ),
)
LIMITS: Final = (
    option(
        *("Resources", "--processes"),
        metavar="N",
        type=click.IntRange(min=0, max=256),
        default=0,
        shown="one per CPU",
        help="Processes that receive.",
    ),
    option(
        *("Resources", "--max-associations"),
        metavar="N",
        type=click.IntRange(min=1),
        default=64,
        show_default=True,
        help="Reject more associations than this at once.",
    ),
    option(
        *("Resources", "--max-contexts"),
        metavar="N",
        type=click.IntRange(1, 128),
        default=128,
        show_default=True,
        help="Abort associations that propose more presentation contexts.",
    ),
    option(
        *("Resources", "--max-pdu"),
        metavar="BYTES",
        type=click.IntRange(4096, 1 << 24),
        default=1 << 17,
        show_default=True,
        help="Longest PDU to receive.",
    ),
    option(
        *("Resources", "--max-instance"),
        metavar="SIZE",
        default="16G",
        show_default=True,
        help="Abort associations that send a larger instance.",
    ),
    option(
        *("Resources", "--min-free"),
        metavar="SIZE",
        default="256M",
        show_default=True,
        help="Refuse instances (A700) if the disk would have less free space.",
    ),
    option(
        *("Resources", "--idle-timeout"),
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        shown="60",
        help="Longest time for the next PDU to arrive.",
    ),
    option(
        *("Resources", "--instance-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=3600.0,
        shown="3600",
        help="Longest time for an instance to arrive; 0 means no limit.",
    ),
    option(
        *("Resources", "--association-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=0.0,
        shown="no limit",
        help="Longest time of an association; 0 means no limit.",
    ),
)
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
        help="Never transcode: the bytes of each data set stay as they came.",
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
        help="Print only what went wrong.",
    ),
)
RECEIVE: Final = (*LISTENING, *STORING, *LIMITS, *JOBS, *TELLING)
