"""What is kept of frames once they are written: of many small ones no more than some bytes."""

from dicomtx.codecs.codec import CodecSpec
from dicomtx.engine.lossy.measurement import Errors
from dicomtx.engine.transcoding.pipeline import Made


class FrameResults:
    """What was told of the frames so far.

    Attributes:
        count: how many there are.
        digests: those of native frames that will be compared, one behind the other.
        verifiers: the codecs that decoded frames again, by name.
        checked: how many frames were decoded again.
        planes: of each frame, the overlay planes that were taken out of it, if there are any.
        errors: of each frame, what it lost, if it was to lose something.
        high_bits: how many words had something above Bits Stored.
        noted: the numbers of frames of which something is to be said, and what.
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
        """Keeps what a frame tells, but not the frame."""
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
        """Returns what is noted of the first frame of which something is, and of how many more."""
        more = f" (and {len(self.noted) - 1} more)" if len(self.noted) > 1 else ""
        return [f"frame {number}{more}: {note}" for number, note in self.noted[:1]]
