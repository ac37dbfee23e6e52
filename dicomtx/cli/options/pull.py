"""The options of ``dicomtx pull`` that no other command has, or that differ there."""

from typing import Final

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.many_files import JOBS
from dicomtx.cli.options.network import AET, AUTH_FILE, TIMES, TLS
from dicomtx.cli.options.places import overwrite_option
from dicomtx.cli.options.syntaxes import to_option

WANTED: Final = (
    option(
        *("Selection", "--study"),
        metavar="UID",
        required=True,
        help="Study Instance UID to retrieve.",
    ),
    option(
        *("Selection", "--series"),
        metavar="UID",
        default="",
        help="Retrieve only the series with this Series Instance UID.",
    ),
    option(
        *("Selection", "--instance"),
        metavar="UID",
        default="",
        help="Retrieve only the instance with this SOP Instance UID. Needs --series.",
    ),
)
OUTPUT: Final = (
    to_option("Target transfer syntax.", shown="as the peer has it"),
    overwrite_option(
        "Overwrite any file in DST, and retrieve what an earlier run finished. Earlier results are"
        " replaced without it."
    ),
    option(
        *("Output", "-n", "--dry-run"),
        is_flag=True,
        help="Show what would be retrieved. Write nothing.",
    ),
    option(
        *("Output", "--layout"),
        metavar="TEMPLATE",
        help="Build output names from elements, as in {Modality}/{SOPInstanceUID}.dcm.",
        shown="{StudyInstanceUID}/{SeriesInstanceUID}/{SOPInstanceUID}.dcm",
    ),
    option(
        *("Lossy", "--remap-references", "remap"),
        is_flag=True,
        help="Update references to instances that get new UIDs from lossy compression.",
    ),
)
CLASSES: Final = option(
    *("Network", "--sop-class", "sop_classes"),
    metavar="UID",
    multiple=True,
    help="SOP class to ask for by C-GET. Repeatable.",
    shown="those that the peer lists, or those of its modalities",
)
LARGEST: Final = option(
    *("Network", "--max-size"),
    metavar="BYTES",
    default="16G",
    show_default=True,
    help="Refuse instances that are larger.",
)
PULL: Final = (*WANTED, *OUTPUT, AET, CLASSES, AUTH_FILE, *TLS, *TIMES, LARGEST, *JOBS)
