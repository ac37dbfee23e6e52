"""The lossy encoders: streams that say what they hold, and lose about what they are told to."""

import numpy as np
import pytest

from dicomtx import code_stream
from dicomtx.codecs import openjpeg, samples
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import find
from tests.codecs import references
from tests.codecs.references import KINDS

FINE = EncodeOptions(near=1, quality=98, psnr=70.0, step=0.0005, distance=0.05)
COARSE = EncodeOptions(near=9, quality=30, psnr=30.0, step=0.02, distance=3.0)
GREY = ("8-bit grey", "12 in 16", "10 in 16", "16-bit", "6 in 8")
SIGNED = ("signed 8-bit", "signed 12 in 16", "signed 16-bit")
COLOUR = ("RGB", "YBR_FULL")
HELD = {
    "jpeg-baseline": ("8-bit grey", *COLOUR),
    "jpeg-extended": ("8-bit grey", "12 in 16", "10 in 16", *COLOUR),
    "jpeg-ls-near-lossless": (*GREY, *SIGNED, *COLOUR, "16-bit RGB"),
    "jpeg2000": (*GREY, *SIGNED, *COLOUR, "16-bit RGB"),
    "htj2k": (*GREY, *SIGNED, *COLOUR, "12-bit RGB", "16-bit RGB"),
    "jpeg-xl": ("8-bit grey", "12 in 16", "10 in 16", "16-bit", "RGB"),
}
CASES = [(slug, kind) for slug, kinds in HELD.items() for kind in kinds]


def error(slug: str, frame: Frame, options: EncodeOptions) -> tuple[float, int]:
    """Returns the mean error, as a part of the range, and the size of the stream."""
    stream = lossless.encode(frame, find(slug), options)
    back = lossless.decode(stream, find(slug), frame.image)
    assert back.image.photometric_interpretation == frame.image.photometric_interpretation
    errors = samples.values(frame).astype(np.int64) - samples.values(back)
    return float(np.abs(errors).mean()) / (1 << frame.image.bits_stored), len(stream)


@pytest.mark.parametrize(("slug", "kind"), CASES)
def test_what_is_coded_finer_is_nearer_and_larger(slug: str, kind: str) -> None:
    frame = references.frame(KINDS[kind], "gradient")
    fine, coarse = (error(slug, frame, options) for options in (FINE, COARSE))
    assert fine[0] <= coarse[0]
    assert fine[0] < 0.02
    assert fine[1] >= coarse[1]


@pytest.mark.parametrize("kind", HELD["htj2k"])
def test_an_htj2k_stream_has_the_precision_of_its_samples_for_every_reader(kind: str) -> None:
    frame = references.frame(KINDS[kind], "noise")
    image, syntax = frame.image, find("htj2k")
    stream = lossless.encode(frame, syntax, FINE)
    said = code_stream.read(stream)
    assert said is not None
    assert (said.precision, said.signed) == (image.bits_stored, image.signed)
    assert said.fits(syntax.uid)
    ours, theirs = (
        samples.values(codec.decode(stream, syntax, image)).astype(np.int64)
        for codec in (lossless, openjpeg)
    )
    assert np.abs(ours - theirs).max() <= 1
    assert np.abs(ours - samples.values(frame)).max() <= 1 << max(0, image.bits_stored - 6)


@pytest.mark.parametrize("kind", [*GREY, *SIGNED])
@pytest.mark.parametrize("near", [1, 2, 3, 10, 31])
def test_near_holds_at_both_ends_of_the_range(kind: str, near: int) -> None:
    """Noise over all of the range, and nothing but its ends."""
    for pattern in ("noise", "checker"):
        frame = references.frame(KINDS[kind], pattern)
        stream = lossless.encode(frame, find("jpeg-ls-near-lossless"), EncodeOptions(near=near))
        back = lossless.decode(stream, find("jpeg-ls-near-lossless"), frame.image)
        bits = frame.image.bits_stored
        low = samples.values(frame).astype(np.int64)
        found = samples.stored(back).astype(np.int64)  # masked, as any reader does it
        if frame.image.signed:
            found -= (found >> bits - 1) << bits
        assert np.abs(found - low).max() <= near


@pytest.mark.parametrize("near", [128, 255])
def test_near_is_never_more_than_the_coder_can(near: int) -> None:
    frame = references.frame(KINDS["8-bit grey"], "noise")
    assert error("jpeg-ls-near-lossless", frame, EncodeOptions(near=near))[1]


@pytest.mark.parametrize(
    ("slug", "kind"),
    [
        ("jpeg-baseline", "signed 8-bit"),
        ("jpeg-extended", "16-bit"),
        ("jpeg-extended", "signed 12 in 16"),
        ("jpeg-ls-near-lossless", "32-bit"),
        ("htj2k", "24 in 32"),
        ("jpeg-xl", "signed 16-bit"),
        ("jpeg-xl", "24 in 32"),
    ],
)
def test_what_a_lossy_syntax_does_not_hold_is_refused(slug: str, kind: str) -> None:
    with pytest.raises(CodecError):
        lossless.encode(references.frame(KINDS[kind], "noise"), find(slug), FINE)


@pytest.mark.parametrize(
    ("options", "transform", "subsampled"),
    [(EncodeOptions(subsampled=True), "YBR", True), (EncodeOptions(), "RGB", False)],
)
def test_colour_in_jpeg_is_4_2_2_or_as_it_is(
    options: EncodeOptions, transform: str, *, subsampled: bool
) -> None:
    frame = references.frame(KINDS["RGB"], "noise")
    said = code_stream.read(lossless.encode(frame, find("jpeg-baseline"), options))
    assert said is not None
    assert (said.transform, said.subsampled) == (transform, subsampled)


@pytest.mark.parametrize("slug", ["jpeg2000", "htj2k", "jpeg-xl", "jpeg-ls-near-lossless"])
@pytest.mark.parametrize("kind", ["8-bit grey", "12 in 16", "RGB", "YBR_FULL"])
def test_a_lossy_syntax_can_lose_nothing(slug: str, kind: str) -> None:
    frame = references.frame(KINDS[kind], "noise")
    assert error(slug, frame, EncodeOptions(reversible=True))[0] == 0


@pytest.mark.parametrize("kind", ["8-bit grey", "12 in 16", "signed 12 in 16", "RGB"])
def test_jpeg_2000_can_be_finer_than_whole_values(kind: str) -> None:
    """As is needed where the values take up little of their range."""
    syntax = find("jpeg2000")
    for pattern, frame in references.frames(KINDS[kind]):
        stream = lossless.encode(frame, syntax, EncodeOptions(psnr=200.0))
        said = code_stream.read(stream)
        assert said is not None
        assert (said.precision, said.signed) == (frame.image.bits_stored, frame.image.signed)
        for codec in (lossless, openjpeg):
            back = codec.decode(stream, syntax, frame.image)
            assert (samples.values(back) == samples.values(frame)).all(), pattern
