"""The rows that several tools of DCMTK share, and what they ask for."""

from typing import Any, Final

import click

from dicomtx.cli.faces.row import (
    VALUE,
    Argument,
    Choices,
    Row,
    Section,
    Tool,
    accepted,
    refused,
    used,
)
from dicomtx.cli.faces.wanted import Verbosity, Wanted, settings_in

VERSION: Final = "3.6.7"
LEVELS: Final[dict[str, Verbosity]] = {
    "fatal": "quiet",
    "error": "quiet",
    "warn": "normal",
    "info": "verbose",
    "debug": "verbose",
    "trace": "verbose",
}
KEEPS: Final = "dicomtx changes the transfer syntax and keeps all elements"
LARGE: Final = Argument("SIZE", int)
NEW_UID: Final = "lossless results keep their SOP Instance UID; try dcmodify -gin"

GENERAL: Final = Section(
    "general options",
    (
        used("-h --help", "Show this help, and exit.", show="help"),
        used("--version", "Show the version, and exit.", show="version"),
        accepted("--arguments", "Command files are read, and their content is not shown."),
        used("-q --quiet", "Print errors only.", level="fatal"),
        used("-v --verbose", "Show how the file was converted.", level="info"),
        used("-d --debug", "Same as -v.", level="debug"),
        used(
            "-ll --log-level",
            "fatal and error: same as -q. info, debug and trace: same as -v.",
            Argument("LEVEL", words=tuple(LEVELS)),
            level=VALUE,
        ),
        refused("-lc --log-config", "dicomtx has no log; use -q or -v", Argument("FILE")),
    ),
)
FILE_FORMAT: Final = Section(
    "input file format",
    (
        used("+f --read-file", "Read files and bare data sets (default).", has_meta=None),
        used(
            "+fo --read-file-only", "Refuse sources without file meta information.", has_meta=True
        ),
        used("-f --read-dataset", "Refuse sources with file meta information.", has_meta=False),
    ),
)
FOUND: Final = "dicomtx recognizes the encoding, and refuses a source in another one."
INPUT_SYNTAX: Final = Section(
    "input transfer syntax",
    (
        used("-t= --read-xfer-auto", "Recognize the encoding (default).", encoding=""),
        used(
            "-td --read-xfer-detect",
            "Recognize the encoding. dicomtx always compares it with the file meta information.",
            encoding="",
        ),
        used(
            "-te --read-xfer-little",
            f"Explicit VR little endian: {FOUND}",
            encoding="explicit-vr-little-endian",
        ),
        used(
            "-tb --read-xfer-big",
            f"Explicit VR big endian: {FOUND}",
            encoding="explicit-vr-big-endian",
        ),
        used(
            "-ti --read-xfer-implicit",
            f"Implicit VR little endian: {FOUND}",
            encoding="implicit-vr-little-endian",
        ),
    ),
)
COLOURS: Final = (
    used(
        "+cp --conv-photometric",
        "Convert lossy JPEG in YCbCr to RGB (default).",
        differs="Lossless streams in YBR_FULL stay as they are, since RGB would lose values.",
        keep_colour_space=False,
    ),
    used(
        "+cl --conv-lossy",
        "Same as +cp.",
        differs="Streams that hold RGB stay RGB.",
        keep_colour_space=False,
    ),
    used(
        "+cg --conv-guess",
        "Same as +cp: dicomtx finds the colour space from markers and label.",
        keep_colour_space=False,
    ),
    used("+cgl --conv-guess-lossy", "Same as +cg.", keep_colour_space=False),
    refused("+ca --conv-always", "dicomtx converts YCbCr only; use +cp"),
    used("+cn --conv-never", "Leave YCbCr as YBR_FULL.", keep_colour_space=True),
)
WORKAROUNDS: Final = (
    refused("+w6 --workaround-pred6", "dicomtx decodes as the standard says"),
    used(
        "+wi --workaround-incpl",
        "Recover what is readable of a damaged file.",
        differs="The result is never called verified.",
        salvage=True,
    ),
    refused("+wc --workaround-cornell", "dicomtx decodes as the standard says"),
)
FRAGMENTS: Final = (
    Section(
        "pixel data fragmentation",
        (
            accepted("+ff --fragment-per-frame", "dicomtx writes one fragment for each frame."),
            refused("+fs --fragment-size", "dicomtx writes one fragment for each frame", LARGE),
        ),
    ),
    Section(
        "basic offset table encoding",
        (
            used("+ot --offset-table-create", "An offset table (default).", offset_table="auto"),
            used("-ot --offset-table-empty", "An empty offset table.", offset_table="empty"),
        ),
    ),
)
SOP_CLASS: Final = Section(
    "SOP Class UID",
    (
        accepted("+cd --class-default", "dicomtx keeps the SOP Class UID."),
        refused("+cs --class-sc", KEEPS),
    ),
)
LOSSY_UID: Final = Section(
    "SOP Instance UID",
    (
        used("+ud --uid-default", "A new UID for lossy results (default).", uid="auto"),
        used(
            "+ua --uid-always",
            f"A new UID, for lossy results only: {NEW_UID}.",
            uid="new",
        ),
        used("+un --uid-never", "Keep the UID.", uid="keep"),
    ),
)
DECODED_UID: Final = Section(
    "SOP Instance UID",
    (
        accepted("+ud --uid-default", "dicomtx keeps the UID."),
        refused("+ua --uid-always", NEW_UID),
    ),
)
BY_ITS_CLASS: Final = accepted(
    "+pa --planar-auto",
    "dicomtx stores samples by pixel.",
    differs="Also for the SOP Classes that DCMTK stores by plane.",
)
BY_PIXEL: Final = used(
    "+px --color-by-pixel",
    "Samples by pixel. dicomtx always decodes to this, and refuses native sources by plane.",
    planar=0,
)
BY_PLANE: Final = refused("+pl --color-by-plane", "dicomtx decodes to samples by pixel")
FILE_OUTPUT: Final = Section(
    "output file format",
    (
        accepted("+F --write-file", "dicomtx always writes file meta information."),
        refused("-F --write-dataset", "dicomtx always writes file meta information"),
    ),
)
OUTPUT_SYNTAX: Final = (
    used(
        "+te --write-xfer-little",
        "Explicit VR little endian.",
        target="explicit-vr-little-endian",
    ),
    used("+tb --write-xfer-big", "Explicit VR big endian.", target="explicit-vr-big-endian"),
    used(
        "+ti --write-xfer-implicit",
        "Implicit VR little endian.",
        target="implicit-vr-little-endian",
    ),
)
LENGTHS: Final = (
    used(
        "+e --length-explicit",
        "Explicit lengths. dicomtx keeps those of the source, and refuses undefined ones.",
        explicit_lengths=True,
    ),
    refused("-e --length-undefined", "dicomtx keeps explicit lengths explicit"),
)


