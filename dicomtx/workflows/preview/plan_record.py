"""What a dry run says of one file, and of all of them together."""

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from dicomtx.errors import ExitCode


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one file; the fields are those of ``plan --json``.

    Attributes:
        path: the source; ``archive.zip/member`` for a member.
        relative: where it would be in the mirrored tree.
        action: copy, rewrite, decode, encode, recode, keep or refuse; empty if it cannot be read.
        source_syntax: UID of what the source really is.
        target_syntax: UID of the result, that of the source where it is kept; empty for none.
        new_sop_instance_uid: whether the SOP Instance UID changes.
        lossy: whether the conversion loses something.
        decoder: the codec that is asked first to decode; empty if none is.
        encoder: likewise.
        reason: why: the policy's reason, or what stands against it.
        rule: what decided.
        options: settings for this file that are not the defaults.
        warnings: what a user should know.
        modality: of the source.
        sop_class_uid: of the source.
        sop_instance_uid: of the source.
        bytes_in: size of the source.
        mtime_ns: when the source was last changed, in nanoseconds since 1970.
        bytes_out: size of the result: known where it is the source, else an estimate, or None.
        bytes_out_spread: lowest and highest of the estimate; None where it is none.
        error: why it cannot be read; empty if it can.
        exit_code: what converting it would end with: 0, 3, 4, 8 or 70.
    """

    path: str
    relative: str = ""
    action: str = ""
    source_syntax: str = ""
    target_syntax: str = ""
    new_sop_instance_uid: bool = False
    lossy: bool = False
    decoder: str = ""
    encoder: str = ""
    reason: str = ""
    rule: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    modality: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    bytes_in: int = 0
    mtime_ns: int = 0
    bytes_out: int | None = None
    bytes_out_spread: tuple[int, int] | None = None
    error: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """Returns the object that ``--json`` prints (cli/schemas/planned.schema.json)."""
        return {name: getattr(self, name) for name in NAMES}


NAMES: Final = tuple(item.name for item in fields(Planned))


class Kind(NamedTuple):
    """What files are counted by."""

    action: str
    source_syntax: str
    target_syntax: str
    modality: str


class Sums:
    """How many files of each kind, and their bytes; memory does not grow with the files."""

    def __init__(self) -> None:
        self.files: Counter[Kind] = Counter()
        self.bytes_in: Counter[Kind] = Counter()
        self.bytes_out: Counter[Kind] = Counter()
        self.low = 0
        self.high = 0
        self.unknown = 0
        self.lossy = 0
        self.codes: Counter[int] = Counter()

    def add(self, planned: Planned) -> None:
        """Counts one file in."""
        kind = Kind(
            planned.action or "unreadable",
            planned.source_syntax,
            planned.target_syntax,
            planned.modality,
        )
        self.files[kind] += 1
        self.bytes_in[kind] += planned.bytes_in
        self.codes[planned.exit_code] += 1
        self.lossy += planned.lossy
        if planned.bytes_out is not None:
            low, high = planned.bytes_out_spread or (planned.bytes_out, planned.bytes_out)
            self.bytes_out[kind] += planned.bytes_out
            self.low += low
            self.high += high
        elif planned.target_syntax:
            self.unknown += 1

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of ``plan``: what cannot be stands before what may not be."""
        for code in (ExitCode.BUG, ExitCode.UNSUPPORTED, ExitCode.POLICY, ExitCode.SOURCE):
            if self.codes[code]:
                return code
        return ExitCode.DONE
