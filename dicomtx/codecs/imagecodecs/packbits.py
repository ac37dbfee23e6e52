"""RLE (PS3.5 Annex G) by the PackBits functions of imagecodecs."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import imagecodecs
import numpy as np

from dicomtx.codecs import photometric, samples, stream_repair
from dicomtx.codecs.frame_threads import threads
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

MOST_EXPANSION: Final = 64  # a run of 128 bytes takes two
BLOCK: Final = 1 << 18  # pixels to encode at a time, so that they stay in the processor's cache
UNPACK: Final[Any] = imagecodecs.packbits_decode  # its types omit memoryviews
WORTH_THREADS: Final = 1 << 20  # samples


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    """Returns the native frame of one RLE stream.

    It decodes each segment alone. ``dicomrle_decode`` checks only their total length, so a segment
    that is too long continues in the plane of the next one.
    """
    plane = image.rows * image.columns
    planes = np.empty((len(stream_repair.segments(stream)), plane), np.uint8)
    whole = [plane] * len(planes)
    held = _unpacked(stream, planes)
    exact = held == whole
    held = held or _unpacked(stream[:-1], planes)
    if image.bits_allocated == 1 and held == [image.frame_bytes] != whole:
        return samples.native(planes[0, : image.frame_bytes].tobytes(), image)  # packed, as of old
    if held != whole:
        _unpack_cut(stream, planes)
    words = samples.words_as_said(_joined(planes, image.samples_per_pixel), image)
    frame = samples.frame_of(words, image, photometric.as_said(image))
    return frame._replace(exact=True) if exact else frame


def _unpacked(stream: bytes, planes: samples.Array) -> list[int]:
    """Decodes segments that hold a plane each, or less, and returns how many bytes they hold.

    It returns nothing if a segment is too long, or if its last run is incomplete.
    """
    found = stream_repair.segments(memoryview(stream))
    try:
        return [
            len(UNPACK(segment, out=plane)) for segment, plane in zip(found, planes, strict=True)
        ]
    except RuntimeError:
        return []


def _unpack_cut(stream: bytes, planes: samples.Array) -> None:
    """Decodes the segments without their trailing data: padding, or one byte too many.

    Raises:
        CodecError: a segment is shorter than a plane, or more than one byte longer.
    """
    size = planes.shape[1]
    parts = stream_repair.without_padding(stream, size)
    found = [np.frombuffer(imagecodecs.packbits_decode(part), np.uint8) for part in parts]
    if any(not size <= len(plane) <= size + 1 for plane in found):
        held = ", ".join(str(len(plane)) for plane in found)
        raise CodecError(f"the RLE segments hold {held} bytes, not {size} each")
    for plane, part in zip(planes, found, strict=True):
        plane[:] = part[:size]


def _joined(planes: samples.Array, samples_per_pixel: int) -> samples.Array:
    """Returns pixels x samples, from the byte planes of each sample, most significant first."""
    of_samples = planes.reshape(samples_per_pixel, -1, planes.shape[1])
    if len(planes) == 1:
        return planes.reshape(-1, 1)
    words = np.empty((planes.shape[1], samples_per_pixel), f"<u{of_samples.shape[1]}")
    for sample, (first, *others) in enumerate(of_samples):
        word = words[:, sample]
        word[:] = first
        for plane in others:
            np.left_shift(word, 8, out=word)
            np.bitwise_or(word, plane, out=word)
    return words


def tails(stream: bytes, plane: int) -> list[bytes]:
    """Returns what follows the runs that hold ``plane`` bytes, for each segment; often nothing.

    The library is fast, and tells whether the slow search in Python is necessary.
    """
    room = bytearray(min(plane, MOST_EXPANSION * len(stream)))
    found = stream_repair.segments(memoryview(stream))
    try:
        for segment in found:
            UNPACK(segment, out=room)
    except RuntimeError:  # a segment is too long, or its last run is incomplete
        return stream_repair.tails(stream, plane)
    return []


def encode(frame: Frame) -> bytes:
    """Returns the RLE stream: byte planes, most significant first; PackBits restarts per row."""
    words = samples.words(frame)
    cells = words.reshape(frame.image.rows, frame.image.columns, -1)
    shifts = range(8 * words.itemsize - 8, -1, -8)
    planes = [(cells[..., sample], shift) for sample in range(cells.shape[2]) for shift in shifts]
    together = min(threads(), len(planes)) if words.size >= WORTH_THREADS else 1
    if together == 1:
        return stream_repair.rle([_packed(*plane) for plane in planes])
    with ThreadPoolExecutor(together) as pool:
        return stream_repair.rle([*pool.map(_packed, *zip(*planes, strict=True))])


def _packed(words: samples.Array, shift: int) -> bytes:
    """Returns the segment for one byte of each word, the one ``shift`` bits above the lowest."""
    rows, columns = words.shape
    step = max(1, BLOCK // columns)
    blocks = (words[at : at + step] for at in range(0, rows, step))
    return b"".join(imagecodecs.packbits_encode(_bytes(block, shift)) for block in blocks)


def _bytes(words: samples.Array, shift: int) -> samples.Array:
    """Returns a copy, as the library does not support the strides of a single column."""
    return (words >> shift if shift else words).astype(np.uint8, order="C")
