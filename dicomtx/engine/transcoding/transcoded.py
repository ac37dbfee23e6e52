"""What carrying out a plan gives, before it is written."""

from typing import NamedTuple

from dicomtx.codecs.codec import Attempt, CodecSpec
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.rope import PixelData
from dicomtx.quality_figures import Quality


class Transcoded(NamedTuple):
    """The frames of one file in their new encoding.

    Attributes:
        pixel_data: the new Pixel Data; None where the source's passes.
        edits: what goes with it, the measured ones included.
        digests: of each native frame that will be compared, of its stored values as they should
            be in the output, one behind the other.
        decoder: the codec that decoded, None for native sources.
        encoder: the codec that encoded, None for native targets.
        verification: one of ``verification.WORDS``.
        frames: how many were coded.
        frames_verified: how many of these were decoded again, and compared.
        attempts: the codecs that failed before.
        warnings: what is not as it should be in the source.
        quality: what was lost, None if nothing was to be.
        new_uid: the SOP Instance UID of the output, empty if it keeps its own.
    """

    pixel_data: PixelData | None = None
    edits: tuple[Edit, ...] = ()
    digests: bytes = b""
    decoder: CodecSpec | None = None
    encoder: CodecSpec | None = None
    verification: str = "none"
    frames: int = 0
    frames_verified: int = 0
    attempts: tuple[Attempt, ...] = ()
    warnings: tuple[str, ...] = ()
    quality: Quality | None = None
    new_uid: str = ""
