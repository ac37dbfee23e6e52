"""The table of gdcmconv."""

from typing import Any, Final

import click

from dicomtx.cli.faces.row import VALUE, Argument, Choices, Section, Tool, accepted, refused, used
from dicomtx.cli.faces.wanted import LOSSY_JPEG, NATIVE, SAME, Wanted, settings_in

ONLY_SYNTAX: Final = "dicomtx changes the transfer syntax and keeps all elements"
ICONS: Final = "dicomtx makes no icons, and keeps those of the source"

CONVERSION: Final = (
    used("-i --input", "The source.", Argument("FILE"), input=VALUE),
    used("-o --output", "The destination.", Argument("FILE"), output=VALUE),
    used(
        "-X --explicit",
        "Explicit VR little endian.",
        differs="gdcmconv fails for a compressed source, and leaves an empty file; dicomtx"
        " decompresses it.",
        explicit=True,
    ),
    used(
        "-M --implicit",
        "Implicit VR little endian.",
        differs="gdcmconv fails for a compressed source, and leaves an empty file; dicomtx"
        " decompresses it.",
        implicit=True,
    ),
    accepted("-U --use-dict", "dicomtx always takes VRs from the dictionary."),
    refused("--with-private-dict", "dicomtx writes private elements without a VR as UN"),
    accepted("-C --check-meta", "dicomtx always checks the file meta information."),
    refused("--root-uid", "new UIDs begin with the root of dicomtx", Argument("UID")),
    refused("--remove-gl", f"{ONLY_SYNTAX}; try gdcmconv itself, or dcmconv -g"),
    refused("--remove-private-tags", f"{ONLY_SYNTAX}; try dcmodify -ep"),
    refused("--remove-retired", f"{ONLY_SYNTAX}; try dcmodify -e"),
)
IMAGE: Final = (
    refused("-l --apply-lut", "dicomtx keeps PALETTE COLOR"),
    refused("-8 --apply-lut8", "dicomtx keeps PALETTE COLOR"),
    refused("--decompress-lut", f"{ONLY_SYNTAX}"),
    refused(
        "-P --photometric-interpretation",
        "dicomtx always writes the one that is true for the pixel data",
        Argument("NAME"),
    ),
    used(
        "-w --raw",
        "Decompress.",
        differs="RLE with 16 or 32 bits and several samples per pixel: gdcmconv writes wrong"
        " pixels.",
        raw=True,
    ),
    used("-d --deflated", "Deflated explicit VR little endian.", deflated=True),
    used(
        "-J --jpeg",
        "JPEG Lossless, or with -Y JPEG Baseline or Extended.",
        differs="With -Y, gdcmconv labels YCbCr streams RGB, and writes streams of 16 bits that"
        " other programs cannot read; dicomtx labels them right, and refuses more than 12 bits.",
        codec="jpeg",
    ),
    used(
        "-K --j2k",
        "JPEG 2000.",
        differs="For RGB, dicomtx transforms the colours within the stream and labels it YBR_RCT"
        " or YBR_ICT, so files are smaller. gdcmconv writes streams of 32 bits that no program can"
        " read, and crashes for tiny images.",
        codec="jpeg2000",
    ),
    used("-L --jpegls", "JPEG-LS.", codec="jpeg-ls"),
    used(
        "-R --rle",
        "RLE Lossless.",
        differs="gdcmconv writes wrong pixels if Pixel Data has trailing bytes.",
        codec="rle",
    ),
    used(
        "-F --force",
        "Write fragments, offset tables and labels anew, if the syntax stays the same.",
        differs="Code streams in the target syntax stay as they are.",
        repair=True,
    ),
    refused("--generate-icon", ICONS),
    refused("--icon-minmax", ICONS, Argument("MIN,MAX")),
    refused("--icon-auto-minmax", ICONS),
    refused("--compress-icon", ICONS),
    used(
        "--planar-configuration",
        "0: samples by pixel. dicomtx always decodes to this. It refuses 1, and native sources"
        " by plane.",
        Argument("[01]", int, (0, 1)),
        planar=VALUE,
    ),
    used(
        "-Y --lossy",
        "With -J, -K and -L: lossy.",
        differs="dicomtx measures the loss, and records ratio and method. It refuses images that"
        " are lossy already.",
        lossy_codec=True,
    ),
    refused("-S --split", "dicomtx writes one fragment for each frame", Argument("BYTES", int)),
)
GENERAL: Final = (
    used("-V --verbose", "Show how the file was converted.", verbosity="verbose"),
    accepted("-W --warning", "dicomtx always prints warnings."),
    used("-D --debug", "Same as -V.", verbosity="verbose"),
    accepted("-E --error", "dicomtx always prints errors."),
    used("-h --help", "Show this help, and exit.", show="help"),
    used("-v --version", "Show the version, and exit.", show="version"),
    used("--quiet", "Print errors only.", verbosity="quiet"),
)
CODING: Final = (
    used(
        "-q --quality",
        "With -J -Y: quality, 1 to 100 (default 100). With -K -Y: PSNR in dB; of several, the"
        " highest counts.",
        Argument("N[,N...]", list),
        differs="gdcmconv crashes if the option is spelled out. For JPEG 2000, it writes a layer"
        " for each number. Its PSNR refers to the range of Bits Stored, that of dicomtx to the"
        " range of the file's values.",
        qualities=VALUE,
    ),
    used(
        "-e --allowed-error",
        "With -L -Y: largest error of a sample (default 0).",
        Argument("N", int, (0, 255)),
        near=VALUE,
    ),
    used(
        "-r --rate",
        "With -K -Y: compression ratio; of several, the lowest counts.",
        Argument("R[,R...]", list),
        differs="gdcmconv writes a layer for each number.",
        rates=VALUE,
    ),
    refused("-t --tile", "dicomtx writes one tile", Argument("W,H")),
    refused("-n --number-resolution", "dicomtx chooses the levels", Argument("N")),
    used(
        "--irreversible",
        "With -K -Y: lossy, at quality 100 if there is no rate or quality.",
        irreversible=True,
    ),
)
SPECIAL: Final = (
    used(
        "-I --ignore-errors",
        "Recover what is readable of a damaged file.",
        differs="The result is never called verified.",
        salvage=True,
    ),
)
LOSSY: Final = {"jpeg": LOSSY_JPEG, "jpeg-ls": "jpeg-ls-near-lossless", "jpeg2000": "jpeg2000"}
LOSSLESS: Final = {
    "jpeg": "jpeg-lossless-sv1",
    "jpeg-ls": "jpeg-ls-lossless",
    "jpeg2000": "jpeg2000-lossless",
    "rle": "rle-lossless",
}
GOALS: Final = {
    "qualities": ("-q", ("jpeg", "jpeg2000")),
    "near": ("-e", ("jpeg-ls",)),
    "rates": ("-r", ("jpeg2000",)),
    "irreversible": ("--irreversible", ("jpeg2000",)),
}
"""The options of lossy compression, and with which codecs they have an effect."""


