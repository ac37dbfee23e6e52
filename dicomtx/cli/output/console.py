"""The console: the only module that prints. It captures the output of native libraries."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from dicomtx.cli.output.terminal import folded, is_coloured, painted, width
from dicomtx.errors import DestinationError
from dicomtx.printable import plain

if TYPE_CHECKING:
    from dicomtx.cli.output.bar import Bar

CAPTURED_BYTES: Final = 16_384
STANDARD_OUTPUT: Final = 1
INDENT: Final = "    "
NO_STYLES: Final[Mapping[str, str]] = {}


class ClosedPipeError(DestinationError):
    """The reader of standard output has closed the pipe; the run ends without a message."""


class Output:
    """Standard output for dicomtx and click. Write errors raise ``DestinationError``.

    Nothing stays in a buffer, so Python has nothing to flush at exit, and cannot fail there.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Wraps ``stream``, which is None if standard output was closed before the start."""
        self._stream = stream

    def write(self, text: str | bytes) -> int:
        """Writes and flushes the text. Shell completions arrive as bytes."""
        if isinstance(text, bytes):
            text = text.decode(errors="backslashreplace")
        if self._stream is None:
            raise DestinationError("standard output is closed")
        if not text:  # click probes a stream with an empty text, and ignores errors
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
        """Does nothing, since ``write`` flushes."""

    def isatty(self) -> bool:
        """Whether standard output is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _lead_to_nothing(descriptor: int) -> None:
    """Redirects a broken descriptor to the null device, so that its buffer is discarded."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


class Console:
    """Prints results on standard output and everything else on standard error.

    Attributes:
        errors: the standard error that the process was started with.
        capture: descriptor of the file that descriptor 2 is redirected to.
        colours: always, never, or auto.
        bar: the progress bar below all lines.
    """

    def __init__(self, errors: TextIO, capture: int, colours: str = "auto") -> None:
        self.errors = errors
        self.capture = capture
        self.colours = colours
        self.bar: Bar | None = None

    @property
    def columns(self) -> int | None:
        """The columns of standard output; None if it is not a terminal."""
        return width(sys.stdout)

    def painted(self, text: str, style: str) -> str:
        """Returns the text for standard output, with the control sequences of its style."""
        return painted(text, style) if is_coloured(sys.stdout, self.colours) else text

    def result(self, text: str) -> None:
        """Prints lines on standard output.

        Raises:
            DestinationError: standard output cannot be written.
        """
        with self._beside_bar():
            sys.stdout.write(text + "\n")

    def line(
        self, text: str, styles: Mapping[str, str] = NO_STYLES, *, to_errors: bool = False
    ) -> None:
        """Prints one line, folded to the width of the terminal.

        Args:
            text: the line.
            styles: maps words of the line to styles.
            to_errors: print it on standard error.

        Raises:
            DestinationError: standard output cannot be written.
        """
        stream = self.errors if to_errors else sys.stdout
        coloured = is_coloured(stream, self.colours)
        for part in folded(plain(text), width(stream), INDENT):
            shown = part
            for word, style in styles.items() if coloured else ():
                shown = shown.replace(word, painted(word, style))
            (self.error if to_errors else self.result)(shown)

    def note(self, text: str, style: str = "") -> None:
        """Prints one line on standard error, after the program's name."""
        coloured = is_coloured(self.errors, self.colours)
        for part in folded(f"dicomtx: {plain(text)}", width(self.errors), INDENT):
            self.error(painted(part, style) if coloured else part)

    def error(self, text: str) -> None:
        """Prints lines on standard error. Ignores failures: there is nowhere to report them."""
        with suppress(OSError), self._beside_bar():
            self.errors.write(text + "\n")
            self.errors.flush()

    def _beside_bar(self) -> AbstractContextManager[None]:
        return self.bar.hidden() if self.bar else nullcontext()

    def captured(self) -> list[str]:
        """Returns the lines that native libraries printed, at most the last 16 KiB."""
        end = os.fstat(self.capture).st_size
        text = os.pread(self.capture, CAPTURED_BYTES, max(0, end - CAPTURED_BYTES))
        return [line for line in text.decode(errors="replace").splitlines() if line.strip()]


@contextmanager
def opened() -> Iterator[Console]:
    """Yields the console, and redirects descriptor 2 to an unnamed file meanwhile.

    ``sys.stderr`` remains the original standard error, so warnings and tracebacks are shown.
    """
    _occupy_closed_descriptors()
    capture, own, before = _nameless_file(), os.dup(2), (sys.stdout, sys.stderr)
    if isinstance(sys.stdout, TextIOWrapper):  # file names that cannot be encoded
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
        with suppress(OSError):  # there is nowhere to report it
            errors.close()


def _occupy_closed_descriptors() -> None:
    """Opens descriptors 0 to 2 if they are closed; otherwise the next file would get the number.

    Reading from 0 or writing to 1 still fails, as it should.
    """
    for descriptor, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)


def _nameless_file() -> int:
    """Returns the descriptor of an unnamed file, which the system removes at exit."""
    if sys.platform == "linux":
        return os.memfd_create("dicomtx-standard-error")
    import tempfile  # noqa: PLC0415 - 10 ms that Linux need not pay

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
