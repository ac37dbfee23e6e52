"""RLE (PS3.5 Annex G) by the PackBits functions of imagecodecs."""

import imagecodecs
import numpy as np

from dicomtx.codecs import photometric, samples, stream_repair
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    """Returns the native frame of one RLE stream."""
    width = (image.bits_allocated + 7) // 8
    data = _rle_words(stream, width) or _rle_words(stream[:-1], width)
    if image.bits_allocated == 1 and len(data) == image.frame_bytes != image.samples_per_frame:
        return samples.native(data, image)  # packed: the convention of older writers
    if len(data) != image.samples_per_frame * width:
        data = _cut_segments(stream, image.samples_per_pixel, image.rows * image.columns)
    planes = np.frombuffer(data, f"<u{width}").reshape(image.samples_per_pixel, -1)
    return samples.frame_of(
        samples.words_as_said(planes.T, image), image, photometric.as_said(image)
    )


def _rle_words(stream: bytes, width: int) -> bytes:
    """Returns the samples of an RLE stream, nothing if padding that is not zero is in the way."""
    try:
        return bytes(imagecodecs.dicomrle_decode(stream, f"<u{width}"))
    except (RuntimeError, ValueError):  # all that the library raises
        return b""


def _cut_segments(stream: bytes, samples_per_pixel: int, plane: int) -> bytes:
    """Returns the samples of an RLE stream with something behind the runs of its segments.

    That is padding, or one byte too many.

    Raises:
        CodecError: a segment holds less than a plane, or its last run much more.
    """
    parts = stream_repair.without_padding(stream, plane)
    planes = [np.frombuffer(imagecodecs.packbits_decode(part), np.uint8) for part in parts]
    if any(not plane <= len(found) <= plane + 1 for found in planes):
        held = ", ".join(str(len(found)) for found in planes)
        raise CodecError(f"the RLE segments hold {held} bytes, not {plane} each")
    words = np.stack([found[:plane] for found in planes]).reshape(samples_per_pixel, -1, plane)
    return words[:, ::-1].transpose(0, 2, 1).tobytes()  # least significant byte first


def encode(frame: Frame) -> bytes:
    """Returns the byte planes, most significant first; PackBits starts again at each row."""
    words = samples.words(frame)
    shape = (frame.image.rows, frame.image.columns, -1, words.itemsize)
    cells = words.view(np.uint8).reshape(shape)[..., ::-1]  # words are little endian
    planes = (cells[..., n, byte] for n in range(cells.shape[2]) for byte in range(words.itemsize))
    # copies: the library takes strides, but not those of a single column
    return stream_repair.rle([imagecodecs.packbits_encode(plane.copy()) for plane in planes])
