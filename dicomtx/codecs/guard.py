"""The guard before native code: a stream's own header must agree with the data set.

Codec libraries believe the header: one that lies makes them read out of bounds, allocate
gigabytes or hang. What passes here asks for no more than the frame that the data set describes.
"""

from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import CodeStream, jpeg, rle
from dicomtx.codecs import stream_headers
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

# A plain JPEG 2000 stream under an HTJ2K syntax, and the reverse: the same decoders read both.
COUSINS: Final = {"HTJ2K": "JPEG 2000"}
WORDS: Final = (1, 8, 16, 32, 64)
MARKED: Final = ("JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K")
END: Final = b"\xff\xd9"  # EOI and EOC


def check(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> bytes:
    """Returns the stream that may go to native code: the same, or without its JP2 boxes.

    Args:
        stream: one frame, whole.
        syntax: what the stream shall be; one whose family it is not refuses it.
        image: what the data set says.

    Raises:
        CodecError: the stream is empty, of another family, damaged, of another image, or cut off
            (libraries fill in what is missing, and say nothing).
    """
    if not stream:
        raise CodecError("the frame is empty")
    if image.bits_allocated not in WORDS:
        raise CodecError(f"no codec gives samples of {image.bits_allocated} bits allocated")
    if syntax.family in ("native", "deflate"):
        return stream
    said = code_stream.read(stream)
    _check_family(said, syntax.family)
    if syntax.family == "RLE":
        _check_segments(stream, image)
    elif said:
        _check_image(said, image)
    if said and said.family == "JPEG-LS" and jpeg.is_mapped(stream):
        raise CodecError("the JPEG-LS stream has a mapping table, which no codec applies")
    stream = code_stream.unboxed(stream)
    if said and said.family in MARKED and not _is_ended(stream):
        raise CodecError("the stream has no end marker: it is cut off")
    return stream


def _is_ended(stream: bytes) -> bool:
    """Whether the end marker is there, whatever it is padded with."""
    return stream.rstrip(b"\0\xff").endswith(END)


def completed(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> bytes:
    """Returns a stream that was cut off with an end, so that codecs decode what there is of it."""
    if syntax.family in MARKED:
        return stream + END
    if syntax.family == "RLE" and rle.offsets(stream):
        return stream_headers.with_whole_segments(stream, image.rows * image.columns)
    return stream


def check_length(frame: Frame) -> Frame:
    """Returns the frame if it has as many bytes as its image takes.

    Raises:
        CodecError: it is shorter or longer.
    """
    found, expected = memoryview(frame.data).nbytes, frame.image.frame_bytes
    if found != expected:
        raise CodecError(f"the codec returned {found} bytes for a frame of {expected}")
    return frame


def _check_family(said: CodeStream | None, family: str) -> None:
    if said is None and family != "RLE":  # what RLE lacks is told with its segments
        raise CodecError(f"this is no {family} stream, or its header is damaged")
    if said and COUSINS.get(said.family, said.family) != COUSINS.get(family, family):
        raise CodecError(f"this is a {said.family} stream, and the transfer syntax says {family}")


def _check_segments(stream: bytes, image: ImagePixel) -> None:
    """Checks the header of an RLE frame (PS3.5 G.5); older writers left gaps in it."""
    found = rle.offsets(stream)
    expected = image.samples_per_pixel * ((image.bits_allocated + 7) // 8)
    if not found:
        raise CodecError("this is no RLE stream, or its header is damaged")
    if len(found) != expected:
        raise CodecError(f"the RLE header has {len(found)} segments, the data set {expected}")
    if found[-1] >= len(stream):
        raise CodecError(
            f"an RLE segment begins at byte {found[-1]} of a frame of {len(stream)} bytes"
        )


def _check_image(said: CodeStream, image: ImagePixel) -> None:
    name = f"the {said.family} stream"
    if (said.rows, said.columns) != (image.rows, image.columns):
        raise CodecError(
            f"{name} says {said.rows} x {said.columns}, the data set {image.rows} x {image.columns}"
        )
    if said.components != image.samples_per_pixel:
        raise CodecError(
            f"{name} says {said.components or 'an unknown number of'} components, "
            f"the data set {image.samples_per_pixel} samples per pixel"
        )
    if said.subsampled and said.transform in ("RCT", "ICT"):
        raise CodecError(f"{name} transforms components of different sizes (ISO/IEC 15444-1 G.1)")
    if not 1 <= said.precision <= max(8, image.bits_allocated):
        raise CodecError(
            f"{name} says {said.precision or 'an unknown number of'} bits a sample, "
            f"the data set allocates {image.bits_allocated}"
        )
