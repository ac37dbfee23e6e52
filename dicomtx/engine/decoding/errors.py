"""Errors of codecs: one codec failed, so that the next is tried, or all of them failed."""

from collections.abc import Iterator

from dicomtx.codecs.codec import Attempt, CodecSpec, Direction
from dicomtx.errors import CodecError, ExitCode


class FailedError(CodecError):
    """A codec that failed, so that the next one can be tried.

    Attributes:
        attempt: the codec and its reason.
        damaged: a builtin codec cannot decode the code stream. If the others cannot either, the
            stream is damaged.
    """

    def __init__(
        self,
        spec: CodecSpec,
        direction: Direction,
        frame: int,
        cause: CodecError,
        *,
        damaged: bool = False,
    ) -> None:
        """Names the codec, the direction, and the frame."""
        super().__init__(f"{spec.name} could not {direction} frame {frame + 1}: {cause}")
        self.attempt = Attempt(spec.name, direction, f"frame {frame + 1}: {cause}")
        self.damaged = damaged


class CodecsFailedError(CodecError):
    """All available codecs failed."""

    def __init__(self, attempts: tuple[Attempt, ...], *, damaged: bool = False) -> None:
        """Names each codec and its reason; codecs with the same reason share a sentence.

        Args:
            attempts: all codecs that were tried.
            damaged: the code stream is at fault.
        """
        codecs: dict[tuple[str, str], list[str]] = {}
        for attempt in attempts:
            codecs.setdefault((attempt.direction, attempt.reason), []).append(attempt.codec)
        super().__init__(
            "; ".join(
                f"{' and '.join(names)} could not {direction} {reason}"
                for (direction, reason), names in codecs.items()
            )
        )
        self.attempts = attempts
        if damaged:
            self.exit_code = ExitCode.SOURCE


class CodecsInTurn:
    """The codecs to try, one after the other.

    Attributes:
        decoder: the current decoder; None if nothing needs decoding.
        encoder: the current encoder; None if nothing needs encoding.
        attempts: the codecs that have failed.
    """

    def __init__(
        self, decoders: Iterator[CodecSpec | None], encoders: Iterator[CodecSpec | None]
    ) -> None:
        """Starts with the first of each."""
        self._decoders, self._encoders = decoders, encoders
        self.decoder, self.encoder = next(decoders), next(encoders)
        self.attempts: list[Attempt] = []
        self._damaged = False

    def after(self, failed: FailedError) -> CodecsFailedError | None:
        """Moves on to the next codec; returns the error if there is none."""
        self.attempts.append(failed.attempt)
        self._damaged |= failed.damaged
        try:
            if failed.attempt.direction == "decode":
                self.decoder = next(self._decoders)
            else:
                self.encoder = next(self._encoders)
        except StopIteration:
            decoding = failed.attempt.direction == "decode"
            return CodecsFailedError(tuple(self.attempts), damaged=decoding and self._damaged)
        return None
