"""The console: the only place that prints; what native libraries print is kept out of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, Final, TextIO, cast

from dicomtx.errors import DestinationError
from dicomtx.printable import plain

CAPTURED_BYTES: Final = 16_384
STANDARD_OUTPUT: Final = 1


class ClosedPipeError(DestinationError):
    """Nobody reads standard output any more; there is nothing to say about that."""


class Output:
    """Standard output, for us and for click: what cannot be written is a DestinationError.

    Nothing stays in a buffer. So Python has nothing left to write, and to complain of, at its end.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Writes to ``stream``; None: it was closed before the start."""
        self._stream = stream

    def write(self, text: str | bytes) -> int:
        """Writes all of the text at once; completions come as bytes."""
        if isinstance(text, bytes):
            text = text.decode(errors="backslashreplace")
        if self._stream is None:
            raise DestinationError("standard output is closed")
        if not text:  # click writes nothing to find out what a stream takes, and ignores errors
            return 0
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            _lead_to_nothing(STANDARD_OUTPUT)
            if isinstance(error, BrokenPipeError):
                raise ClosedPipeError("standard output: broken pipe") from error
            why = (error.strerror or str(error)).lower()
            raise DestinationError(f"standard output: {why}") from error
        return len(text)

    def flush(self) -> None:
        """Does nothing: all is written."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _lead_to_nothing(descriptor: int) -> None:
    """Leads a descriptor that cannot be written to nowhere: what is in its buffer is dropped."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


class Console:
    """Prints results on standard output and all else on standard error.

    Attributes:
        errors: leads to the standard error that the process was started with.
        capture: descriptor of the file that descriptor 2 leads to meanwhile.
    """

    def __init__(self, errors: TextIO, capture: int) -> None:
        self.errors = errors
        self.capture = capture

    def result(self, text: str) -> None:
        """Prints lines on standard output.

        Raises:
            DestinationError: it cannot be written to.
        """
        sys.stdout.write(text + "\n")

    def note(self, text: str) -> None:
        """Prints one line on standard error, behind the program's name."""
        self.error(f"dicomtx: {plain(text)}")

    def error(self, text: str) -> None:
        """Prints lines on standard error; if that fails there is no one left to tell."""
        with suppress(OSError):
            self.errors.write(text + "\n")
            self.errors.flush()

    def captured(self) -> list[str]:
        """Returns the lines that native libraries printed: at most the last 16 KiB of them."""
        end = os.fstat(self.capture).st_size
        text = os.pread(self.capture, CAPTURED_BYTES, max(0, end - CAPTURED_BYTES))
        return [line for line in text.decode(errors="replace").splitlines() if line.strip()]


@contextmanager
def opened() -> Iterator[Console]:
    """Yields the console; meanwhile descriptor 2 leads to a file without a name.

    ``sys.stderr`` is the console's, so that warnings and tracebacks are seen.
    """
    _occupy_closed_descriptors()
    capture, own, before = _nameless_file(), os.dup(2), (sys.stdout, sys.stderr)
    if isinstance(sys.stdout, TextIOWrapper):  # no file name may break a line of results
        sys.stdout.reconfigure(errors="backslashreplace")
    errors = os.fdopen(own, "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(capture, 2)
    sys.stdout, sys.stderr = cast("TextIO", Output(sys.stdout)), errors
    try:
        yield Console(errors, capture)
    finally:
        sys.stdout, sys.stderr = before
        os.dup2(own, 2)
        os.close(capture)
        with suppress(OSError):  # what could not be said stays unsaid
            errors.close()


def _occupy_closed_descriptors() -> None:
    """Opens descriptors 0 to 2 where they are closed, else the next file would become them.

    Reading from 0 or writing to 1 then still fails, as it should.
    """
    for descriptor, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)


def _nameless_file() -> int:
    """Returns the descriptor of a file that vanishes with the process."""
    if sys.platform == "linux":
        return os.memfd_create("dicomtx-standard-error")
    import tempfile  # noqa: PLC0415 - 10 ms that Linux need not pay

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
