"""What carrying out a plan gives, before it is written."""

from typing import NamedTuple

from dicomtx.codecs.codec import Attempt, CodecSpec
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.rope import PixelData


class Transcoded(NamedTuple):
    """The frames of one file in their new encoding.

    Attributes:
        pixel_data: the new Pixel Data; None where the source's passes.
        edits: what goes with it, the measured ones included.
        digests: one for each frame, of its stored values as they should be in the output.
        decoder: the codec that decoded, None for native sources.
        encoder: the codec that encoded, None for native targets.
        verification: independent, same-code-base, bytes-only or none.
        attempts: the codecs that failed before.
        warnings: what is not as it should be in the source.
    """

    pixel_data: PixelData | None = None
    edits: tuple[Edit, ...] = ()
    digests: tuple[bytes, ...] = ()
    decoder: CodecSpec | None = None
    encoder: CodecSpec | None = None
    verification: str = "none"
    attempts: tuple[Attempt, ...] = ()
    warnings: tuple[str, ...] = ()
