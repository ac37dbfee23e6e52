"""PS3.5 8.2 as one table: the images that each transfer syntax can hold.

The first row that matches an image decides. An image that matches no row is forbidden.
"""

from typing import Final, NamedTuple

from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import ROOT


class Row(NamedTuple):
    """A set of images. They are allowed if ``practised`` and ``forbidden`` are empty.

    Attributes:
        photometric: values of Photometric Interpretation.
        allocated: values of Bits Allocated.
        stored: values of Bits Stored.
        signs: values of Pixel Representation.
        practised: what the standard does not define, but is used in practice.
        forbidden: what our encoders cannot do, even if the standard allows it.
    """

    photometric: tuple[str, ...]
    allocated: tuple[int, ...] = (8, 16)
    stored: range = range(1, 17)
    signs: tuple[int, ...] = (0,)
    practised: str = ""
    forbidden: str = ""

    def names(self, image: ImagePixel) -> bool:
        """Returns whether this row matches the image."""
        return (
            image.photometric_interpretation in self.photometric
            and image.bits_allocated in self.allocated
            and image.bits_stored in self.stored
            and image.pixel_representation in self.signs
        )


class Profile(NamedTuple):
    """One table of PS3.5 8.2.

    Attributes:
        title: the name of the compression.
        section: its section of PS3.5.
        rows: the images it can hold.
        whole_words: whether it codes all allocated bits, not only the stored ones.
    """

    title: str
    section: str
    rows: tuple[Row, ...]
    whole_words: bool = False


GREY: Final = ("MONOCHROME1", "MONOCHROME2")
PALETTE: Final = ("PALETTE COLOR",)
RGB: Final = ("RGB",)
FULL: Final = ("YBR_FULL",)
HALF: Final = ("YBR_FULL_422",)
RCT: Final = ("RGB", "YBR_RCT")
TRANSFORMED: Final = ("YBR_RCT", "YBR_ICT", "XYB")  # only inside code streams
COLOUR: Final = (*RGB, *FULL, *HALF, *TRANSFORMED)
SAMPLES: Final = dict.fromkeys(GREY + PALETTE, 1) | dict.fromkeys(COLOUR, 3)

BYTE: Final = range(8, 9)
BIT: Final = range(1, 2)
LS: Final = range(2, 17)
J2K: Final = range(1, 25)
BOTH: Final = (0, 1)
SIGNED: Final = (1,)

SIGNED_COLOUR: Final = "signed samples that are not monochrome"
WIDE_YBR: Final = "YBR_FULL with more than 8 bits"
XL_WIDTH: Final = "encoders take unsigned samples of at most 16 bits"
J2K_WIDTH: Final = "encoders keep at most 24 bits per sample, in 8, 16 or 32 allocated"
ANY: Final = (8, 16, 24, 32, 40, 64)
ANY_BITS: Final = range(1, 65)


def _jpeg_2000(
    title: str, section: str, colour: tuple[str, ...], palette: tuple[str, ...] = ()
) -> Profile:
    """Returns the profile that JPEG 2000 and HTJ2K share."""
    wide = (8, 16, 32)
    rows = (
        Row(GREY, (1,), BIT),
        Row(GREY, wide, J2K, BOTH),
        Row(colour + FULL, wide, J2K),
        Row(colour + FULL, wide, J2K, SIGNED, practised=SIGNED_COLOUR),
        Row(GREY + colour + FULL, ANY, ANY_BITS, BOTH, forbidden=J2K_WIDTH),
        Row(palette),
        Row(palette, signs=SIGNED, practised=SIGNED_COLOUR),
    )
    return Profile(title, section, rows)


