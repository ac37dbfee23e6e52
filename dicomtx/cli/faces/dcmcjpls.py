"""The table of dcmcjpls."""

from typing import Final

import click

from dicomtx.cli.faces.dcmtk import (
    ENCODED,
    FILE_FORMAT,
    FRAGMENTS,
    GENERAL,
    INPUT_SYNTAX,
    LOSSY_UID,
    SOP_CLASS,
    VERSION,
    element_encoding,
    wanted,
)
from dicomtx.cli.faces.row import VALUE, Argument, Choices, Section, Tool, accepted, refused, used
from dicomtx.cli.faces.wanted import Wanted

NEAR_LOSSLESS: Final = "jpeg-ls-near-lossless"
CODING: Final = "dicomtx codes with the default parameters; the decoded pixels are the same"
NUMBER: Final = Argument("N", int)
ENCODING: Final = (
    Section(
        "JPEG-LS process",
        (
            used("+el --encode-lossless", "Lossless (default).", target="jpeg-ls-lossless"),
            used(
                "+en --encode-nearlossless",
                "Near-lossless: no sample is off by more than 2, or than +md.",
                target=NEAR_LOSSLESS,
            ),
        ),
    ),
    Section(
        "JPEG-LS bit rate (near-lossless only)",
        (
            used(
                "+md --max-deviation",
                "Largest error of a sample, with +en (default 2).",
                Argument("N", int, (1, 255)),
                near=VALUE,
            ),
        ),
    ),
    Section(
        "lossless compression",
        (
            accepted(
                "+pr --prefer-raw",
                "dicomtx codes Bits Stored bits.",
                differs="DCMTK codes Bits Allocated bits. The decoded pixels are the same.",
            ),
            accepted("+pc --prefer-cooked", "dicomtx codes Bits Stored bits."),
        ),
    ),
    Section(
        "JPEG-LS compression",
        (
            refused("+t1 --threshold1", CODING, NUMBER),
            refused("+t2 --threshold2", CODING, NUMBER),
            refused("+t3 --threshold3", CODING, NUMBER),
            refused("+rs --reset", CODING, NUMBER),
        ),
    ),
    Section(
        "JPEG-LS interleave",
        (
            accepted(
                "+il --interleave-line",
                "dicomtx interleaves samples.",
                differs="DCMTK interleaves lines. The decoded pixels are the same.",
            ),
            accepted("+is --interleave-sample", "dicomtx interleaves samples."),
            refused("+in --interleave-none", "dicomtx interleaves samples"),
            accepted("+iv --interleave-default", "dicomtx interleaves samples."),
        ),
    ),
    Section(
        "JPEG-LS padding of odd-length bitstreams",
        (
            accepted(
                "+ps --padding-standard",
                "dicomtx pads fragments to even length.",
                differs="dicomtx pads with a zero after the stream (PS3.5 A.4).",
            ),
            accepted("+pz --padding-zero", "dicomtx pads fragments with a zero."),
        ),
    ),
)


def _finish(choices: Choices) -> Wanted:
    """Returns what the options ask for together.

    Raises:
        click.UsageError: options contradict each other.
    """
    if choices.get("target") == NEAR_LOSSLESS:
        return wanted(NEAR_LOSSLESS, choices, near=2)
    if "near" in choices:
        raise click.UsageError("+md needs +en")
    return wanted("jpeg-ls-lossless", choices)


TOOL: Final = Tool(
    "dcmcjpls",
    "Convert a DICOM file to JPEG-LS, with the arguments of dcmcjpls.",
    VERSION,
    (
        GENERAL,
        FILE_FORMAT,
        INPUT_SYNTAX,
        *ENCODING,
        *FRAGMENTS,
        SOP_CLASS,
        LOSSY_UID,
        *element_encoding(),
    ),
    "dcmtk",
    _finish,
    (*ENCODED, "Signed images can be near-lossless. dicomtx checks the error of each sample."),
)
