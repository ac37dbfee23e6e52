"""The transfer syntaxes of PS3.6 Table A-1, including those without a codec."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from dicomtx.errors import UsageError

ROOT: Final = "1.2.840.10008.1.2"


class TransferSyntax(NamedTuple):
    """One row of PS3.6 Table A-1.

    Attributes:
        uid: the Transfer Syntax UID.
        keyword: its keyword in PS3.6; empty for a syntax that is not in the table.
        slug: the name on the command line; empty if dicomtx does not decode or encode it.
        family: the coding of a frame ("JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K", "JPEG XL",
            "RLE", "deflate", "native"), or "video". If empty, the pixel data is never changed.
        encapsulated: Pixel Data is a sequence of fragments (PS3.5 A.4).
        implicit_vr: the data set has no VRs (PS3.5 A.1).
        big_endian: PS3.5 A.3 (retired).
        deflated: the whole data set is one deflate stream (PS3.5 A.5).
        lossy: whether it can be lossy.
    """

    uid: str
    keyword: str = ""
    slug: str = ""
    family: str = ""
    encapsulated: bool = True
    implicit_vr: bool = False
    big_endian: bool = False
    deflated: bool = False
    lossy: bool = False

    @property
    def name(self) -> str:
        """The first that exists of slug, keyword and UID."""
        return self.slug or self.keyword or self.uid

    @property
    def lossless(self) -> str:
        """The lossless syntax of the same kind, by slug; its own name if it is lossless."""
        return LOSSLESS.get(self.slug, self.name)

    @property
    def known(self) -> bool:
        """Whether dicomtx can parse its pixel data."""
        return bool(self.family) and self.family != "video"


def _native(
    suffix: str,
    keyword: str,
    slug: str,
    *,
    implicit: bool = False,
    big: bool = False,
    deflated: bool = False,
) -> TransferSyntax:
    return TransferSyntax(
        ROOT + suffix,
        keyword,
        slug,
        "native",
        encapsulated=False,
        implicit_vr=implicit,
        big_endian=big,
        deflated=deflated,
    )


def _jpeg(number: int, keyword: str, slug: str = "", *, lossy: bool = True) -> TransferSyntax:
    return TransferSyntax(
        f"{ROOT}.4.{number}",
        keyword,
        slug,
        "JPEG" if slug or number in (52, 53, 54, 55, 56) else "",
        lossy=lossy,
    )


def _other(
    suffix: str, keyword: str, slug: str = "", family: str = "", *, lossy: bool = False
) -> TransferSyntax:
    return TransferSyntax(ROOT + suffix, keyword, slug, family, lossy=lossy)


def _deflated(suffix: str, keyword: str) -> TransferSyntax:
    return TransferSyntax(ROOT + suffix, keyword, deflated=True)


def _video(suffix: str, keyword: str) -> tuple[TransferSyntax, TransferSyntax]:
    return (
        TransferSyntax(f"{ROOT}.4.{suffix}", keyword, family="video", lossy=True),
        TransferSyntax(f"{ROOT}.4.{suffix}.1", keyword + "F", family="video", lossy=True),
    )


TABLE: Final = (
    _native("", "ImplicitVRLittleEndian", "implicit-vr-little-endian", implicit=True),
    _native(".1", "ExplicitVRLittleEndian", "explicit-vr-little-endian"),
    _native(".2", "ExplicitVRBigEndian", "explicit-vr-big-endian", big=True),
    _native(
        ".1.99",
        "DeflatedExplicitVRLittleEndian",
        "deflated-explicit-vr-little-endian",
        deflated=True,
    ),
    _other(".5", "RLELossless", "rle-lossless", "RLE"),
    _jpeg(50, "JPEGBaseline8Bit", "jpeg-baseline"),
    _jpeg(51, "JPEGExtended12Bit", "jpeg-extended"),
    _jpeg(57, "JPEGLossless", "jpeg-lossless", lossy=False),
    _jpeg(70, "JPEGLosslessSV1", "jpeg-lossless-sv1", lossy=False),
    _other(".4.80", "JPEGLSLossless", "jpeg-ls-lossless", "JPEG-LS"),
    _other(".4.81", "JPEGLSNearLossless", "jpeg-ls-near-lossless", "JPEG-LS", lossy=True),
    _other(".4.90", "JPEG2000Lossless", "jpeg2000-lossless", "JPEG 2000"),
    _other(".4.91", "JPEG2000", "jpeg2000", "JPEG 2000", lossy=True),
    _other(".4.201", "HTJ2KLossless", "htj2k-lossless", "HTJ2K"),
    _other(".4.202", "HTJ2KLosslessRPCL", "htj2k-lossless-rpcl", "HTJ2K"),
    _other(".4.203", "HTJ2K", "htj2k", "HTJ2K", lossy=True),
    _other(".4.110", "JPEGXLLossless", "jpeg-xl-lossless", "JPEG XL"),
    _other(".4.111", "JPEGXLJPEGRecompression", "jpeg-xl-recompression", "JPEG XL", lossy=True),
    _other(".4.112", "JPEGXL", "jpeg-xl", "JPEG XL", lossy=True),
    _other(".8.1", "DeflatedImageFrameCompression", "deflated-image-frame", "deflate"),
    _other(
        ".1.98",
        "EncapsulatedUncompressedExplicitVRLittleEndian",
        "encapsulated-uncompressed",
        "native",
    ),
    _jpeg(52, "JPEGExtended35"),
    _jpeg(53, "JPEGSpectralSelectionNonHierarchical68"),
    _jpeg(54, "JPEGSpectralSelectionNonHierarchical79"),
    _jpeg(55, "JPEGFullProgressionNonHierarchical1012"),
    _jpeg(56, "JPEGFullProgressionNonHierarchical1113"),
    _jpeg(58, "JPEGLosslessNonHierarchical15", lossy=False),
    _jpeg(59, "JPEGExtendedHierarchical1618"),
    _jpeg(60, "JPEGExtendedHierarchical1719"),
    _jpeg(61, "JPEGSpectralSelectionHierarchical2022"),
    _jpeg(62, "JPEGSpectralSelectionHierarchical2123"),
    _jpeg(63, "JPEGFullProgressionHierarchical2426"),
    _jpeg(64, "JPEGFullProgressionHierarchical2527"),
    _jpeg(65, "JPEGLosslessHierarchical28", lossy=False),
    _jpeg(66, "JPEGLosslessHierarchical29", lossy=False),
    _other(".4.92", "JPEG2000MCLossless"),
    _other(".4.93", "JPEG2000MC", lossy=True),
    _other(".4.94", "JPIPReferenced"),
    _deflated(".4.95", "JPIPReferencedDeflate"),  # PS3.5 A.7
    _other(".4.204", "JPIPHTJ2KReferenced"),
    _deflated(".4.205", "JPIPHTJ2KReferencedDeflate"),  # PS3.5 A.12
    *_video("100", "MPEG2MPML"),
    *_video("101", "MPEG2MPHL"),
    *_video("102", "MPEG4HP41"),
    *_video("103", "MPEG4HP41BD"),
    *_video("104", "MPEG4HP422D"),
    *_video("105", "MPEG4HP423D"),
    *_video("106", "MPEG4HP42STEREO"),
    TransferSyntax(ROOT + ".4.107", "HEVCMP51", family="video", lossy=True),
    TransferSyntax(ROOT + ".4.108", "HEVCM10P51", family="video", lossy=True),
    _other(".7.1", "SMPTEST211020UncompressedProgressiveActiveVideo"),
    _other(".7.2", "SMPTEST211020UncompressedInterlacedActiveVideo"),
    _other(".7.3", "SMPTEST211030PCMDigitalAudio"),
    _other(".6.1", "RFC2557MIMEEncapsulation"),
    _other(".6.2", "XMLEncoding"),
    _other("0", "Papyrus3ImplicitVRLittleEndian"),
)
GE_BIG_ENDIAN_PIXELS: Final = TransferSyntax(
    "1.2.840.113619.5.2",
    "PrivateGEImplicitVRLittleEndianWithBigEndianPixelData",
    implicit_vr=True,
)
"""GE's private syntax: implicit VR little endian, with big endian words in Pixel Data."""
ALIASES: Final = {
    "implicit": "implicit-vr-little-endian",
    "explicit": "explicit-vr-little-endian",
    "big-endian": "explicit-vr-big-endian",
    "deflated": "deflated-explicit-vr-little-endian",
    "rle": "rle-lossless",
}
LOSSLESS: Final = {
    "jpeg-baseline": "jpeg-lossless-sv1",
    "jpeg-extended": "jpeg-lossless-sv1",
    "jpeg-ls-near-lossless": "jpeg-ls-lossless",
    "jpeg2000": "jpeg2000-lossless",
    "htj2k": "htj2k-lossless",
    "jpeg-xl": "jpeg-xl-lossless",
}
"""The lossless syntax to suggest in place of a lossy one."""
# Common alternative names. An ambiguous name means the lossless syntax.
SPELLINGS: Final = ALIASES | {
    "raw": "explicit-vr-little-endian",
    "uncompressed": "explicit-vr-little-endian",
    "decompress": "explicit-vr-little-endian",
    "native": "explicit-vr-little-endian",
    "jpeg": "jpeg-lossless-sv1",
    "jpegls": "jpeg-ls-lossless",
    "jpeg-ls": "jpeg-ls-lossless",
    "jls": "jpeg-ls-lossless",
    "j2k": "jpeg2000-lossless",
    "jp2": "jpeg2000-lossless",
    "jpeg2k": "jpeg2000-lossless",
    "jpeg-2000": "jpeg2000-lossless",
    "jxl": "jpeg-xl-lossless",
}
BY_UID: Final = {syntax.uid: syntax for syntax in TABLE}
BY_NAME: Final = {name: s for s in TABLE for name in (s.slug, s.keyword, s.uid) if name}
BY_LOWER: Final = {name.lower(): syntax for name, syntax in BY_NAME.items()}
BASELINE: Final = ROOT + ".4.50"
RECOMPRESSION: Final = ROOT + ".4.111"
"""JPEG streams recompressed as JPEG XL. The streams are lossy; the recompression is not."""
DEFAULT_TARGET: Final = BY_UID[ROOT + ".1"]