BASELINE: Final = Profile(
    "JPEG Baseline",
    "8.2.1",
    (
        Row(GREY + RGB + HALF, (8,), BYTE),
        Row(FULL, (8,), BYTE, practised="YBR_FULL (chroma not subsampled)"),
    ),
)
EXTENDED: Final = Profile(
    "JPEG Extended",
    "8.2.1",
    (
        Row(GREY, (8,), BYTE),
        Row(GREY, (16,), range(12, 13)),
        Row(GREY, (16,), range(9, 12), practised="9 to 11 bits stored, coded as 12"),
        Row(RGB + HALF + FULL, (8,), BYTE, practised="colour"),
    ),
)
LOSSLESS: Final = Profile(
    "JPEG Lossless",
    "8.2.1",
    (
        Row(GREY, signs=BOTH),
        Row(PALETTE + RGB + FULL),
        Row(PALETTE + RGB + FULL, signs=SIGNED, practised=SIGNED_COLOUR),
    ),
)
LS_LOSSLESS: Final = Profile(
    "JPEG-LS",
    "8.2.3",
    (
        Row(GREY, stored=LS, signs=BOTH),
        Row(PALETTE + RGB, stored=LS),
        Row(FULL, (8,), range(2, 9)),
        Row(FULL, stored=LS, practised=WIDE_YBR),
        Row(PALETTE + RGB + FULL, stored=LS, signs=SIGNED, practised=SIGNED_COLOUR),
        Row(GREY + PALETTE + RGB + FULL, stored=BIT, practised="one bit stored, coded as eight"),
    ),
)
LS_NEAR: Final = Profile(
    "near-lossless JPEG-LS",
    "8.2.3",
    (
        Row(GREY, stored=LS, signs=BOTH),
        Row(RGB, stored=LS),
        Row(FULL, (8,), range(2, 9)),
        Row(FULL, stored=LS, practised=WIDE_YBR),
    ),
)
RLE: Final = Profile(
    "RLE",
    "8.2.2",
    (
        Row(GREY, signs=BOTH),
        Row(PALETTE + RGB),
        Row(FULL, (8,)),
        Row(FULL, practised=WIDE_YBR),
        Row(GREY, (1,), BIT, practised="one bit allocated"),
        Row(GREY + RGB + FULL, (32,), range(1, 33), BOTH, practised="32 bits allocated"),
        Row(PALETTE + RGB + FULL, signs=SIGNED, practised=SIGNED_COLOUR),
    ),
    whole_words=True,
)
XL_LOSSLESS: Final = Profile(
    "JPEG XL",
    "8.2.15",
    (
        Row(GREY + RGB + FULL),
        Row(PALETTE, practised="PALETTE COLOR"),
        Row(GREY + PALETTE + RGB + FULL, ANY, ANY_BITS, BOTH, forbidden=XL_WIDTH),
    ),
)
XL_JPEG: Final = Profile(
    "JPEG XL of a JPEG stream",
    "8.2.15",
    (
        Row(("MONOCHROME2", *RGB, *HALF), (8,), BYTE),
        Row(("MONOCHROME1", *FULL), (8,), BYTE, practised="MONOCHROME1 and YBR_FULL"),
    ),
)
XL: Final = Profile(
    "JPEG XL",
    "8.2.15",
    (
        Row((*GREY, *RGB, *FULL, "XYB")),
        Row(GREY + RGB + FULL, ANY, ANY_BITS, BOTH, forbidden=XL_WIDTH),
    ),
)
ICT: Final = (*RCT, "YBR_ICT")
PROFILES: Final = {
    ROOT + suffix: profile
    for suffix, profile in (
        (".5", RLE),
        (".4.50", BASELINE),
        (".4.51", EXTENDED),
        (".4.57", LOSSLESS),
        (".4.70", LOSSLESS),
        (".4.80", LS_LOSSLESS),
        (".4.81", LS_NEAR),
        (".4.90", _jpeg_2000("JPEG 2000", "8.2.4", RCT, PALETTE)),
        (".4.91", _jpeg_2000("JPEG 2000", "8.2.4", ICT)),
        (".4.110", XL_LOSSLESS),
        (".4.111", XL_JPEG),
        (".4.112", XL),
        (".4.201", _jpeg_2000("HTJ2K", "8.2.14", RCT, PALETTE)),
        (".4.202", _jpeg_2000("HTJ2K", "8.2.14", RCT, PALETTE)),
        (".4.203", _jpeg_2000("HTJ2K", "8.2.14", ICT)),
    )
}
