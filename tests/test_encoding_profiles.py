"""What each syntax may hold, held against pydicom's reading of PS3.5 8.2."""

from itertools import product

import pytest
from pydicom.pixels.encoders.base import ENCODING_PROFILES

from dicomtx.encoding_profiles import Permission, nearest, permission
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TABLE, TransferSyntax, by_uid, find

ALLOWED, PRACTISED, FORBIDDEN = Permission.ALLOWED, Permission.PRACTISED, Permission.FORBIDDEN
COMPRESSING = [s for s in TABLE if s.slug and s.family not in ("native", "deflate")]
UNCOMPRESSED = [s for s in TABLE if s.slug and s.family in ("native", "deflate")]
PYDICOM = {
    (str(uid), photometric, sign, allocated, stored)
    for uid, rows in ENCODING_PROFILES.items()
    for photometric, _, signs, all_allocated, all_stored in rows
    for sign, allocated, stored in product(signs, all_allocated, all_stored)
    if stored <= allocated
}
PHOTOMETRIC = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_RCT": 3,
    "YBR_ICT": 3,
}


def described(
    photometric: str = "MONOCHROME2", allocated: int = 16, stored: int = 0, sign: int = 0
) -> ImagePixel:
    """Returns an image; all bits allocated are stored if nothing else is said."""
    stored = stored or allocated
    samples = PHOTOMETRIC.get(photometric, 3)
    return ImagePixel(
        rows=8,
        columns=8,
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1,
        pixel_representation=sign,
    )


GREY = described()
COLOUR = described("RGB", 8)
BIT = described(allocated=1)
WIDE = described(allocated=32)


def named(syntax: TransferSyntax) -> str:
    return syntax.slug


def beyond_our_encoders(allocated: int, stored: int) -> bool:
    """Returns whether the standard allows what we refuse all the same, with a reason."""
    return stored > 24 or allocated in (24, 40)


def test_what_the_standard_allows_is_allowed_or_refused_with_a_reason() -> None:
    for uid, photometric, sign, allocated, stored in PYDICOM:
        image = described(photometric, allocated, stored, sign)
        expected = FORBIDDEN if beyond_our_encoders(allocated, stored) else ALLOWED
        assert permission(by_uid(uid), image)[0] is expected, (uid, image)


def test_nothing_else_is_allowed() -> None:
    grid = product(PHOTOMETRIC, (0, 1), (8, 16, 24, 32, 40, 64), range(1, 65))
    for uid, (photometric, sign, allocated, stored) in product(map(str, ENCODING_PROFILES), grid):
        if (uid, photometric) == (find("jpeg2000").uid, "YBR_RCT"):
            continue  # a reversible stream may stand under .91, and pydicom leaves that out
        if (uid, photometric, sign, allocated, stored) not in PYDICOM:
            image = described(photometric, allocated, stored, sign)
            assert permission(by_uid(uid), image)[0] is not ALLOWED, (uid, image)


@pytest.mark.parametrize("syntax", COMPRESSING, ids=named)
def test_each_syntax_has_a_profile_and_each_refusal_a_reason(syntax: TransferSyntax) -> None:
    grid = product((*PHOTOMETRIC, "ARGB", ""), (1, 8, 16, 24, 32, 64), (0, 1))
    found = [permission(syntax, described(p, a, 0, s)) for p, a, s in grid]
    assert any(how is not FORBIDDEN for how, _ in found)
    assert all(bool(reason) is (how is not ALLOWED) for how, reason in found)


@pytest.mark.parametrize(
    ("slug", "image"),
    [
        ("jpeg2000-lossless", BIT),
        ("htj2k-lossless", BIT),
        ("htj2k-lossless", described("PALETTE COLOR", 8)),
        ("htj2k-lossless-rpcl", described("YBR_RCT", 16)),
        ("htj2k", described("YBR_ICT", 8)),
        ("jpeg2000-lossless", described(allocated=32, stored=24, sign=1)),
        ("jpeg-xl-lossless", described(stored=12)),
        ("jpeg-xl-lossless", COLOUR),
        ("jpeg-xl", described("XYB", 8)),
    ],
)
def test_newer_tables_are_known_too(slug: str, image: ImagePixel) -> None:
    assert permission(find(slug), image) == (ALLOWED, "")


