"""JPEG 2000 and HTJ2K streams with subsampled chroma."""

import struct
from typing import Final

from dicomtx import code_stream
from dicomtx.codecs import photometric, samples
from dicomtx.codecs.package_module import module_alone
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel

SIZ: Final = b"\xff\x51"
LARGEST: Final = (1 << 32) - 1


def decode(stream: bytes, image: ImagePixel) -> Frame:
    """Returns the native frame of one code stream, with its own components at full size.

    The wrappers of OpenJPEG treat three components with a narrower second one as YCbCr, and
    convert them to RGB with rounding of their own. They do so only if the first component is
    as dense horizontally as vertically. So this function doubles the reference grid horizontally
    (T.800 B.2), which changes no component, and keeps every second column.

    Raises:
        CodecError: the grid cannot be doubled.
        RuntimeError: OpenJPEG cannot decode the stream.
    """
    utils = module_alone("openjpeg.utils")
    said = code_stream.read(stream)
    return samples.frame_of(
        utils.decode(_stretched(stream))[:, ::2],
        image,
        photometric.of_jpeg2000(said, image),
        precision=said.precision if said else 0,
    )


def _stretched(stream: bytes) -> bytes:
    """Returns the stream with each horizontal spacing of SIZ doubled (T.800 A.5.1)."""
    made = bytearray(stream)
    at = made.index(SIZ) + 6
    grid = list(struct.unpack_from(">8I", made, at))
    grid[::2] = (min(2 * distance, LARGEST) for distance in grid[::2])
    (count,) = struct.unpack_from(">H", made, at + 32)
    distances = slice(at + 35, at + 34 + 3 * count, 3)
    if grid[0] == LARGEST or max(made[distances]) > 127:
        raise CodecError("the reference grid of the stream is too large for its subsampling")
    struct.pack_into(">8I", made, at, *grid)
    made[distances] = bytes(2 * distance for distance in made[distances])
    return bytes(made)
