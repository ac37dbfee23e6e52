"""JPEG 2000 and JPEG-LS by FFmpeg, through the av package: a second code base that only decodes.

Its wheels contain libraries under the GPL, so it is an extra (``dicomtx[audit]``). It always runs
in a subprocess and decodes only what ``ffmpeg_trust`` allows.
"""

from typing import Any, Final

import av
import av.logging
import numpy as np

from dicomtx import code_stream
from dicomtx.code_stream import CodeStream
from dicomtx.codecs import photometric, samples
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.ffmpeg_trust import COMPONENTS
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

DECODERS: Final = {"JPEG 2000": "jpeg2000", "JPEG-LS": "jpegls"}
# pixel formats with interleaved components: the number of components, and bytes per sample
PACKED: Final = {
    "gray": (1, 1),
    "gray16le": (1, 2),
    "ya8": (2, 1),
    "ya16le": (2, 2),
    "rgb24": (3, 1),
    "rgb48le": (3, 2),
    "rgba": (4, 1),
    "rgba64le": (4, 2),
}
ALIGNMENT: Final = 256  # FFmpeg also counts the padding of its buffers
PLANAR: Final = ("yuv410p", "yuv411p", "yuv420p", "yuv422p", "yuv440p")

av.logging.set_level(None)  # errors come back as exceptions


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the native frame of one code stream; see ``Codec``."""
    said = code_stream.read(stream)
    if said is None or said.family not in DECODERS:
        raise CodecError(f"FFmpeg is not used for {syntax.name}")
    of_jpeg2000 = said.family == "JPEG 2000"
    return samples.frame_of(
        _samples(_picture(stream, said), said, _distances(stream, said)),
        image,
        photometric.of_jpeg2000(said, image) if of_jpeg2000 else photometric.as_said(image),
        precision=said.precision,
    )


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:  # noqa: ARG001 the Protocol's
    """Raises CodecError: FFmpeg is not used to encode."""
    raise CodecError(f"FFmpeg is not used to encode {syntax.name}")


def _picture(stream: bytes, said: CodeStream) -> Any:
    """Returns the only picture of a stream."""
    context: Any = av.CodecContext.create(DECODERS[said.family], "r")
    context.thread_count = 1
    most = (said.rows + ALIGNMENT) * (said.columns + ALIGNMENT)
    context.options = {"err_detect": "explode", "max_pixels": str(most)}
    try:
        pictures = [*context.decode(av.Packet(stream)), *context.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise CodecError(f"FFmpeg: {error}") from error
    if len(pictures) != 1:
        raise CodecError(f"FFmpeg returned {len(pictures)} pictures for one frame")
    return pictures[0]


def _distances(stream: bytes, said: CodeStream) -> list[tuple[int, int]]:
    """Returns the sample spacing of each component, down and across (T.800 B.2)."""
    if not said.subsampled:
        return []
    return [
        (stream[at + 2], stream[at + 1])
        for at in range(COMPONENTS, COMPONENTS + 3 * said.components, 3)
    ]


def _samples(picture: Any, said: CodeStream, distances: list[tuple[int, int]]) -> samples.Array:
    """Returns rows x columns x components, with the values of the stream.

    FFmpeg shifts samples to the top of their words, and makes signed ones unsigned by adding half
    of their range (T.800 G.1).
    """
    array = _words(picture, distances)
    array = array >> (8 * array.dtype.itemsize - said.precision)
    if not said.signed:
        return array
    centred: samples.Array = array.astype(np.int32) - (1 << said.precision - 1)
    return centred.astype(f"<i{array.dtype.itemsize}")


def _words(picture: Any, distances: list[tuple[int, int]]) -> samples.Array:
    """Returns the samples as FFmpeg stores them, with subsampled components at full size."""
    name = picture.format.name
    if name in PACKED:
        return _plane(picture.planes[0], *PACKED[name])
    if name not in PLANAR or len(distances) != len(picture.planes):
        raise CodecError(f"FFmpeg returned the unsupported pixel format {name}")
    planes = (_plane(plane, 1, 1) for plane in picture.planes)
    larger = [
        plane.repeat(down, axis=0).repeat(across, axis=1)[: picture.height, : picture.width]
        for plane, (down, across) in zip(planes, distances, strict=True)
    ]
    return np.concatenate(larger, axis=2)


def _plane(plane: Any, count: int, size: int) -> samples.Array:
    """Returns one plane without the padding at the end of its rows."""
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    used = lines[: plane.height, : plane.width * count * size]
    words = np.ascontiguousarray(used).view(f"<u{size}")
    return words.reshape(plane.height, plane.width, count)