@pytest.mark.parametrize(
    ("slug", "image", "reason"),
    [
        ("rle", WIDE, "32 bits allocated in RLE: not defined in PS3.5 8.2.2"),
        ("rle", described("RGB", 32), "32 bits allocated in RLE: not defined in PS3.5 8.2.2"),
        ("rle", BIT, "one bit allocated in RLE: not defined in PS3.5 8.2.2"),
        ("rle", described("YBR_FULL", 16), "YBR_FULL with more than 8 bits in RLE: not defined"),
        ("jpeg-ls-lossless", described(allocated=8, stored=1), "one bit stored, coded as eight"),
        ("jpeg-lossless", described("RGB", 16, sign=1), "signed samples that are not monochrome"),
        ("jpeg-extended", described(stored=10), "9 to 11 bits stored, coded as 12"),
        ("jpeg-baseline", described("YBR_FULL", 8), "YBR_FULL (chroma not subsampled)"),
        (
            "jpeg-xl-lossless",
            described("PALETTE COLOR", 8),
            "PALETTE COLOR in JPEG XL: not defined",
        ),
    ],
)
def test_practice_beyond_the_standard_is_named(slug: str, image: ImagePixel, reason: str) -> None:
    how, told = permission(find(slug), image)
    assert how is PRACTISED
    assert told.startswith(reason)


@pytest.mark.parametrize(
    ("slug", "image", "reason"),
    [
        (
            "jpeg-ls-lossless",
            WIDE,
            "JPEG-LS holds 2 to 16 bits per sample, not 32 (PS3.5 8.2.3)",
        ),
        (
            "jpeg-extended",
            GREY,
            "JPEG Extended holds 8 or 12 bits per sample, not 16 (PS3.5 8.2.1)",
        ),
        (
            "jpeg-lossless-sv1",
            BIT,
            "JPEG Lossless holds 8 or 16 bits allocated, not 1 (PS3.5 8.2.1)",
        ),
        (
            "jpeg-baseline",
            described(allocated=8, sign=1),
            "JPEG Baseline cannot hold signed MONOCHROME2 samples (PS3.5 8.2.1)",
        ),
        (
            "jpeg2000",
            described("PALETTE COLOR", 8),
            "JPEG 2000 cannot hold PALETTE COLOR (PS3.5 8.2.4)",
        ),
        ("rle", described("ARGB", 8), "RLE cannot hold ARGB (PS3.5 8.2.2)"),
        ("rle", described("YBR_RCT", 8), "RLE cannot hold YBR_RCT (PS3.5 8.2.2)"),
        (
            "jpeg2000-lossless",
            WIDE,
            "JPEG 2000: encoders keep at most 24 bits per sample, in 8, 16 or 32 allocated",
        ),
        (
            "jpeg-xl-lossless",
            described(sign=1),
            "JPEG XL: encoders take unsigned samples of at most 16 bits",
        ),
        (
            "jpeg-extended",
            described(stored=8),
            "JPEG Extended cannot hold 8 of 16 bits in MONOCHROME2 (PS3.5 8.2.1)",
        ),
        (
            "rle",
            COLOUR._replace(samples_per_pixel=1),
            "RGB has 3 samples per pixel, not 1",
        ),
        (
            "rle",
            described(allocated=8, stored=12),
            "12 bits stored do not fit in 8 allocated",
        ),
    ],
)
def test_a_refusal_says_why(slug: str, image: ImagePixel, reason: str) -> None:
    assert permission(find(slug), image) == (FORBIDDEN, reason)


@pytest.mark.parametrize("syntax", COMPRESSING, ids=named)
def test_a_value_that_is_not_in_the_low_bits_is_for_whole_words_only(
    syntax: TransferSyntax,
) -> None:
    image = described(stored=12)._replace(high_bit=15)
    expected = ALLOWED if syntax.family == "RLE" else FORBIDDEN
    assert permission(syntax, image)[0] is expected


@pytest.mark.parametrize("syntax", UNCOMPRESSED, ids=named)
def test_native_samples_may_be_anything_but_the_inside_of_a_stream(
    syntax: TransferSyntax,
) -> None:
    for photometric, allocated in product(("ARGB", "YBR_FULL_422", "PALETTE COLOR"), (1, 8, 64)):
        assert permission(syntax, described(photometric, allocated))[0] is ALLOWED
    for photometric in ("YBR_RCT", "YBR_ICT", "XYB"):
        how, reason = permission(syntax, described(photometric, 8))
        assert how is FORBIDDEN
        assert reason.startswith(f"{photometric} exists in code streams only")


def test_a_syntax_that_nothing_writes_is_forbidden() -> None:
    assert permission(find("MPEG2MPML"), COLOUR) == (FORBIDDEN, "dicomtx cannot write MPEG2MPML")


def test_the_nearest_syntaxes_are_lossless_and_those_of_the_standard_come_first() -> None:
    assert [s.slug for s in nearest(WIDE)] == [
        "deflated-image-frame",
        "encapsulated-uncompressed",
        "rle-lossless",
    ]
    assert nearest(COLOUR)[0].slug == "jpeg2000-lossless"
    for image in (GREY, COLOUR, BIT, WIDE, described("ARGB", 8)):
        assert nearest(image)
        assert all(s.encapsulated and not s.lossy for s in nearest(image))
