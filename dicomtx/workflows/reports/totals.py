"""Totals over many files. Memory does not grow with their number."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from dicomtx.workflows.convert.request import Outcome

MOST_NAMES: Final = 100
LONGEST_NAME: Final = 64
OTHERS: Final = "others"
WRITTEN: Final = ("done", "kept")


@dataclass(slots=True)
class Sizes:
    """Number of files, and their bytes before and after."""

    files: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def add(self, outcome: Outcome) -> None:
        """Adds one file."""
        self.files += 1
        self.bytes_in += outcome.bytes_in
        self.bytes_out += outcome.bytes_out

    @property
    def ratio(self) -> float | None:
        """Bytes before divided by bytes after; None if nothing was written."""
        return round(self.bytes_in / self.bytes_out, 4) if self.bytes_out else None

    def as_json(self) -> dict[str, object]:
        """Returns the object for the report."""
        sizes = {"files": self.files, "bytes_in": self.bytes_in, "bytes_out": self.bytes_out}
        return sizes | {"ratio": self.ratio}


@dataclass(slots=True)
class Totals:
    """The totals over all added outcomes.

    Attributes:
        files: number of files.
        by_status: number of files by status.
        lossy: number of written files that were compressed with loss.
        salvaged: number of written files of which parts could not be read.
        unverified: number of converted files that were not verified.
        written: sizes of the written files (done and kept).
        seconds: time of all files added up. It exceeds the elapsed time if workers run in parallel.
        warnings: number of files with warnings; why a file is skipped does not count.
        by_modality: sizes of the written files by Modality; empty if unknown.
        by_source_syntax: the same, by Transfer Syntax UID.
        by_target_syntax: the same, by Transfer Syntax UID.
    """

    files: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    lossy: int = 0
    salvaged: int = 0
    unverified: int = 0
    written: Sizes = field(default_factory=Sizes)
    seconds: float = 0.0
    warnings: int = 0
    by_modality: dict[str, Sizes] = field(default_factory=dict)
    by_source_syntax: dict[str, Sizes] = field(default_factory=dict)
    by_target_syntax: dict[str, Sizes] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Adds one outcome."""
        self.files += 1
        self.by_status[outcome.status] += 1
        self.lossy += outcome.lossy
        salvaged = any(text.startswith("salvaged: ") for text in outcome.warnings)
        self.salvaged += outcome.status in WRITTEN and salvaged
        self.unverified += outcome.status == "done" and outcome.verification == "none"
        self.seconds += outcome.seconds
        self.warnings += outcome.status != "skipped" and bool(outcome.warnings)
        if outcome.status in WRITTEN:
            self.written.add(outcome)
            _within(self.by_modality, outcome.modality).add(outcome)
            _within(self.by_source_syntax, outcome.source_syntax).add(outcome)
            _within(self.by_target_syntax, outcome.target_syntax).add(outcome)

    def as_json(self) -> dict[str, object]:
        """Returns the totals of the report (cli/schemas/report.schema.json)."""
        tables = {
            "by_modality": self.by_modality,
            "by_source_syntax": self.by_source_syntax,
            "by_target_syntax": self.by_target_syntax,
        }
        return {
            "files": self.files,
            "by_status": dict(self.by_status),
            "lossy": self.lossy,
            **{name: value for name, value in self.written.as_json().items() if name != "files"},
            "seconds": round(self.seconds, 3),
            "warnings": self.warnings,
        } | {
            table: {name: sizes.as_json() for name, sizes in sorted(rows.items())}
            for table, rows in tables.items()
        }


def _within(rows: dict[str, Sizes], name: str) -> Sizes:
    """Returns the row with this name. Limits names, which come from the files."""
    name = name[:LONGEST_NAME]
    if name not in rows and len(rows) >= MOST_NAMES:
        name = OTHERS
    return rows.setdefault(name, Sizes())
