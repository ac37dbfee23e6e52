"""The table of dcmcrle."""

from typing import Final

from dicomtx.cli.faces.dcmtk import (
    ENCODED,
    FILE_FORMAT,
    FRAGMENTS,
    GENERAL,
    INPUT_SYNTAX,
    NEW_UID,
    SOP_CLASS,
    VERSION,
    element_encoding,
    wanted,
)
from dicomtx.cli.faces.row import Section, Tool, accepted, refused

TOOL: Final = Tool(
    "dcmcrle",
    "Convert a DICOM file to RLE Lossless, with the arguments of dcmcrle.",
    VERSION,
    (
        GENERAL,
        FILE_FORMAT,
        INPUT_SYNTAX,
        *FRAGMENTS,
        SOP_CLASS,
        Section(
            "SOP Instance UID",
            (
                accepted("+un --uid-never", "dicomtx keeps the UID."),
                refused("+ua --uid-always", NEW_UID),
            ),
        ),
        *element_encoding(),
    ),
    "dcmtk",
    lambda choices: wanted("rle-lossless", choices),
    (*ENCODED, "DCMTK keeps Planar Configuration 1. dicomtx writes 0, as for all results."),
)
