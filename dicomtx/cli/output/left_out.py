"""The files in folders that a command leaves out because they are not DICOM."""

from dicomtx.cli.output.console import Console
from dicomtx.errors import NOT_DICOM


class LeftOut:
    """Counts such files, and names the first."""

    def __init__(self) -> None:
        """Starts without files."""
        self._count = 0
        self._first = ""

    def add(self, path: str) -> None:
        """Counts a file."""
        self._count += 1
        self._first = self._first or path

    def tell(self, console: Console) -> None:
        """Says in one line which files were left out."""
        if self._count == 1:
            console.note(f"{self._first}: skipped: {NOT_DICOM}")
        elif self._count:
            console.note(f"{self._count} files skipped: {NOT_DICOM}; first: {self._first}")
