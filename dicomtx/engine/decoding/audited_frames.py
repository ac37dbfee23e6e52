"""Frames of a file, decoded by another code base than the one that conversions use, if possible.

A conversion and a comparison with the same decoder agree even if that decoder is wrong.
"""

from collections.abc import Iterator
from typing import Final, Literal

from dicomtx.codecs.codec import CodecSpec
from dicomtx.codecs.ffmpeg_trust import error_of
from dicomtx.codecs.registry import Codecs
from dicomtx.codecs.shipped import FFMPEG, IMAGECODECS
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder
from dicomtx.engine.decoding.fallback_frames import AnyFrames
from dicomtx.engine.pixels.values import IncomparableError, errors, in_one_colour_space, values
from dicomtx.errors import CodecError, DamagedError
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import TransferSyntax

Role = Literal["source", "result"]

ROUNDED: Final = ("1.2.840.10008.1.2.4.91",)  # FFmpeg is within 1 of other decoders here


class DisagreementError(IncomparableError):
    """Two code bases decode a frame to different pixels: one of them is wrong."""


class AuditedFrames:
    """Encapsulated frames, decoded or confirmed by another code base if there is one.

    Attributes:
        frames: the frames, with decoders in the order of ``order``.
        base: the code base that a conversion uses.
        unconfirmed: a frame was decoded by ``base`` alone.
    """

    def __init__(self, frames: AnyFrames, role: Role) -> None:
        """Sets up the decoders; frames are decoded by ``read``."""
        frames.able = order(frames.codecs, frames.syntax, role)
        self.frames = frames
        self.base = used_base(frames.syntax, role)
        self.unconfirmed = False
        self._confirming = _confirming(frames)

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.frames.count

    @property
    def code_bases(self) -> tuple[str, ...]:
        """The code bases that have decoded so far, including those that only confirmed."""
        uid = self.frames.syntax.uid
        found = [spec.decodes[uid] for spec in self.frames.used]
        confirming = self._confirming and not self.unconfirmed and self.base in found
        return (*found, FFMPEG.decodes[uid]) if confirming else tuple(dict.fromkeys(found))

    def read(self, index: int) -> Frame:
        """Returns one native frame.

        Raises:
            DisagreementError: another code base decodes it to different pixels.
            UnsupportedError: there is no codec for the syntax.
            CodecsFailedError: all codecs for the syntax failed.
        """
        frame = self.frames.read(index)
        last = self.frames.used[-1].decodes[self.frames.syntax.uid]
        if last == self.base and not self._confirmed(frame, index):
            self.unconfirmed = True
        return frame

    def _confirmed(self, frame: Frame, index: int) -> bool:
        """Returns whether FFmpeg decodes the frame to the same values, except for rounding."""
        if not self._confirming:
            return False
        try:
            room = error_of(self._confirming.streams.read(index))
            other = self._confirming.read(index)
        except (CodecError, DamagedError):
            return False
        one, two = in_one_colour_space(frame, other)
        apart = int(errors(values(one), values(two)).max(initial=0))
        if apart > room:
            raise DisagreementError(
                f"{self.base} and FFmpeg decode frame {index + 1} to different pixels (largest"
                f" error {apart}); one of them is wrong"
            )
        return True


def used_base(syntax: TransferSyntax, role: Role) -> str:
    """Returns the code base that decodes sources, or encodes results, by default."""
    encodes, decodes = IMAGECODECS.encodes, IMAGECODECS.decodes
    known = {**decodes, **encodes} if role == "result" else decodes
    return known.get(syntax.uid, "")


def order(codecs: Codecs, syntax: TransferSyntax, role: Role) -> Iterator[CodecSpec]:
    """Yields decoders for such frames: first code bases that the conversion does not use."""
    base = used_base(syntax, role)
    others = (*codecs.builtins(syntax, "decode"), *codecs.auditors(syntax))
    for spec in others:
        rounds = spec is FFMPEG and syntax.uid in ROUNDED
        if spec.decodes[syntax.uid] != base and not rounds:
            yield spec
    yield from codecs.able(syntax, "decode")


def _confirming(frames: AnyFrames) -> DecodedFrames | None:
    """Returns the frames as decoded by FFmpeg, if the syntax is one that decoders round."""
    syntax, codecs = frames.syntax, frames.codecs
    if syntax.uid not in ROUNDED or FFMPEG not in codecs.auditors(syntax):
        return None
    decoder = Decoder(FFMPEG, codecs.open(FFMPEG), syntax, frames.image)
    return DecodedFrames(frames.streams, decoder)
