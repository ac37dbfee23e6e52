"""The table of dcmdrle."""

from typing import Final

from dicomtx.cli.faces.dcmtk import DECODED_UID, decoder
from dicomtx.cli.faces.row import Section, accepted, refused

TOOL: Final = decoder(
    "dcmdrle",
    "Decompress a DICOM file, with the arguments of dcmdrle.",
    DECODED_UID,
    Section(
        "RLE byte segment order",
        (
            accepted("+bd --byte-order-default", "The most significant byte comes first."),
            refused("+br --byte-order-reverse", "dicomtx decodes as the standard says"),
        ),
    ),
)
