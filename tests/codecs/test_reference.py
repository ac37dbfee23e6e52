"""Every codec, both directions, on every kind of image: the same samples, or a refusal we know."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomtx.codecs.codec import CodecSpec, EncodeOptions
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.codecs.registry import Codecs
from dicomtx.codecs.shipped import GDCM, IMAGECODECS, OPENJPEG, RLE
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax, by_uid
from tests.codecs import references

CODECS = (IMAGECODECS, OPENJPEG, GDCM)
ENCODERS = [(s, by_uid(uid)) for s in CODECS for uid in s.encodes if not by_uid(uid).lossy]
SYNTAXES = [by_uid(uid) for uid in IMAGECODECS.encodes if not by_uid(uid).lossy]
WHOLE_WORDS = ("RLE", "deflate", "native")
MOST_BITS = {"JPEG": 16, "JPEG-LS": 16, "JPEG 2000": 24, "HTJ2K": 16, "JPEG XL": 16}


def builtin_refuses(spec: CodecSpec, syntax: TransferSyntax, image: ImagePixel) -> bool:
    """Returns whether a builtin codec has to refuse to encode this."""
    return (
        image.bits_stored > MOST_BITS.get(syntax.family, 64)
        or (syntax.family == "JPEG XL" and image.signed)
        or (spec is OPENJPEG and min(image.rows, image.columns) < 32)
    )


def gdcm_may_not_encode(syntax: TransferSyntax, frame: Frame) -> bool:
    """Returns whether this is among what GDCM cannot encode; some of it hangs on the samples."""
    image = frame.image
    small = image.rows * image.columns < 64
    by_family = {
        "RLE": image.bits_allocated == 8 and len(frame.data) % 2 == 1,
        "JPEG": image.bits_stored <= 8 and image.samples_per_frame % 2 == 1,
        "JPEG-LS": small,
        "JPEG 2000": small or (image.samples_per_pixel == 3 and image.bits_stored > 8),
    }
    too_wide = image.bits_stored > 16 and syntax.uid != RLE
    return image.bits_allocated == 1 or too_wide or by_family[syntax.family]


def gdcm_may_not_decode(syntax: TransferSyntax, image: ImagePixel) -> bool:
    """Returns whether this is among what GDCM cannot decode."""
    by_family = {
        "RLE": image.rows * image.columns < 64
        or (image.samples_per_pixel == 3 and image.bits_allocated > 8),
        "JPEG 2000": not 2 <= image.bits_stored <= 16,
    }
    return image.bits_allocated == 1 or by_family.get(syntax.family, False)


def known_refusal(spec: CodecSpec, syntax: TransferSyntax, frame: Frame) -> bool:
    """Returns whether a refusal to encode is in the tables."""
    if spec is GDCM:
        return gdcm_may_not_encode(syntax, frame)
    return builtin_refuses(spec, syntax, frame.image)


def encoded(
    codecs: Codecs, spec: CodecSpec, syntax: TransferSyntax, frame: Frame
) -> tuple[bytes, str]:
    """Returns the stream, and why there is none."""
    try:
        return codecs.open(spec).encode(frame, syntax, EncodeOptions()), ""
    except CodecError as error:
        return b"", str(error)


def decoded(
    codecs: Codecs, spec: CodecSpec, syntax: TransferSyntax, stream: bytes, image: ImagePixel
) -> tuple[Frame | None, str]:
    """Returns the frame, and why there is none."""
    try:
        return codecs.open(spec).decode(stream, syntax, image), ""
    except CodecError as error:
        return None, str(error)


@pytest.fixture(scope="module")
def codecs() -> Iterator[Codecs]:
    with Codecs(Settings(frame_timeout=30.0)) as opened:
        yield opened


@pytest.mark.parametrize("kind", references.KINDS)
@pytest.mark.parametrize(
    ("encoder", "syntax"), ENCODERS, ids=[f"{spec.name}-{syntax.slug}" for spec, syntax in ENCODERS]
)
def test_what_one_codec_encodes_every_codec_decodes_alike(
    codecs: Codecs, encoder: CodecSpec, syntax: TransferSyntax, kind: str
) -> None:
    for pattern, frame in references.frames(references.KINDS[kind]):
        stream, refusal = encoded(codecs, encoder, syntax, frame)
        assert "crashed" not in refusal
        known = known_refusal(encoder, syntax, frame)
        assert known if refusal else encoder is GDCM or not known, (pattern, refusal)
        for decoder in CODECS:
            if not stream or syntax.uid not in decoder.decodes:
                continue
            case = f"{pattern}: decoded by {decoder.name}"
            found, refusal = decoded(codecs, decoder, syntax, stream, frame.image)
            if found is None:
                assert "crashed" not in refusal
                assert decoder is GDCM, (case, refusal)
                assert gdcm_may_not_decode(syntax, frame.image), (case, refusal)
            else:
                assert found.image == frame.image, case
                assert np.array_equal(references.low_bits(found), references.low_bits(frame)), case


@pytest.mark.parametrize(
    "name",
    [
        "693_J2KI.dcm",
        "GDCMJ2K_TextGBR.dcm",
        "JPEG-LL.dcm",
        "JPEG-lossy.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "JPEGLSNearLossless_16.dcm",
        "JPGExtended.dcm",
        "SC_jpeg_no_color_transform.dcm",
        "SC_rgb_dcmtk_+eb+cy+s4.dcm",
        "SC_rgb_jls_lossy_line.dcm",
        "SC_rgb_jls_lossy_sample.dcm",
        "SC_rgb_rle.dcm",
        "US1_J2KI.dcm",
        "examples_ybr_color.dcm",
    ],
)
def test_a_real_file_is_the_same_whoever_decodes_it(codecs: Codecs, name: str) -> None:
    stream, image, uid = references.real(name)
    frames = [
        codecs.open(spec).decode(stream, by_uid(uid), image)
        for spec in CODECS
        if uid in spec.decodes
    ]
    assert len(frames) > 1
    assert frames.count(frames[0]) == len(frames)


@pytest.mark.parametrize(
    ("decoder", "syntax"),
    [(spec, syntax) for spec in CODECS for syntax in SYNTAXES if syntax.uid in spec.decodes],
    ids=lambda value: value.name,
)
def test_a_stream_cut_short_is_refused(
    codecs: Codecs, decoder: CodecSpec, syntax: TransferSyntax
) -> None:
    frame = references.frame(references.kind(8, 8), "noise")
    stream = lossless.encode(frame, syntax, EncodeOptions())
    for end in (len(stream) // 2, len(stream) - 10, len(stream) - 3):
        found, refusal = decoded(codecs, decoder, syntax, stream[:end], frame.image)
        assert found is None
        assert "crashed" not in refusal


@pytest.mark.parametrize("syntax", SYNTAXES, ids=[syntax.slug for syntax in SYNTAXES])
@pytest.mark.parametrize("sign", [0, 1])
def test_bits_above_the_stored_ones_are_kept_by_whole_words_and_lost_elsewhere(
    syntax: TransferSyntax, sign: int
) -> None:
    if syntax.family == "JPEG XL" and sign:
        syntax = by_uid(RLE)
    dirty = references.frame(references.kind(16, 16, signed=bool(sign)), "noise")
    image = references.frame(references.kind(12, 16, signed=bool(sign)), "noise").image
    dirty = Frame(dirty.data, image)
    stream = lossless.encode(dirty, syntax, EncodeOptions())
    found = lossless.decode(stream, syntax, image)
    if syntax.family in WHOLE_WORDS:
        assert found.data == dirty.data
    else:
        assert found.data != dirty.data
        assert np.array_equal(references.low_bits(found), references.low_bits(dirty))


@st.composite
def images(draw: st.DrawFn) -> Frame:
    """Draws a small frame of random width, sign, samples and values."""
    allocated = draw(st.sampled_from([1, 8, 16]))
    bits = draw(st.integers(1 if allocated < 16 else 2, allocated))
    samples = draw(st.sampled_from([1, 3])) if allocated > 1 else 1
    signed = samples == 1 and bits > 1 and draw(st.booleans())
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    name = draw(st.sampled_from(["RGB", "YBR_FULL"])) if samples == 3 else "MONOCHROME2"
    image = ImagePixel(
        rows=rows,
        columns=columns,
        samples_per_pixel=samples,
        photometric_interpretation=name,
        bits_allocated=allocated,
        bits_stored=bits,
        high_bit=bits - 1,
        pixel_representation=int(signed),
    )
    random = np.random.default_rng(draw(st.integers(0, 1 << 16)))
    low = -(1 << bits - 1) if signed else 0
    high = low + (1 << bits) - 1
    values = random.integers(low, high, image.samples_per_frame, endpoint=True)
    if draw(st.booleans()):  # flat, with steps: what entropy coders have their short cuts for
        values[:: draw(st.integers(2, 50))] = high
        values[: image.samples_per_frame // 2] = low
    return references.native(values, image)


@settings(max_examples=100, deadline=None)
@given(frame=images(), syntax=st.sampled_from(SYNTAXES))
def test_decoding_gives_back_what_was_encoded(frame: Frame, syntax: TransferSyntax) -> None:
    if builtin_refuses(IMAGECODECS, syntax, frame.image):
        with pytest.raises(CodecError):
            lossless.encode(frame, syntax, EncodeOptions())
        return
    stream = lossless.encode(frame, syntax, EncodeOptions())
    found = lossless.decode(stream, syntax, frame.image)
    assert found.image == frame.image
    assert np.array_equal(references.low_bits(found), references.low_bits(frame))
