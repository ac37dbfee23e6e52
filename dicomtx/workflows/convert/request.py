"""The request for a conversion and its outcome; workers receive one and return the other."""

from typing import Final, Literal, NamedTuple

from dicomtx.codecs.codec import Attempt
from dicomtx.dicom.modification.modification import Modification
from dicomtx.engine.planning.policy import OneTarget, OnFailure, Policy
from dicomtx.frozen import Frozen
from dicomtx.quality_figures import Quality
from dicomtx.settings import Settings
from dicomtx.storage.durability import Sync
from dicomtx.storage.location import Location
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax

Status = Literal["done", "kept", "refused", "failed", "skipped"]


class FileRules(NamedTuple):
    """The rules of a batch or export for each file.

    Attributes:
        only: ``uncompressed`` or ``compressed``: skip all others; empty skips none.
        skip_same: skip files that are already in the target syntax instead of copying them.
        best_of: the targets to try for the smallest result; ``target`` is one of them.
        skip_others: skip files that are not DICOM.
        copy_others: copy files that are not DICOM.
        preserve: keep the time of modification of the source.
        tree: create the folder of the output if it is missing.
        sync: what is synced of the output, so that it survives a power failure.
        part10: files that are kept unchanged get file meta information if they have none.
        hashed: add to the outcome what a journal recognizes the output by.
        icon: write an icon beside the output (``workflows.convert.icon``).
        consumes: the source is removed when its result is delivered.
    """

    only: str = ""
    skip_same: bool = False
    best_of: tuple[TransferSyntax, ...] = ()
    skip_others: bool = False
    copy_others: bool = False
    preserve: bool = False
    tree: bool = False
    sync: Sync = "all"
    part10: bool = False
    hashed: bool = False
    icon: bool = False
    consumes: bool = False


DEFAULTS: Final = Settings()
NO_RULES: Final = FileRules()


class Request(NamedTuple):
    """One file to convert.

    Attributes:
        source: where the file is.
        destination: a path, or ``-`` for standard output; the source itself with ``in_place``.
        target: the target transfer syntax.
        overwrite: overwrite an existing destination.
        in_place: allow source and destination to be the same file.
        settings: everything that does not depend on the file.
        rules: the rules of a batch or export.
        policy: decides instead of ``target``; None converts to ``target``.
        on_failure: what to do with a file that cannot be transcoded.
        listed: size and time of modification that the source must still have; empty allows any.
        below: the folder that contains the output, at any depth; links below it are not followed.
            If empty, links are followed.
        size: bytes of the source when it was listed, to estimate the time; 0 if unknown.
        modification: what to change in the data set; None changes nothing.
    """

    source: Location
    destination: str
    target: TransferSyntax = DEFAULT_TARGET
    overwrite: bool = False
    in_place: bool = False
    settings: Settings = DEFAULTS
    rules: FileRules = NO_RULES
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    listed: tuple[int, ...] = ()
    below: str = ""
    size: int = 0
    modification: Modification | None = None

    @property
    def decider(self) -> Policy:
        """The policy, or one for the single target."""
        return self.policy or OneTarget(self.target)


class Outcome(Frozen):
    """The outcome of a request; the fields are those of ``--json``.

    Attributes:
        path: the source as given; ``archive.zip/member`` for a member.
        destination: the destination as given.
        status: done, kept (copied unchanged), refused, failed, or skipped (nothing written); the
            first of ``warnings`` is why a file was kept or skipped.
        action: copy, rewrite, decode, encode, recode, keep or refuse; empty without a plan.
        source_syntax: UID of the syntax the source is really in; empty if it could not be read.
        target_syntax: UID of the syntax the output is in; empty without output.
        sop_instance_uid: of the source; empty if it has none, or could not be read.
        new_sop_instance_uid: only if the step was lossy, or a modification changed it.
        decoder: the codec that decoded; empty if none did.
        encoder: the codec that encoded; empty if none did.
        attempts: the codecs that failed.
        bytes_in: size of the source in bytes.
        bytes_out: size of the output in bytes.
        seconds: wall time.
        verification: one of ``verification.WORDS``.
        frames: how many were decoded or encoded.
        frames_verified: how many of these were compared afterwards.
        quality: the measured loss of a lossy step; None for others.
        warnings: messages for the user.
        messages: what isolated codecs printed.
        error: one line: what went wrong and what to try; empty without an error.
        error_class: class of the error, such as NotDicomError; empty without an error.
        exit_code: exit code of the command for this file.
        output_hash: BLAKE2b of the output, 32 bytes in hexadecimal; in batches only.
        modality: of the source; empty if it has none, or could not be read.
        rule: the rule of a policy that decided; empty without a policy.
        modified: the elements that a modification changed, by keyword.
        new_uids: the old and new Study, Series and SOP Instance UIDs of a modification.
        stored: size and time of an output in a store, for the journal; ``--json`` leaves it out.
    """

    path: str
    destination: str
    status: Status
    action: str = ""
    source_syntax: str = ""
    target_syntax: str = ""
    sop_instance_uid: str = ""
    new_sop_instance_uid: str | None = None
    decoder: str = ""
    encoder: str = ""
    attempts: tuple[Attempt, ...] = ()
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    verification: str = "none"
    frames: int = 0
    frames_verified: int = 0
    quality: Quality | None = None
    warnings: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    error: str = ""
    error_class: str = ""
    exit_code: int = 0
    output_hash: str = ""
    modality: str = ""
    rule: str = ""
    modified: tuple[str, ...] = ()
    new_uids: tuple[tuple[str, str], ...] = ()
    stored: tuple[int, ...] = ()

    @property
    def lossy(self) -> bool:
        """Whether this step was lossy."""
        return self.status == "done" and self.quality is not None

    def as_json(self) -> dict[str, object]:
        """Returns the object that ``--json`` prints (cli/schemas/outcome.schema.json)."""
        ratio = round(self.bytes_in / self.bytes_out, 4) if self.bytes_out else None
        fields = self._asdict()
        del fields["stored"]
        return fields | {
            "attempts": [attempt._asdict() for attempt in self.attempts],
            "modified": list(self.modified),
            "new_uids": dict(self.new_uids),
            "quality": self.quality.as_json() if self.quality else None,
            "size_ratio": ratio,
        }