def element_encoding(*lengths: Row) -> tuple[Section, ...]:
    """Returns the sections about the encoding of elements; ``lengths`` are more rows."""
    return (
        Section(
            "post-1993 value representations",
            (
                accepted("+u --enable-new-vr", "dicomtx writes all VRs."),
                refused("-u --disable-new-vr", "dicomtx writes all VRs"),
            ),
        ),
        Section(
            "group length encoding",
            (
                accepted("+g= --group-length-recalc", "dicomtx keeps group lengths true."),
                refused("+g --group-length-create", "dicomtx adds no group lengths"),
                refused("-g --group-length-remove", "dicomtx removes no group lengths"),
            ),
        ),
        Section("length encoding in sequences and items", (*LENGTHS, *lengths)),
        Section(
            "data set trailing padding",
            (
                accepted("-p= --padding-retain", "dicomtx keeps the padding."),
                refused("-p --padding-off", KEEPS),
                refused("+p --padding-create", KEEPS, Argument("FILE", int), Argument("ITEM", int)),
            ),
        ),
    )


ENCODED: Final = (
    "A file without pixel data stays as it is. DCMTK gives it a compressed transfer syntax.",
    "Any source that dicomtx can decode is accepted, also JPEG 2000.",
)
DECODED: Final = ("Any compressed source is decompressed, whatever its compression.",)


def decoder(name: str, text: str, *sections: Section, differs: tuple[str, ...] = DECODED) -> Tool:
    """Returns the table of a tool that decompresses; ``sections`` are its processing options."""
    return Tool(
        name,
        text,
        VERSION,
        (
            GENERAL,
            FILE_FORMAT,
            *sections,
            FILE_OUTPUT,
            Section("output transfer syntax", OUTPUT_SYNTAX),
            *element_encoding(),
        ),
        "dcmtk",
        lambda choices: wanted("explicit-vr-little-endian", choices),
        differs,
    )


def wanted(default: str, choices: Choices, **settings: Any) -> Wanted:
    """Returns what the options ask for; ``settings`` are those of the tool.

    Raises:
        click.UsageError: a new SOP Instance UID for a lossless result.
    """
    target = choices.get("target", default)
    asked = settings_in(settings | dict(choices))
    if choices.get("uid") == "new" and target not in LOSSY:
        raise click.UsageError(f"+ua is not supported with {target}: {NEW_UID}")
    return Wanted(
        target,
        asked,
        LEVELS[choices.get("level", "warn")],
        has_meta=choices.get("has_meta"),
        encoding=choices.get("encoding", ""),
        planar=choices.get("planar"),
        explicit_lengths=choices.get("explicit_lengths", False),
    )


LOSSY: Final = ("jpeg-baseline", "jpeg-extended", "jpeg-ls-near-lossless")
