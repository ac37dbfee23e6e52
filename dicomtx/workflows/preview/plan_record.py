"""The plan for one file, and totals over all files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from dicomtx.errors import ExitCode
from dicomtx.workflows.convert.request import Status


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan for one file. The fields are those of ``plan --json``.

    Attributes:
        path: the source; ``archive.zip/member`` for a member.
        relative: its path in the mirrored tree.
        destination: path of the output in a dry run of a command; empty in ``plan``.
        action: copy, rewrite, decode, encode, recode, keep or refuse; skip in a dry run; empty if
            it cannot be read, or would fail.
        source_syntax: UID of the syntax that the source is really encoded in.
        target_syntax: UID of the syntax of the result; empty if there is no result.
        new_sop_instance_uid: whether the SOP Instance UID changes.
        lossy: whether the conversion is lossy.
        decoder: the codec that decodes, or is tried first; empty if none is needed.
        encoder: the codec that encodes, or is tried first; empty if none is needed.
        reason: the reason that the policy gives, or why the file is kept or refused.
        rule: the rule that decided.
        options: settings for this file that are not the defaults.
        warnings: warnings for the user.
        modality: of the source.
        sop_class_uid: of the source.
        sop_instance_uid: of the source.
        bytes_in: size of the source.
        mtime_ns: modification time of the source, in nanoseconds since 1970.
        bytes_out: size of the result: exact if the source is copied, else an estimate or None.
        bytes_out_spread: lowest and highest estimate; None if ``bytes_out`` is not an estimate, or
            comes from a single similar file.
        error: the error that the conversion would end with; empty if it would not fail.
        exit_code: the exit code of the conversion: 0, 3, 4, 8 or 70; in a dry run also 2 and 7.
        otherwise: the alternatives if the frames do not allow the plan.
        modified: the elements that a modification changes, by keyword.
    """

    path: str
    relative: str = ""
    destination: str = ""
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
    otherwise: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The status that the conversion would end with."""
        return STATUS_OF.get(self.action, "done")

    def as_json(self) -> dict[str, object]:
        """Returns the object that ``--json`` prints (cli/schemas/planned.schema.json)."""
        return {name: getattr(self, name) for name in NAMES}


NAMES: Final = (*(item.name for item in fields(Planned)), "status")
"""The fields of ``as_json``."""

SKIP: Final = "skip"
"""The action for a file that a dry run would skip."""
STATUS_OF: Final[Mapping[str, Status]] = {
    "keep": "kept",
    "refuse": "refused",
    SKIP: "skipped",
    "": "failed",
}
"""The status of a file by its action; after all other actions it is done."""


class PlanGroup(NamedTuple):
    """The properties by which files are grouped and counted."""

    action: str
    source_syntax: str
    target_syntax: str
    modality: str


class Sums:
    """Number and size of the files of each kind. Memory does not grow with the files."""

    def __init__(self) -> None:
        self.files: Counter[PlanGroup] = Counter()
        self.bytes_in: Counter[PlanGroup] = Counter()
        self.bytes_out: Counter[PlanGroup] = Counter()
        self.estimated_in = 0
        self.low = 0
        self.high = 0
        self.unknown = 0
        self.without_range = 0
        self.lossy = 0
        self.by_status: Counter[Status] = Counter()
        self.codes: Counter[int] = Counter()

    def add(self, planned: Planned) -> None:
        """Adds one file to the totals."""
        kind = PlanGroup(
            planned.action or "fail",
            planned.source_syntax,
            planned.target_syntax,
            planned.modality,
        )
        self.files[kind] += 1
        self.bytes_in[kind] += planned.bytes_in
        self.codes[planned.exit_code] += 1
        self.lossy += planned.lossy
        self.by_status[planned.status] += 1
        if planned.bytes_out is not None:
            low, high = planned.bytes_out_spread or (planned.bytes_out, planned.bytes_out)
            self.bytes_out[kind] += planned.bytes_out
            self.estimated_in += planned.bytes_in
            self.low += low
            self.high += high
            copied = kind.action in ("copy", "keep", SKIP)
            self.without_range += planned.bytes_out_spread is None and not copied
        elif planned.target_syntax:
            self.unknown += 1

    @property
    def bytes(self) -> int:
        """The size of all sources."""
        return sum(self.bytes_in.values())

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of ``plan``: the most severe code of all files."""
        for code in (ExitCode.BUG, ExitCode.UNSUPPORTED, ExitCode.POLICY, ExitCode.SOURCE):
            if self.codes[code]:
                return code
        return ExitCode.DONE
