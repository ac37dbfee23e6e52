"""An interactive shell in a terminal, to see what a key press does."""

import os
import pty
import select
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

SECONDS = 60.0  # on a busy machine; what is waited for comes much sooner


class Shell:
    """An interactive shell. Text that is typed appears on its terminal, as do its answers."""

    def __init__(self, command: Sequence[str], folder: str, environ: dict[str, str]) -> None:
        """Starts ``command`` in ``folder``."""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), environ)
        self._seen = ""

    def press(self, text: str) -> None:
        """Types a text."""
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """Returns what has appeared, up to and with this text."""
        end = time.monotonic() + SECONDS
        while text not in self._seen:
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} is not in {self._seen!r}"
            self._seen += os.read(self._terminal, 4096).decode(errors="replace")
        before, found, self._seen = self._seen.partition(text)
        return before + found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._terminal)  # hangs up
        os.waitpid(self.pid, 0)
