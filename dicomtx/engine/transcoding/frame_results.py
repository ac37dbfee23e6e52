"""The results of frames after they are written: a few bytes for each frame."""

from dicomtx.codecs.codec import CodecSpec
from dicomtx.engine.lossy.measurement import Errors
from dicomtx.engine.transcoding.pipeline import Made


class FrameResults:
    """Collects the results of the frames so far.

    Attributes:
        count: the number of frames.
        digests: the digests of native frames to compare later, joined.
        verifiers: the codecs that decoded encoded frames again, by name.
        checked: the number of frames that were decoded again.
        planes: the overlay planes that were moved out of each frame, if there are any.
        errors: the error figures of each frame if the plan is lossy.
        high_bits: the number of words with bits set above Bits Stored.
        noted: the numbers of the frames that have a note, and the notes.
    """

    def __init__(self) -> None:
        """Starts without frames."""
        self.count = 0
        self.digests = bytearray()
        self.verifiers: dict[str, CodecSpec] = {}
        self.checked = 0
        self.planes: list[tuple[bytes, ...]] = []
        self.errors: list[Errors] = []
        self.high_bits = 0
        self.noted: list[tuple[int, str]] = []

    def add(self, made: Made) -> None:
        """Adds the results of a frame, but does not keep its data."""
        self.count += 1
        self.digests += made.digest
        self.high_bits += made.high_bits
        if made.verifier:
            self.verifiers[made.verifier.name] = made.verifier
            self.checked += 1
        if made.planes:
            self.planes.append(made.planes)
        if made.errors:
            self.errors.append(made.errors)
        if made.note:
            self.noted.append((self.count, made.note))

    def notes(self) -> list[str]:
        """Returns the first note, and how many more frames have one; empty if none has."""
        more = f" (and {len(self.noted) - 1} more)" if len(self.noted) > 1 else ""
        return [f"frame {number}{more}: {note}" for number, note in self.noted[:1]]
