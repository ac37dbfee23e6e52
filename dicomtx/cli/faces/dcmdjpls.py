"""The table of dcmdjpls."""

from typing import Final

from dicomtx.cli.faces.dcmtk import (
    BY_ITS_CLASS,
    BY_PIXEL,
    BY_PLANE,
    DECODED_UID,
    WORKAROUNDS,
    decoder,
)
from dicomtx.cli.faces.row import Section, accepted

INCOMPLETE: Final = WORKAROUNDS[1]
TOOL: Final = decoder(
    "dcmdjpls",
    "Decompress a DICOM file, with the arguments of dcmdjpls.",
    Section(
        "planar configuration",
        (
            accepted(
                "+pr --planar-restore",
                "dicomtx stores samples by pixel.",
                differs="Also if the source says by plane.",
            ),
            BY_ITS_CLASS,
            BY_PIXEL,
            BY_PLANE,
        ),
    ),
    DECODED_UID,
    Section("workaround options for incorrect JPEG-LS encodings", (INCOMPLETE,)),
    Section(
        "other processing options",
        (accepted("+io --ignore-offsettable", "dicomtx checks offset tables, and does without."),),
    ),
)
