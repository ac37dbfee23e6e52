"""RLE (PS3.5 Annex G) by the PackBits functions of imagecodecs."""

from typing import Any, Final

import imagecodecs
import numpy as np

from dicomtx.codecs import photometric, samples, stream_repair
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

UNPACK: Final[Any] = imagecodecs.packbits_decode  # its types omit memoryviews and arrays
MOST_EXPANSION: Final = 64  # a run of 128 bytes takes two


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    """Returns the native frame of one RLE stream."""
    exact = _exact(stream, image)
    if exact is not None:
        words = samples.words_as_said(exact, image)
        return samples.frame_of(words, image, photometric.as_said(image))._replace(exact=True)
    width = (image.bits_allocated + 7) // 8
    data = _rle_words(stream, width) or _rle_words(stream[:-1], width)
    if image.bits_allocated == 1 and len(data) == image.frame_bytes != image.samples_per_frame:
        return samples.native(data, image)  # old writers packed the bits
    if len(data) != image.samples_per_frame * width:
        data = _cut_segments(stream, image.samples_per_pixel, image.rows * image.columns)
    planes = np.frombuffer(data, f"<u{width}").reshape(image.samples_per_pixel, -1)
    return samples.frame_of(
        samples.words_as_said(planes.T, image), image, photometric.as_said(image)
    )


def _exact(stream: bytes, image: ImagePixel) -> samples.Array | None:
    """Returns the samples of an RLE stream, colour-by-pixel; None if it does not hold just them.

    This is faster than the library's function for whole streams, and finds trailing data.
    """
    planes = stream_repair.segments(memoryview(stream))
    width, plane = (image.bits_allocated + 7) // 8, image.rows * image.columns
    if len(planes) != image.samples_per_pixel * width or plane > MOST_EXPANSION * len(stream):
        return None
    cells = np.empty((plane, len(planes)), np.uint8)
    room = np.empty(plane, np.uint8)
    for number, segment in enumerate(planes):  # most significant byte first
        try:
            found = UNPACK(segment, out=room)
        except RuntimeError:  # a segment is too long, or its last run is incomplete
            return None
        if found.size != plane:
            return None
        cells[:, number ^ (width - 1)] = room
    return cells.reshape(-1).view(f"<u{width}")


def _rle_words(stream: bytes, width: int) -> bytes:
    """Returns the samples of an RLE stream; nothing if the library cannot decode its padding."""
    try:
        return bytes(imagecodecs.dicomrle_decode(stream, f"<u{width}"))
    except (RuntimeError, ValueError):  # the library raises no others
        return b""


def _cut_segments(stream: bytes, samples_per_pixel: int, plane: int) -> bytes:
    """Returns the samples of an RLE stream, without trailing data in its segments.

    That data is padding, or one byte too many.

    Raises:
        CodecError: a segment is shorter than a plane, or more than one byte longer.
    """
    parts = stream_repair.without_padding(stream, plane)
    planes = [np.frombuffer(imagecodecs.packbits_decode(part), np.uint8) for part in parts]
    if any(not plane <= len(found) <= plane + 1 for found in planes):
        held = ", ".join(str(len(found)) for found in planes)
        raise CodecError(f"the RLE segments hold {held} bytes, not {plane} each")
    words = np.stack([found[:plane] for found in planes]).reshape(samples_per_pixel, -1, plane)
    return words[:, ::-1].transpose(0, 2, 1).tobytes()  # least significant byte first


def tails(stream: bytes, plane: int) -> list[bytes]:
    """Returns what follows the runs that hold ``plane`` bytes, for each segment; often nothing.

    The library is fast, and tells whether the slow search in Python is necessary.
    """
    room = bytearray(min(plane, MOST_EXPANSION * len(stream)))
    try:
        for segment in stream_repair.segments(memoryview(stream)):
            UNPACK(segment, out=room)
    except RuntimeError:  # a segment is too long, or its last run is incomplete
        return stream_repair.tails(stream, plane)
    return []


def encode(frame: Frame) -> bytes:
    """Returns the RLE stream: byte planes, most significant first; PackBits restarts per row."""
    words = samples.words(frame)
    shape = (frame.image.rows, frame.image.columns, -1, words.itemsize)
    cells = words.view(np.uint8).reshape(shape)[..., ::-1]  # words are little endian
    planes = (cells[..., n, byte] for n in range(cells.shape[2]) for byte in range(words.itemsize))
    # copies, as the library does not support the strides of a single column
    return stream_repair.rle([imagecodecs.packbits_encode(plane.copy()) for plane in planes])
