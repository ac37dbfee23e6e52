"""The table of dcmdjpeg."""

from typing import Final

from dicomtx.cli.faces.dcmtk import (
    BY_ITS_CLASS,
    BY_PIXEL,
    BY_PLANE,
    COLOURS,
    DECODED_UID,
    WORKAROUNDS,
    decoder,
)
from dicomtx.cli.faces.row import Section

TOOL: Final = decoder(
    "dcmdjpeg",
    "Decompress a DICOM file, with the arguments of dcmdjpeg.",
    Section("color space conversion", COLOURS),
    Section(
        "planar configuration",
        (
            BY_ITS_CLASS,
            BY_PIXEL,
            BY_PLANE,
        ),
    ),
    DECODED_UID,
    Section("workaround options for incorrect JPEG encodings", WORKAROUNDS),
)
