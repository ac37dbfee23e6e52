"""MANIFEST.json: what became of each file, in the archive itself."""

import json
from typing import Any, Final

from dicomtx import __version__
from dicomtx.sources import Source, Spool
from dicomtx.workflows.request import Outcome

NAME: Final = "MANIFEST.json"


class Manifest:
    """The manifest in the making: entries go to a spool, one a line."""

    def __init__(self, spool: Spool, target: str) -> None:
        """Begins; ``target`` is the UID of the transfer syntax wanted, empty if none was."""
        self._spool = spool
        self._first = True
        head = {"dicomtx": __version__, "transfer_syntax": target or None}
        self._spool.write(f'{json.dumps(head)[:-1]}, "files": [\n'.encode())

    def add(self, outcome: Outcome, member: str, source: str) -> None:
        """Adds a file.

        Args:
            outcome: what came of it.
            member: what it is called in the archive; empty if it is not there.
            source: where it was found, from the argument that it was found by.
        """
        entry: dict[str, Any] = {
            "member": member or None,
            "source": source,
            "status": outcome.status,
            "source_syntax": outcome.source_syntax,
            "transfer_syntax": outcome.target_syntax,
            "sop_instance_uid": outcome.sop_instance_uid,
            "new_sop_instance_uid": outcome.new_sop_instance_uid,
            "bytes": outcome.bytes_out,
            "warnings": list(outcome.warnings),
            "error": outcome.error,
        }
        before, self._first = "" if self._first else ",\n", False
        self._spool.write(f"{before}{json.dumps(entry)}".encode())

    def source(self) -> Source:
        """Ends it, and returns its bytes."""
        self._spool.write(b"\n]}\n")
        return self._spool.source()