def slugs() -> Iterator[str]:
    """Yields all names for the command line, aliases last."""
    yield from (syntax.slug for syntax in TABLE if syntax.slug)
    yield from ALIASES


def by_uid(uid: str) -> TransferSyntax:
    """Returns the syntax with this UID. A syntax that is not in the table has no family."""
    if uid == GE_BIG_ENDIAN_PIXELS.uid:
        return GE_BIG_ENDIAN_PIXELS
    return BY_UID.get(uid) or TransferSyntax(uid)


def find(name: str) -> TransferSyntax:
    """Returns the syntax with this slug, alias, keyword or UID, in upper or lower case.

    Raises:
        UsageError: the name is unknown. The message suggests similar names. It suggests a lossy
            name only if no lossless name is similar.
    """
    lower = name.strip().lower()
    found = BY_LOWER.get(SPELLINGS.get(lower, lower))
    if found:
        return found
    from difflib import get_close_matches  # noqa: PLC0415 - takes 5 ms; only wrong names need it

    begun = [slug for slug in slugs() if lower and slug.startswith(lower)]
    near = begun or get_close_matches(lower, list(slugs()), 3, 0.6)
    near = [slug for slug in near if not find(slug).lossy] or near
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else f"use one of {', '.join(slugs())}, a PS3.6 keyword, or a UID"
    )
    raise UsageError(f"unknown transfer syntax {name!r}: {hint}")
