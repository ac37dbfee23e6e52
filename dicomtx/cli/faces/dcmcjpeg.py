"""The table of dcmcjpeg."""

from typing import Final

import click

from dicomtx.cli.faces.dcmtk import (
    COLOURS,
    ENCODED,
    FILE_FORMAT,
    FRAGMENTS,
    GENERAL,
    INPUT_SYNTAX,
    LOSSY_UID,
    SOP_CLASS,
    VERSION,
    WORKAROUNDS,
    element_encoding,
    wanted,
)
from dicomtx.cli.faces.row import VALUE, Argument, Choices, Section, Tool, accepted, refused, used
from dicomtx.cli.faces.wanted import Wanted

LOSSY: Final = ("jpeg-baseline", "jpeg-extended")
RETIRED: Final = "dicomtx writes no retired syntax; try +ee or +eb"
BITS: Final = "dicomtx never changes the number of bits"
VALUES: Final = "dicomtx keeps the values of the pixels, and compresses them as they are"
SUBSAMPLING: Final = "dicomtx chooses the subsampling; the default is YBR_FULL_422"
NUMBER: Final = Argument("N", int)

PROCESS: Final = (
    Section(
        "JPEG process",
        (
            used(
                "+e1 --encode-lossless-sv1",
                "JPEG Lossless, Selection Value 1 (default).",
                target="jpeg-lossless-sv1",
            ),
            used("+el --encode-lossless", "JPEG Lossless.", target="jpeg-lossless"),
            used(
                "+eb --encode-baseline",
                "JPEG Baseline, at quality 90 or +q.",
                differs="DCMTK scales images of more than 8 bits to 8 bits. dicomtx refuses them.",
                target="jpeg-baseline",
            ),
            used(
                "+ee --encode-extended",
                "JPEG Extended, at quality 90 or +q.",
                differs="DCMTK scales images of more than 12 bits to 12 bits. dicomtx refuses"
                " them.",
                target="jpeg-extended",
            ),
            refused("+es --encode-spectral", RETIRED),
            refused("+ep --encode-progressive", RETIRED),
        ),
    ),
    Section(
        "lossless JPEG codec selection",
        (
            accepted("+tl --true-lossless", "Lossless is always lossless."),
            refused("+pl --pseudo-lossless", "lossless is always lossless; use +tl"),
        ),
    ),
    Section(
        "lossless JPEG representation",
        (
            refused(
                "+sv --selection-value",
                "dicomtx chooses the predictor; the decoded pixels are the same",
                NUMBER,
            ),
            refused("+pt --point-transform", "it loses bits; dicomtx keeps them", NUMBER),
        ),
    ),
    Section(
        "lossy JPEG representation",
        (
            used(
                "+q --quality",
                "Quality, with +eb or +ee (default 90).",
                Argument("N", int, (0, 100)),
                differs="0 is the same as 1. dicomtx refuses a result below 30 dB PSNR.",
                quality=VALUE,
            ),
            refused("+sm --smooth", "dicomtx does not smooth images", NUMBER),
        ),
    ),
    Section(
        "other JPEG options",
        (
            accepted("+ho --huffman-optimize", "The decoded pixels are the same."),
            refused("-ho --huffman-standard", "dicomtx chooses the Huffman tables"),
        ),
    ),
    Section(
        "compressed bits per sample",
        (
            accepted("+ba --bits-auto", "dicomtx keeps the number of bits."),
            refused("+be --bits-force-8", BITS),
            refused("+bt --bits-force-12", BITS),
            refused("+bs --bits-force-16", BITS),
        ),
    ),
)
COLOUR: Final = (
    Section(
        "compression color space conversion",
        (
            accepted("+cy --color-ybr", "Lossy JPEG of colour images is in YCbCr."),
            refused("+cr --color-rgb", "lossy JPEG of colour images is in YCbCr"),
            refused("+cm --monochrome", "dicomtx keeps colours"),
        ),
    ),
    Section(
        "decompr. color space conversion (if input is compressed; always +cn if lossless)",
        COLOURS,
    ),
    Section("decompr. workaround options for incorrect encodings", WORKAROUNDS),
    Section(
        "YCbCr component subsampling",
        (
            accepted("+s2 --sample-422", "dicomtx writes YBR_FULL_422."),
            refused("+s4 --nonstd-444", SUBSAMPLING),
            refused("+n2 --nonstd-422-full", SUBSAMPLING),
            refused("+n1 --nonstd-411-full", SUBSAMPLING),
            refused("+np --nonstd-411", SUBSAMPLING),
        ),
    ),
)
VALUES_OF_PIXELS: Final = (
    Section(
        "VOI windowing for monochrome images",
        (
            accepted("-W --no-windowing", "dicomtx keeps the values of the pixels."),
            refused("+Wi --use-window", VALUES, NUMBER),
            refused("+Wl --use-voi-lut", VALUES, NUMBER),
            refused("+Wm --min-max-window", VALUES),
            refused("+Wn --min-max-window-n", VALUES),
            refused("+Wr --roi-min-max-window", VALUES, *(Argument(n, int) for n in "LTWH")),
            refused("+Wh --histogram-window", VALUES, NUMBER),
            refused("+Ww --set-window", VALUES, Argument("C", float), Argument("W", float)),
        ),
    ),
    Section(
        "pixel scaling for monochrome images",
        (
            accepted(
                "+sp --scaling-pixel",
                "dicomtx keeps the values of the pixels.",
                differs="DCMTK scales the values of lossy images, and changes the rescale slope.",
            ),
            refused("+sr --scaling-range", VALUES),
        ),
    ),
    Section(
        "rescale slope/intercept encoding for monochrome",
        (
            accepted("+ri --rescale-identity", "dicomtx keeps slope and intercept."),
            refused("+rm --rescale-map", VALUES),
        ),
    ),
)
COMPATIBILITY: Final = Section(
    "compatibility",
    (
        refused("+Ma --accept-acr-nema", "dicomtx needs a Photometric Interpretation"),
        refused("+Mp --accept-palettes", "dicomtx keeps palettes as they are"),
    ),
)


def _finish(choices: Choices) -> Wanted:
    """Returns what the options ask for together.

    Raises:
        click.UsageError: options contradict each other.
    """
    if choices.get("target") in LOSSY:
        quality = max(1, choices.get("quality", 90))
        return wanted("", {"keep_colour_space": False, **choices, "quality": quality})
    if "quality" in choices:
        raise click.UsageError("+q needs +eb or +ee")
    return wanted("jpeg-lossless-sv1", {**choices, "keep_colour_space": True})


TOOL: Final = Tool(
    "dcmcjpeg",
    "Convert a DICOM file to JPEG, with the arguments of dcmcjpeg.",
    VERSION,
    (
        GENERAL,
        FILE_FORMAT,
        INPUT_SYNTAX,
        COMPATIBILITY,
        *PROCESS,
        *COLOUR,
        *FRAGMENTS,
        *VALUES_OF_PIXELS,
        SOP_CLASS,
        LOSSY_UID,
        *element_encoding(),
    ),
    "dcmtk",
    _finish,
    (
        *ENCODED,
        "Images that are lossy already, and PALETTE COLOR, are not compressed with loss.",
        "DCMTK writes a Derivation Description for lossless results, too.",
        "DCMTK writes wrong pixels for a source in JPEG with YBR_FULL_422 and +e1 or +el.",
    ),
)
