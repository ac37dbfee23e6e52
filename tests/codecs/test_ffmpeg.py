"""What FFmpeg is trusted with: the measurements behind the table in ``trust``."""

import io
import struct
from typing import Any

import imagecodecs as library
import numpy as np
import pytest
from PIL import Image

from dicomtx.codecs import ffmpeg_trust
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax, find
from tests import audit_extra, subsampled_streams
from tests.codecs import references

av, ffmpeg = audit_extra.modules()

J2K, JLS = find("jpeg2000-lossless"), find("jpeg-ls-lossless")
NEAR, LOSSY = find("jpeg-ls-near-lossless"), find("jpeg2000")
GREY = references.kind(8, 8)
RGB = references.kind(8, 8, samples=3, photometric="RGB")
YBR = references.kind(8, 8, samples=3, photometric="YBR_FULL")
AUDITED: Any = ffmpeg_trust.Trusted(ffmpeg)  # without the process
EXACT_JLS = {name for name, image in references.KINDS.items() if image.samples_per_pixel == 1}


def decoded(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    found: Frame = AUDITED.decode(stream, syntax, image)
    return found


def by_charls_or_openjpeg(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    return lossless.decode(stream, syntax, image)


def encoded(frame: Frame, syntax: TransferSyntax) -> bytes:
    return lossless.encode(frame, syntax, EncodeOptions())


def smooth(rows: int, columns: int, bits: int, samples: int = 1) -> Any:
    """Returns something like an image: waves with noise."""
    y, x = np.indices((rows, columns))
    plane = (np.sin(x / 50) * np.cos(y / 37) + 1.2) * (1 << bits - 2)
    plane += np.random.default_rng(3).normal(0, (1 << bits) / 60, (rows, columns))
    plane = plane.clip(0, (1 << bits) - 1).astype("u1" if bits <= 8 else "<u2")
    if samples == 1:
        return plane
    return np.stack([np.roll(plane, 9 * n, axis=1) for n in range(samples)], axis=2)


@pytest.mark.parametrize("pattern", references.PATTERNS)
@pytest.mark.parametrize("kind", references.KINDS)
@pytest.mark.parametrize("syntax", [J2K, JLS], ids=lambda syntax: syntax.slug)
def test_what_it_is_trusted_with_comes_back_bit_for_bit(
    syntax: TransferSyntax, kind: str, pattern: str
) -> None:
    frame = references.frame(references.KINDS[kind], pattern)
    image = frame.image
    if image.bits_stored > (24 if syntax is J2K else 16):
        return  # nothing encodes it
    stream = encoded(frame, syntax)
    if image.bits_stored > 16 or (syntax is JLS and kind not in EXACT_JLS):
        with pytest.raises(CodecError, match="FFmpeg is not used for this"):
            decoded(stream, syntax, image)
        return
    found = decoded(stream, syntax, image)
    assert found == by_charls_or_openjpeg(stream, syntax, image)
    assert np.array_equal(references.low_bits(found), references.low_bits(frame))


@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("samples", [1, 3, 4])
@pytest.mark.parametrize("signed", [False, True])
def test_each_precision_of_jpeg_2000_is_exact(bits: int, samples: int, *, signed: bool) -> None:
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    allocated = 8 if bits <= 8 else 16
    image = references.kind(
        bits, allocated, signed=signed, samples=samples, photometric=photometric
    )
    frame = references.frame(image, "odd noise")
    stream = encoded(frame, J2K)
    assert np.array_equal(
        references.low_bits(decoded(stream, J2K, frame.image)), references.low_bits(frame)
    )


@pytest.mark.parametrize("array", [smooth(70, 90, 8), smooth(70, 90, 16), smooth(70, 90, 8, 3)])
@pytest.mark.parametrize(
    "options",
    [
        {"num_resolutions": 1},
        {"num_resolutions": 6},
        {"codeblock_size": (4, 4)},
        {"codeblock_size": (64, 64)},
        {"precinct_size": (64, 64)},
        {"tile_size": (32, 32)},
        {"tile_size": (31, 17)},
        {"tile_size": (32, 32), "offset": (5, 7)},
        {"tile_size": (64, 64), "precinct_size": (128, 128)},
        {"progression": "RLCP"},
        {"progression": "RPCL"},
        {"progression": "PCRL"},
        {"progression": "CPRL"},
        {"quality_layers": [10, 5, 0], "progression": "RPCL"},
        {"mct": 0},
        {"plt": True},
    ],
    ids=str,
)
def test_each_structure_of_jpeg_2000_is_exact(array: Any, options: dict[str, Any]) -> None:
    """Pillow's own encoder is wrong for 16-bit tiles, so OpenJPEG's decoder is the reference."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "JPEG2000", no_jp2=True, **options)
    image = (RGB if array.ndim == 3 else GREY)._replace(rows=70, columns=90)
    bits = 8 * array.dtype.itemsize
    image = image._replace(bits_allocated=bits, bits_stored=bits, high_bit=bits - 1)
    stream = buffer.getvalue()
    assert decoded(stream, J2K, image) == by_charls_or_openjpeg(stream, J2K, image)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("psnr", [30, 50, 90])
def test_irreversible_jpeg_2000_is_rounded_by_no_more_than_one(
    bits: int, samples: int, psnr: int
) -> None:
    array = smooth(133, 147, bits, samples)
    stream = bytes(
        library.jpeg2k_encode(
            array,
            level=psnr,
            codecformat="J2K",
            planar=False,
            bitspersample=bits,
            reversible=False,
            mct=samples == 3,
            numthreads=1,
        )
    )
    image = references.kind(bits, 8 * array.dtype.itemsize, samples=samples)
    image = image._replace(rows=133, columns=147)
    assert ffmpeg_trust.error_of(stream) == 1
    one, two = (
        references.low_bits(decode(stream, LOSSY, image)).astype(np.int64)
        for decode in (decoded, by_charls_or_openjpeg)
    )
    assert np.abs(one - two).max() <= 1


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("near", [1, 2, 5])
def test_near_lossless_jpeg_ls_is_exact(bits: int, near: int) -> None:
    array = smooth(65, 130, bits)
    stream = bytes(library.jpegls_encode(array, near, out=2 * array.nbytes + 1024))
    image = references.kind(bits, 8 * array.dtype.itemsize)._replace(rows=65, columns=130)
    assert decoded(stream, NEAR, image) == by_charls_or_openjpeg(stream, NEAR, image)


def by_plane(array: Any) -> bytes:
    """Returns a JPEG-LS stream of three scans, put together from three grey streams."""
    rows, columns, samples = array.shape
    header = struct.pack(">BHHB", 8, rows, columns, samples)
    header += b"".join(bytes((n + 1, 0x11, 0)) for n in range(samples))
    scans = b""
    for n in range(samples):
        grey = bytes(library.jpegls_encode(np.ascontiguousarray(array[..., n]), 0))
        at = grey.index(b"\xff\xda")
        scans += grey[at:-2].replace(grey[at : at + 6], grey[at : at + 5] + bytes((n + 1,)), 1)
    start = b"\xff\xd8\xff\xf7" + struct.pack(">H", len(header) + 2) + header
    return start + scans + b"\xff\xd9"


@pytest.mark.parametrize("size", [(33, 47), (1, 9), (9, 1), (130, 65)])
@pytest.mark.parametrize("image", [RGB, YBR], ids=lambda image: image.photometric_interpretation)
def test_colour_in_jpeg_ls_by_plane_is_exact(image: ImagePixel, size: tuple[int, int]) -> None:
    array = np.random.default_rng(5).integers(0, 256, (*size, 3)).astype("u1")
    image = image._replace(rows=size[0], columns=size[1])
    found = decoded(by_plane(array), JLS, image)
    assert bytes(found.data) == array.tobytes()
    assert found.image.photometric_interpretation == image.photometric_interpretation


def test_colour_by_sample_which_ffmpeg_gets_wrong_is_not_asked_of_it() -> None:
    frame = references.frame(RGB, "noise")
    stream = encoded(frame, JLS)
    assert stream[stream.index(b"\xff\xda") + 12] == ffmpeg_trust.SAMPLES
    with pytest.raises(CodecError, match="components by sample, not used"):
        decoded(stream, JLS, frame.image)
    with pytest.raises(CodecError):  # if FFmpeg learnt it, let the table say so
        ffmpeg.decode(stream, JLS, frame.image)


@pytest.mark.parametrize("kind", ["8-bit grey", "12 in 16", "RGB"])
def test_htj2k_is_never_asked_of_it(kind: str) -> None:
    syntax = find("htj2k-lossless")
    frame = references.frame(references.KINDS[kind], "noise")
    with pytest.raises(CodecError, match="not used for this HTJ2K stream"):
        decoded(encoded(frame, syntax), syntax, frame.image)


def with_segment(stream: bytes, marker: int, body: bytes) -> bytes:
    segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return stream[:2] + segment + stream[2:]


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (ffmpeg_trust.APP8, b"mrfx\1"),
        (ffmpeg_trust.LSE, b"\2\1\1" + bytes(range(256))),
        (ffmpeg_trust.LSE, b"\3\1\1"),
    ],
)
def test_jpeg_ls_whose_samples_are_mapped_is_not_asked_of_it(marker: int, body: bytes) -> None:
    stream = encoded(references.frame(GREY, "noise"), JLS)
    assert ffmpeg_trust.error_of(stream) == 0
    with pytest.raises(CodecError, match="not used"):
        ffmpeg_trust.error_of(with_segment(stream, marker, body))


def test_components_of_different_depths_are_not_asked_of_it() -> None:
    stream = bytearray(encoded(references.frame(RGB, "noise"), J2K))
    stream[ffmpeg_trust.COMPONENTS + 3] = 5
    with pytest.raises(CodecError, match="not used"):
        ffmpeg_trust.error_of(bytes(stream))


def subsampled(planes: list[Any], kind: str) -> bytes:
    """Returns a JPEG 2000 stream whose chroma has fewer samples, by FFmpeg's encoder."""
    context: Any = av.CodecContext.create("jpeg2000", "w")
    context.height, context.width = planes[0].shape
    context.pix_fmt, context.framerate = kind, 25
    context.options = {"format": "j2k", "pred": "dwt53"}
    picture: Any = av.VideoFrame(context.width, context.height, kind)
    for plane, array in zip(picture.planes, planes, strict=True):
        lines = np.zeros((plane.height, plane.line_size), np.uint8)
        lines[:, : array.shape[1]] = array
        plane.update(lines.tobytes())
    packets: list[Any] = [*context.encode(picture), *context.encode(None)]
    return b"".join(map(bytes, packets))


@pytest.mark.parametrize(
    ("kind", "down", "across"),
    [("yuv422p", 1, 2), ("yuv420p", 2, 2), ("yuv440p", 2, 1), ("yuv411p", 1, 4)],
)
@pytest.mark.parametrize("size", [(32, 48), (33, 47), (5, 13)])
def test_subsampled_chroma_is_repeated(
    kind: str, down: int, across: int, size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(8)
    rows, columns = size
    chroma = (-(-rows // down), -(-columns // across))
    planes = [rng.integers(0, 256, shape).astype("u1") for shape in (size, chroma, chroma)]
    image = YBR._replace(rows=rows, columns=columns)
    found = decoded(subsampled(planes, kind), J2K, image)
    whole = [p.repeat(down, 0).repeat(across, 1)[:rows, :columns] for p in planes[1:]]
    assert bytes(found.data) == np.stack([planes[0], *whole], axis=2).tobytes()
    assert found.image.photometric_interpretation == "YBR_FULL"


@pytest.mark.parametrize("distances", [(2, 1), (2, 2), (1, 2), (4, 1)])
@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_irreversible_subsampled_chroma_is_rounded_by_no_more_than_one(
    size: tuple[int, int], distances: tuple[int, int]
) -> None:
    stream = subsampled_streams.subsampled(
        subsampled_streams.planes(*size, *distances), LOSSY.uid, *distances
    )
    image = YBR._replace(rows=size[0], columns=size[1])
    assert ffmpeg_trust.error_of(stream) == 1
    one, two = (
        references.low_bits(decode(stream, LOSSY, image)).astype(np.int64)
        for decode in (decoded, by_charls_or_openjpeg)
    )
    assert np.abs(one - two).max() <= 1


@pytest.mark.parametrize("syntax", [J2K, JLS], ids=lambda syntax: syntax.slug)
@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
def test_a_damaged_stream_is_an_error_or_other_samples_but_no_crash(
    syntax: TransferSyntax, where: float
) -> None:
    frame = references.frame(references.KINDS["12 in 16"], "noise")
    stream = bytearray(encoded(frame, syntax))
    at = int(len(stream) * where)
    stream[at : at + 40] = bytes(40)
    try:
        found = ffmpeg.decode(bytes(stream), syntax, frame.image)
    except CodecError:
        return
    assert memoryview(found.data).nbytes == frame.image.frame_bytes
