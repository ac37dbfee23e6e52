"""Errors and warnings of many files: the first of each kind are shown, the others are counted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dicomtx.cli.output.console import Console
from dicomtx.errors import NOT_DICOM
from dicomtx.workflows.convert.request import Outcome

SHOWN: Final = 3  # messages of each kind that have a line of their own
MOST: Final = 1000  # kinds; messages can have texts of files in them
OTHERS: Final = "other messages"
SKIPPED: Final = "skipped: "
REASONED: Final = ("kept", "skipped")
"""The statuses whose first warning is the reason."""
VALUES: Final = re.compile(r"\d+(\.\d+)*|'[^']*'")
"""What differs between two messages of one kind: numbers, UIDs and quoted texts."""


@dataclass(slots=True)
class _Kind:
    """The messages of one kind.

    Attributes:
        path: the file of the first one.
        text: the first one.
        style: its style on the console.
        alike: all of them have this text.
        files: their number.
    """

    path: str
    text: str
    style: str
    alike: bool = True
    files: int = 1


class Groups:
    """Shows what a user should know of many files, a few lines for each kind of message."""

    def __init__(self, console: Console, *, quiet: bool, everything: bool = False) -> None:
        """Shows errors only if ``quiet``.

        With ``everything`` it also shows warnings of files that failed, and why files are skipped.
        """
        self._console = console
        self._quiet = quiet
        self._everything = everything
        self._kinds: dict[str, _Kind] = {}

    def add(self, outcome: Outcome) -> None:
        """Shows the messages of a file that are the first of their kind, and counts the others."""
        for text, style in dict(self._messages(outcome)).items():
            name = VALUES.sub("#", text)
            if name not in self._kinds and len(self._kinds) >= MOST:
                name = OTHERS
            kind = self._kinds.get(name)
            if kind:
                kind.files += 1
                kind.alike = kind.alike and kind.text == text
            else:
                kind = self._kinds[name] = _Kind(outcome.path, text, style, alike=name != OTHERS)
            if kind.files <= SHOWN and not text.startswith(SKIPPED):
                self._console.note(f"{outcome.path}: {text}", style)

    def close(self) -> None:
        """Shows how many files have each message that was counted."""
        for kind in self._kinds.values():
            if kind.text.startswith(SKIPPED):
                self._close_skipped(kind)
            elif kind.files > SHOWN:
                said = f"{kind.files} files: {kind.text}; first: {kind.path}"
                if not kind.alike:
                    said = f"{kind.files} files such as {kind.path}: {kind.text}"
                self._console.note(f"{said}; all: --report or -v", kind.style)
        self._kinds.clear()

    def _close_skipped(self, kind: _Kind) -> None:
        """Shows all files of a kind in one line: trees often have a few that are not DICOM."""
        if kind.files == 1:
            said = f"{kind.path}: {kind.text}"
        else:
            said = f"{kind.files} files {kind.text}; first: {kind.path}; all: --report or -v"
        self._console.note(said, kind.style)

    def _messages(self, outcome: Outcome) -> Iterator[tuple[str, str]]:
        """Yields the error, why a file is unchanged, and the warnings; each with its style."""
        if outcome.error:
            yield outcome.error, "error"
        if self._quiet or (outcome.error and not self._everything):
            return
        warnings = outcome.warnings
        if outcome.status in REASONED:
            reason, *others = warnings
            if outcome.status == "kept":
                yield f"kept unchanged: {reason}", ""
            elif self._everything or reason.startswith(NOT_DICOM):
                yield SKIPPED + reason, ""
            warnings = tuple(others)
        yield from ((f"warning: {text}", "warning") for text in warnings)
