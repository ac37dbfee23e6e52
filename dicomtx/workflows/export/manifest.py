"""MANIFEST.json, the list of outcomes inside the archive."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from dicomtx.storage.source import Source, Spool
from dicomtx.version import __version__
from dicomtx.workflows.convert.request import Outcome

NAME: Final = "MANIFEST.json"
IN_MEMORY: Final = 1 << 18  # bytes
LONGEST_LINE: Final = 1 << 20


class Manifest:
    """A manifest that is being written. Entries go to a spool, one per line."""

    def __init__(self, spool: Spool, target: str, policy: str = "") -> None:
        """Writes the header. ``target`` is the UID of the target syntax, or empty."""
        self._spool = spool
        self._first = True
        wanted = {"transfer_syntax": target or None, "policy": policy or None}
        head = {"dicomtx": __version__, **wanted}
        self._spool.write(f'{json.dumps(head)[:-1]}, "files": [\n'.encode())

    def add(self, outcome: Outcome, member: str, source: str) -> None:
        """Adds a file.

        Args:
            outcome: its outcome.
            member: its name in the archive; empty if it was left out.
            source: its path, relative to the command line argument that it was found in.
        """
        entry: dict[str, Any] = {
            "member": member or None,
            "source": source,
            "status": outcome.status,
            "rule": outcome.rule,
            "source_syntax": outcome.source_syntax,
            "transfer_syntax": outcome.target_syntax,
            "sop_instance_uid": outcome.sop_instance_uid,
            "new_sop_instance_uid": outcome.new_sop_instance_uid,
            "bytes": outcome.bytes_out,
            "warnings": list(outcome.warnings),
            "error": outcome.error,
        }
        self._write(entry)

    def take_over(self, folder: str) -> Iterator[tuple[str, str]]:
        """Adds the entries of an existing manifest whose files still exist.

        Yields the name of each file, and its SOP Instance UID before the export.
        """
        for entry in _entries(os.path.join(folder, NAME)):
            member, uid = entry["member"], entry.get("sop_instance_uid")
            if member is None:
                self._write(entry)
            elif os.path.isfile(os.path.join(folder, member)):
                self._write(entry)
                yield member, uid if isinstance(uid, str) else ""

    def _write(self, entry: dict[str, Any]) -> None:
        before, self._first = "" if self._first else ",\n", False
        self._spool.write(f"{before}{json.dumps(entry)}".encode())

    def source(self) -> Source:
        """Writes the end of the manifest and returns its bytes."""
        self._spool.write(b"\n]}\n")
        return self._spool.source()


def _entries(path: str) -> Iterator[dict[str, Any]]:
    """Yields the entries of a manifest, one per line. Other lines are ignored."""
    with suppress(OSError), open(path, "rb") as file:
        while line := file.readline(LONGEST_LINE):
            with suppress(ValueError, RecursionError):
                entry = json.loads(line.strip().rstrip(b","))
                if isinstance(entry, dict) and isinstance(entry.get("member", 0), str | None):
                    yield entry
