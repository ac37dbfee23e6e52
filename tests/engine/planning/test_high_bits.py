"""Bits above Bits Stored, from file to file: kept, cleared or refused, and never silently lost."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicomtx import code_stream
from dicomtx.encoding_profiles import whole_words
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10, short
from tests.test_every_file import LOSSLESS, NATIVE
from tests.traps.altered_files import streams

NARROW = [to for to in LOSSLESS if not whole_words(find(to))]
SIGNED = [to for to in NARROW if to != "jpeg-xl-lossless"]  # it has no signed samples
WHOLE = [to for to in LOSSLESS if whole_words(find(to))]
PHRASE = "bits above Bits Stored"


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with tempfile.TemporaryDirectory() as folder:
        yield Converter(Path(folder))


def dirty(pixel: ImagePixel, seed: int = 0, frames: int = 1) -> bytes:
    """Returns words whose bits are all by chance."""
    size = pixel.frame_bytes * frames
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes()


def padded(pixel: ImagePixel, count: int = 3) -> bytes:
    """Returns values of Bits Stored, and a few words with all bits set."""
    kind: Any = f"<u{pixel.bits_allocated // 8}"
    words = np.arange(pixel.samples_per_frame).astype(kind) & ((1 << pixel.bits_stored) - 1)
    words[:count] = (1 << pixel.bits_allocated) - 1
    return words.tobytes()


def source(pixel: ImagePixel, data: bytes, more: bytes = b"", frames: int = 1) -> bytes:
    made = native(pixel, data, frames=str(frames) if frames > 1 else "")
    at = made.rindex(b"\xe0\x7f\x10\0")
    return part10("explicit", made[:at] + more + made[at:])


def streamed(label: str, pixel: ImagePixel, stream: bytes) -> bytes:
    parts = [stream + b"\0" * (len(stream) % 2)]
    return part10(label, builder.identity() + builder.module(pixel) + builder.encapsulated(parts))


def said(outcome: Any) -> str:
    return next((text for text in outcome.warnings if PHRASE in text), "")


@pytest.mark.parametrize("to", NARROW)
@pytest.mark.parametrize(("allocated", "stored"), [(8, 6), (16, 8), (16, 12), (16, 15)])
def test_padding_values_come_back_and_are_counted(
    converter: Converter, to: str, allocated: int, stored: int
) -> None:
    pixel = image(9, 7, allocated=allocated, stored=stored)
    outcome = converter.convert(source(pixel, padded(pixel)), to)
    assert outcome.status == "done", outcome.error
    assert said(outcome).startswith(f"3 of 63 words have {PHRASE}")
    assert said(outcome).endswith(f"kept in code streams of {allocated} bits per sample")
    back = converter.done(converter.out.read_bytes())
    assert back.PixelData[: 63 * allocated // 8] == padded(pixel)
    assert (back.BitsStored, back.HighBit) == (stored, stored - 1)


@pytest.mark.parametrize("to", SIGNED)
@pytest.mark.parametrize("stored", [8, 12])
def test_signed_words_without_sign_extension_come_back_as_they_are(
    converter: Converter, to: str, stored: int
) -> None:
    pixel = image(9, 7, allocated=16, stored=stored, signed=True)
    data = (np.arange(63, dtype="<u2") * 65 & ((1 << stored) - 1)).tobytes()
    outcome = converter.convert(source(pixel, data), to, strict=True)
    assert outcome.status == "done", outcome.error
    assert not said(outcome)  # zeros carry nothing
    assert converter.done(converter.out.read_bytes(), strict=True).PixelData == data


@pytest.mark.parametrize("to", NARROW)
def test_what_fits_is_coded_in_bits_stored_and_nothing_is_said(
    converter: Converter, to: str
) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    outcome = converter.convert(source(pixel, padded(pixel, 0)), to)
    assert not said(outcome)
    stream = code_stream.read(streams(converter.done(source(pixel, padded(pixel, 0)), to))[0])
    assert stream is not None
    # imagecodecs before 2026.10 has JPEG-LS of 8 and 16 bits only
    assert stream.precision in ((12, 16) if to == "jpeg-ls-lossless" else (12,))


@pytest.mark.parametrize("to", NARROW)
def test_all_frames_are_as_wide_where_only_the_last_needs_it(converter: Converter, to: str) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    data = padded(pixel, 0) * 4 + padded(pixel)
    outcome = converter.convert(source(pixel, data, frames=5), to)
    assert said(outcome).startswith("3 of 315 words")
    converter.out.unlink()
    made = converter.done(source(pixel, data, frames=5), to)
    found = {stream.precision for s in streams(made) if (stream := code_stream.read(s))}
    assert found == {16}
    assert converter.done(converter.out.read_bytes()).PixelData == data


@pytest.mark.parametrize("to", NARROW)
@pytest.mark.parametrize("from_rle", [False, True])
def test_strict_refuses_them_and_says_what_to_do(
    converter: Converter, to: str, *, from_rle: bool
) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    data = source(pixel, padded(pixel))
    if from_rle:
        converter.done(data, "rle")
        data = converter.out.read_bytes()
    error = converter.failed(converter.convert(data, to, strict=True), ExitCode.UNSUPPORTED)
    assert f"frame 1: 3 of 63 words have {PHRASE} (12 of 16 bits)" in error
    assert "--high-bits mask" in error


@pytest.mark.parametrize("to", [*NARROW, *WHOLE])
@pytest.mark.parametrize("strict", [False, True])
def test_mask_clears_them_and_says_so(converter: Converter, to: str, *, strict: bool) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    data = source(pixel, padded(pixel))
    outcome = converter.convert(data, to, high_bits="mask", strict=strict)
    assert outcome.status == "done", outcome.error
    assert said(outcome).endswith("they are cleared")
    words = np.frombuffer(converter.done(converter.out.read_bytes()).PixelData, "<u2")
    assert words.tobytes() == (np.frombuffer(padded(pixel), "<u2") & 0xFFF).tobytes()


@pytest.mark.parametrize("to", WHOLE)
def test_syntaxes_of_whole_words_keep_them_without_a_word(converter: Converter, to: str) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    data = source(pixel, dirty(pixel))
    assert not said(converter.convert(data, to, strict=True))
    assert converter.done(converter.out.read_bytes()).PixelData == dirty(pixel)


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "htj2k-lossless"])
def test_words_that_a_syntax_cannot_hold_are_refused(converter: Converter, to: str) -> None:
    pixel = image(9, 7, allocated=32, stored=12)
    error = converter.failed(
        converter.convert(source(pixel, padded(pixel)), to), ExitCode.UNSUPPORTED
    )
    assert "the samples use all 32 allocated bits" in error
    assert "Try --to deflated-image-frame, or --high-bits mask" in error


STREAMS: dict[str, Any] = {
    "jpeg2000-lossless": lambda words: imagecodecs.jpeg2k_encode(
        words, level=0, codecformat="J2K", bitspersample=16, reversible=True
    ),
    "jpeg-ls-lossless": imagecodecs.jpegls_encode,
    "jpeg-lossless-sv1": lambda words: imagecodecs.jpeg8_encode(
        words, lossless=True, predictor=1, bitspersample=16
    ),
}


@pytest.mark.parametrize("label", STREAMS)
@pytest.mark.parametrize("to", ["explicit", "rle", *NARROW])
def test_a_stream_wider_than_bits_stored_keeps_its_values(
    converter: Converter, label: str, to: str
) -> None:
    words = (np.arange(63, dtype="<u2") * 70).reshape(9, 7)  # up to 4340: 13 bits
    pixel = image(9, 7, allocated=16, stored=12)
    data = streamed(label, pixel, bytes(STREAMS[label](words)))
    outcome = converter.convert(data, to)
    if find(to) == find(label):
        assert outcome.status == "done"
        return
    assert said(outcome).startswith("4 of 63 words have")
    assert converter.done(converter.out.read_bytes()).PixelData == words.tobytes()
    converter.failed(converter.convert(data, to, strict=True), ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("to", [*NARROW, *WHOLE])
def test_overlay_planes_are_no_padding_and_the_rest_stays(converter: Converter, to: str) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    more = short(0x60000010, 9) + short(0x60000011, 7) + short(0x60000100, 16)
    more += short(0x60000102, 12)
    words = np.frombuffer(dirty(pixel), "<u2")
    outcome = converter.convert(source(pixel, words.tobytes(), more), to)
    assert bool(said(outcome)) == (to in NARROW)
    back = converter.done(converter.out.read_bytes())
    assert back.PixelData == (words & ~np.uint16(0x1000)).tobytes()
    plane = np.packbits(words >> 12 & 1, bitorder="little").tobytes()
    assert back[0x60003000].value[: len(plane)] == plane
    clean = words & 0x1FFF
    assert not said(converter.convert(source(pixel, clean.tobytes(), more), to, strict=True))


def test_overlay_planes_in_a_wide_stream_are_planes_too(converter: Converter) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    more = short(0x60000010, 9) + short(0x60000011, 7) + short(0x60000100, 16)
    more += short(0x60000102, 12)
    words = np.frombuffer(dirty(pixel), "<u2").reshape(9, 7) & 0x1FFF
    data = streamed("jpeg2000-lossless", pixel, bytes(STREAMS["jpeg2000-lossless"](words)))
    at = data.rindex(b"\xe0\x7f\x10\0")
    data = data[:at] + more + data[at:]
    outcome = converter.convert(data, strict=True)
    assert not said(outcome)
    assert converter.out.read_bytes().count(words.tobytes()) == 1
    back = converter.there_and_back(data, "htj2k-lossless", strict=True)
    assert back.PixelData == (words & 0xFFF).tobytes()
    assert back[0x60003000].value[:8] == np.packbits(words >> 12, bitorder="little").tobytes()


@pytest.mark.parametrize("to", ["jpeg2000", "jpeg-ls-near-lossless", "htj2k", "jpeg-extended"])
def test_lossy_compression_drops_them_with_a_warning(converter: Converter, to: str) -> None:
    pixel = image(32, 32, allocated=16, stored=12)
    data = source(pixel, padded(pixel))
    outcome = converter.convert(data, to, quality=95)
    assert outcome.status == "done", outcome.error
    assert said(outcome).endswith("lossy compression drops them")
    converter.failed(converter.convert(data, to, quality=95, strict=True), ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless"])
@pytest.mark.parametrize("stored", [9, 10])
def test_overshoot_of_a_lossy_stream_is_clipped_and_counted(
    converter: Converter, to: str, stored: int
) -> None:
    top = (1 << stored) - 1
    values = np.where(np.indices((40, 34)).sum(axis=0) % 3 == 0, top, top - 120).astype("<u2")
    stream = bytes(imagecodecs.jpeg8_encode(values, 90, bitspersample=12))
    beyond = int((imagecodecs.jpeg8_decode(stream) > top).sum())
    assert beyond
    pixel = image(40, 34, allocated=16, stored=stored)
    outcome = converter.convert(streamed("jpeg-extended", pixel, stream), to)
    assert any(f"{beyond} values of the lossy code streams" in w for w in outcome.warnings)
    words = np.frombuffer(converter.done(converter.out.read_bytes()).PixelData, "<u2")
    assert words.max() == top


def test_a_reversible_stream_of_a_lossy_syntax_is_not_clipped(converter: Converter) -> None:
    pixel = image(9, 7, allocated=16, stored=12)
    outcome = converter.convert(source(pixel, padded(pixel)), "jpeg2000", reversible=True)
    assert said(outcome).endswith("16 bits per sample")
    assert converter.done(converter.out.read_bytes()).PixelData == padded(pixel)


@st.composite
def native_words(draw: st.DrawFn) -> tuple[ImagePixel, bytes]:
    """Draws an image, and words of it with anything above Bits Stored."""
    allocated = draw(st.sampled_from([8, 8, 16, 16, 32]))
    samples = draw(st.sampled_from([1, 1, 3]))
    pixel = image(
        draw(st.integers(1, 20)),
        draw(st.integers(1, 20)),
        samples=samples,
        photometric=draw(st.sampled_from(["RGB", "YBR_FULL"])) if samples == 3 else "MONOCHROME1",
        allocated=allocated,
        stored=draw(st.integers(1, allocated)),
        signed=draw(st.booleans()),
    )._replace(number_of_frames=draw(st.sampled_from([1, 1, 2, 5])))
    seed = draw(st.integers(0, 1 << 16))
    random = dirty(pixel, seed, pixel.number_of_frames)
    kind: Any = f"<u{allocated // 8}"
    words = np.frombuffer(random, kind).copy()
    part = draw(st.sampled_from([0.0, 0.01, 1.0]))  # of the words are as they come
    clean = np.random.default_rng(seed).random(words.size) >= part
    words[clean] &= (1 << pixel.bits_stored) - 1
    words[::7] |= draw(st.sampled_from([0, (1 << allocated) - 1]))  # padding values
    return pixel, words.tobytes()


WORDS = given(
    drawn=native_words(),
    to=st.sampled_from(LOSSLESS),
    then=st.sampled_from(LOSSLESS),
    back=st.sampled_from([to for to in NATIVE if find(to).uid != find("big-endian").uid]),
)
SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@settings(SETTINGS, max_examples=40)
@WORDS
def test_words_come_back_byte_for_byte_or_the_run_refuses(
    converter: Converter, drawn: tuple[ImagePixel, bytes], to: str, then: str, back: str
) -> None:
    check_words(converter, drawn, (to, then, back))


@pytest.mark.long
@SETTINGS
@WORDS
def test_many_more_words_come_back_byte_for_byte_or_the_run_refuses(
    converter: Converter, drawn: tuple[ImagePixel, bytes], to: str, then: str, back: str
) -> None:
    check_words(converter, drawn, (to, then, back))


def check_words(
    converter: Converter, drawn: tuple[ImagePixel, bytes], targets: tuple[str, str, str]
) -> None:
    pixel, data = drawn
    file = source(pixel, data, frames=pixel.number_of_frames)
    for target in targets:
        outcome = converter.convert(file, target)
        if outcome.status == "refused":
            return
        assert outcome.status == "done", outcome.error
        assert outcome.verification != "none"
        file = converter.out.read_bytes()
    found = converter.done(file, targets[-1])
    assert found.PixelData[: len(data)] == data
