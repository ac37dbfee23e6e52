"""The table of dcmdjpeg."""

from typing import Final

from dicomtx.cli.faces.dcmtk import BY_PIXEL, BY_PLANE, COLOURS, DECODED_UID, WORKAROUNDS, decoder
from dicomtx.cli.faces.row import Section, accepted

TOOL: Final = decoder(
    "dcmdjpeg",
    "Decompress a DICOM file, with the arguments of dcmdjpeg.",
    Section("color space conversion", COLOURS),
    Section(
        "planar configuration",
        (
            accepted(
                "+pa --planar-auto",
                "dicomtx stores samples by pixel.",
                differs="Also for the SOP Classes that DCMTK stores by plane.",
            ),
            BY_PIXEL,
            BY_PLANE,
        ),
    ),
    DECODED_UID,
    Section("workaround options for incorrect JPEG encodings", WORKAROUNDS),
)
