"""The result of carrying out a plan, before it is written to a file."""

from typing import NamedTuple

from dicomtx.codecs.codec import Attempt, CodecSpec
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.rope import PixelData
from dicomtx.quality_figures import Quality


class Transcoded(NamedTuple):
    """The frames of one file in their new encoding.

    Attributes:
        pixel_data: the new Pixel Data; None to copy that of the source.
        edits: the element edits, including those that record a measured loss.
        digests: the expected digests of the stored values of native frames, joined; empty if the
            output is not compared.
        decoder: the codec that decoded; None for native sources.
        encoder: the codec that encoded; None for native targets.
        verification: one of ``verification.WORDS``.
        frames: the number of frames that were decoded or encoded.
        frames_verified: the number of encoded frames that were decoded again and compared.
        attempts: the codecs that failed before another one succeeded.
        warnings: the warnings about the source and the conversion.
        quality: the measured loss; None if the plan is lossless.
        new_uid: the new SOP Instance UID of the output; empty if it keeps the old one.
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
