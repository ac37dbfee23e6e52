"""A progress bar: one line of a terminal that is drawn again and again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Final, TextIO

from dicomtx.cli.output.terminal import USUAL, cells, width

LONGEST: Final = 40
SHORTEST: Final = 5
ERASE: Final = "\r\x1b[K"


class Bar:
    """The bar of a terminal. Lines printed while it is hidden appear above it."""

    def __init__(self, stream: TextIO) -> None:
        """Draws nothing yet."""
        self._stream = stream
        self._line = ""
        self._lock = RLock()  # a thread draws while another one prints

    def draw(self, done: float, facts: Sequence[str]) -> None:
        """Draws the bar, and as many facts as fit: the first one is the most important.

        Args:
            done: the part that is done, from 0 to 1.
            facts: short texts.
        """
        columns = (width(self._stream) or USUAL) - 1  # in the last column, some terminals wrap
        with self._lock:
            self._line = line(done, facts, columns)
            self._write(ERASE + self._line)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Erases the bar while the block prints something."""
        with self._lock:
            if self._line:
                self._write(ERASE)
            yield
            self._write(self._line)

    def close(self) -> None:
        """Erases the bar."""
        with self._lock:
            if self._line:
                self._write(ERASE)
            self._line = ""

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()


def line(done: float, facts: Sequence[str], columns: int) -> str:
    """Returns the bar and the facts that fit in ``columns``."""
    text = facts[0]
    for fact in facts[1:]:
        if SHORTEST + 1 + cells(f"{text}, {fact}") > columns:
            break
        text = f"{text}, {fact}"
    room = min(LONGEST, columns - 1 - cells(text))
    if room < SHORTEST:
        return text[:columns]
    full = round(room * min(1.0, done))
    return f"{'━' * full}{'─' * (room - full)} {text}"