def _finish(choices: Choices) -> Wanted:
    """Returns what the options ask for together.

    Raises:
        click.UsageError: options contradict each other.
    """
    codec = choices.get("codec", "")
    lossy = codec if choices.get("lossy_codec") else ""
    if lossy == "rle":
        raise click.UsageError("RLE is lossless: -R and -Y contradict each other")
    if choices.get("planar"):
        raise click.UsageError("--planar-configuration 1 is not supported: dicomtx writes 0")
    idle = [
        f"{name} has no effect without {' or '.join(f'-Y {LETTERS[one]}' for one in codecs)}"
        for key, (name, codecs) in GOALS.items()
        if key in choices and lossy not in codecs
    ]
    goal = _goal(lossy, choices) if lossy else {}
    settings = settings_in({key: choices[key] for key in choices if key != "near"})
    return Wanted(
        _target(codec, choices),
        {"keep_colour_space": True, **settings, **goal},
        choices.get("verbosity", "normal"),
        planar=choices.get("planar"),
        notes=tuple(idle),
    )


LETTERS: Final = {"jpeg": "-J", "jpeg-ls": "-L", "jpeg2000": "-K", "rle": "-R"}


def _target(codec: str, choices: Choices) -> str:
    """Returns the target.

    Raises:
        click.UsageError: there are several.
    """
    coded = (LOSSY if choices.get("lossy_codec") else LOSSLESS).get(codec, "")
    native = {
        "-X": "explicit-vr-little-endian" if choices.get("explicit") else "",
        "-M": "implicit-vr-little-endian" if choices.get("implicit") else "",
        "-d": "deflated-explicit-vr-little-endian" if choices.get("deflated") else "",
        LETTERS.get(codec, ""): coded,
    }
    named = {name: target for name, target in native.items() if target}
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} contradict each other")
    return next(iter(named.values()), NATIVE if choices.get("raw") else SAME)


def _goal(codec: str, choices: Choices) -> dict[str, Any]:
    """Returns the quality goal of a lossy target, as settings.

    Raises:
        click.UsageError: there are two goals, several numbers for JPEG, or a number that is not
            allowed.
    """
    qualities, rates = choices.get("qualities", ()), choices.get("rates", ())
    if codec == "jpeg-ls":
        return {"near": choices.get("near", 0)}
    if codec == "jpeg":
        if len(qualities) > 1:
            raise click.UsageError("-q takes one number with -J")
        quality = _within("-q", qualities[0], 1, 100) if qualities else 100
        return {"quality": int(quality)}
    if qualities and rates:
        raise click.UsageError("-q and -r contradict each other")
    if qualities:
        return {"psnr": _within("-q", max(qualities), 1, 200)}
    if rates and _within("-r", min(rates), 0, 10_000) > 1:
        return {"ratio": float(min(rates))}
    return {"quality": 100} if choices.get("irreversible") else {"reversible": True}


def _within(name: str, number: float, low: int, high: int) -> float:
    """Returns the number, if it is in this range.

    Raises:
        click.UsageError: it is not.
    """
    if not low <= number <= high:
        raise click.UsageError(f"{name}: {number:g} is not a number from {low} to {high}")
    return float(number)


TOOL: Final = Tool(
    "gdcmconv",
    "Convert a DICOM file, with the arguments of gdcmconv.",
    "3.0.21",
    (
        Section("Parameters and options", CONVERSION),
        Section("Image only options", IMAGE),
        Section("General options", GENERAL),
        Section("JPEG, JPEG-LS and JPEG 2000 options", CODING),
        Section("Special options", SPECIAL),
    ),
    "getopt",
    _finish,
    (
        "-K -Y without a rate or quality is lossless. gdcmconv marks the result as lossy.",
        "gdcmconv replaces the ratio of an earlier lossy step, and writes no method.",
        "gdcmconv leaves offset tables empty. dicomtx fills them.",
        "gdcmconv fills a truncated image with zeros, and exits with 0. dicomtx refuses it.",
        "A file named '-' is a file, as for gdcmconv.",
    ),
    streams=False,
)
