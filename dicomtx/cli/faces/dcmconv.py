"""The table of dcmconv."""

from typing import Final

from dicomtx.cli.faces.dcmtk import (
    FILE_FORMAT,
    GENERAL,
    INPUT_SYNTAX,
    KEEPS,
    OUTPUT_SYNTAX,
    VERSION,
    element_encoding,
    wanted,
)
from dicomtx.cli.faces.row import Argument, Section, Tool, accepted, refused, used
from dicomtx.cli.faces.wanted import SAME

READS: Final = "dicomtx reads the data set as it is"
PARSING: Final = (
    Section(
        "parsing of file meta information",
        (
            accepted("+ml --use-meta-length", "dicomtx also reads meta information without it."),
            accepted("-ml --ignore-meta-length", "dicomtx reads the elements of group 2."),
        ),
    ),
    Section(
        "parsing of odd-length attributes",
        (
            accepted("+ao --accept-odd-length", "dicomtx keeps odd lengths."),
            refused("+ae --assume-even-length", READS),
        ),
    ),
    Section(
        "handling of explicit VR",
        (
            accepted("+ev --use-explicit-vr", "dicomtx keeps the VRs of the source."),
            refused("-ev --ignore-explicit-vr", READS),
        ),
    ),
    Section(
        "handling of non-standard VR",
        (
            accepted("+vr --treat-as-unknown", "dicomtx keeps the bytes of such elements."),
            refused("-vr --assume-implicit", READS),
        ),
    ),
    Section(
        "handling of undefined length UN elements",
        (
            accepted("+ui --enable-cp246", "dicomtx reads them as implicit VR."),
            refused("-ui --disable-cp246", READS),
        ),
    ),
    Section(
        "handling of defined length UN elements",
        (
            accepted("-uc --retain-un", "dicomtx keeps UN."),
            refused("+uc --convert-un", "dicomtx keeps UN"),
        ),
    ),
    Section(
        "handling of private max-length elements (implicit VR)",
        (
            accepted("-sq --maxlength-dict", "dicomtx reads elements as the dictionary says."),
            refused("+sq --maxlength-seq", READS),
        ),
    ),
    Section(
        "handling of wrong delimitation items",
        (
            accepted("-rd --use-delim-items", "dicomtx refuses wrong delimitation items."),
            refused("+rd --replace-wrong-delim", READS),
        ),
    ),
    Section(
        "handling of illegal elements",
        (
            accepted(
                "-oi --illegal-obow-rej",
                "dicomtx keeps such elements as they are.",
                differs="DCMTK refuses the file.",
            ),
            refused("+oi --illegal-obow-conv", READS),
            accepted(
                "-vi --illegal-voi-rej",
                "dicomtx keeps such elements as they are.",
                differs="DCMTK refuses the file.",
            ),
            refused("+vi --illegal-voi-conv", READS),
            accepted(
                "-pe --abort-expl-pixdata",
                "dicomtx reads such files, with a warning.",
                differs="DCMTK refuses the file. dicomtx writes an undefined length.",
            ),
            accepted("+pe --use-expl-pixdata", "dicomtx reads such files, with a warning."),
        ),
    ),
    Section(
        "general handling of parser errors",
        (
            used(
                "+Ep --ignore-parse-errors",
                "Recover what is readable of a damaged file.",
                differs="The result is never called verified.",
                salvage=True,
            ),
            used("-Ep --handle-parse-errors", "Refuse damaged files (default).", salvage=False),
        ),
    ),
    Section(
        "other parsing options",
        (
            refused("+st --stop-after-elem", KEEPS, Argument("TAG")),
            accepted(
                "+dc --enable-correction",
                "dicomtx keeps values as they are.",
                differs="DCMTK corrects some values, such as leading zeros in UIDs.",
            ),
            accepted("-dc --disable-correction", "dicomtx keeps values as they are."),
            accepted("+bd --bitstream-deflated", "dicomtx reads a deflated bitstream."),
            refused("+bz --bitstream-zlib", "dicomtx reads a deflated bitstream"),
        ),
    ),
)
TEXT: Final = "dicomtx keeps the characters of all texts"
PROCESSING: Final = Section(
    "processing options",
    (
        refused("+U8 --convert-to-utf8", TEXT),
        refused("+L1 --convert-to-latin1", TEXT),
        refused("+A7 --convert-to-ascii", TEXT),
        refused("+C --convert-to-charset", TEXT, Argument("CHARSET")),
        refused("-Ct --transliterate", TEXT),
        refused("-Cd --discard-illegal", TEXT),
        refused("-ig --no-invalid-groups", KEEPS),
    ),
)
OUTPUT: Final = (
    Section(
        "output file format",
        (
            accepted(
                "+Fm --write-new-meta-info",
                "dicomtx writes its implementation, and keeps the rest.",
                differs="A file that is in the target syntax already is copied.",
            ),
            accepted("+F --write-file", "dicomtx always writes file meta information."),
            refused("-F --write-dataset", "dicomtx always writes file meta information"),
        ),
    ),
    Section(
        "output transfer syntax",
        (
            used("+t= --write-xfer-same", "The syntax of the source (default).", target=SAME),
            *(
                row._replace(differs="A compressed source is decompressed. DCMTK fails.")
                for row in OUTPUT_SYNTAX
            ),
            used(
                "+td --write-xfer-deflated",
                "Deflated explicit VR little endian.",
                differs="A compressed source is decompressed. DCMTK fails.",
                target="deflated-explicit-vr-little-endian",
            ),
            refused("+tg --write-xfer-ge", "dicomtx writes no private syntax"),
        ),
    ),
    *element_encoding(
        accepted("+eo --write-oversized", "dicomtx keeps lengths."),
        refused("-eo --abort-oversized", "dicomtx keeps lengths"),
    ),
    Section(
        "deflate compression level",
        (
            refused(
                "+cl --compression-level", "dicomtx deflates at its own level", Argument("N", int)
            ),
        ),
    ),
)
TOOL: Final = Tool(
    "dcmconv",
    "Change the encoding of a DICOM file, with the arguments of dcmconv.",
    VERSION,
    (GENERAL, FILE_FORMAT, INPUT_SYNTAX, *PARSING, PROCESSING, *OUTPUT),
    "dcmtk",
    lambda choices: wanted(SAME, choices),
)
