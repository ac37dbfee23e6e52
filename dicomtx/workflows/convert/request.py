"""What is asked of a conversion, and what came of it: both go to workers and come back."""

from typing import Any, Final, Literal, NamedTuple

from dicomtx.codecs.codec import Attempt
from dicomtx.engine.planning.apply_policy import OnFailure
from dicomtx.engine.planning.policy import OneTarget, Policy
from dicomtx.frozen import Frozen
from dicomtx.quality_figures import Quality
from dicomtx.settings import Settings
from dicomtx.storage.location import Location
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax

Status = Literal["done", "kept", "refused", "failed", "skipped"]


class FileRules(NamedTuple):
    """What a tree asks of each of its files, beside the target.

    Attributes:
        only: uncompressed or compressed: others are skipped; empty is all.
        skip_same: what is in the target syntax already is skipped, not copied.
        keep_smaller: a result that is not smaller than its source gives way to a copy of it.
        best_of: the targets of which the smallest result is taken; ``target`` is one of them.
        skip_others: what is not DICOM is skipped.
        copy_others: what is not DICOM is copied.
        preserve: the output has the source's time of modification.
        tree: the folder of the output is made if it is missing.
        passing: the output is soon part of another file: it need not outlive a power cut.
        hashed: the outcome has the hash of the output.
        icon: a small picture of it goes beside the output (``workflows.icon``).
    """

    only: str = ""
    skip_same: bool = False
    keep_smaller: bool = False
    best_of: tuple[TransferSyntax, ...] = ()
    skip_others: bool = False
    copy_others: bool = False
    preserve: bool = False
    tree: bool = False
    passing: bool = False
    hashed: bool = False
    icon: bool = False


DEFAULTS: Final = Settings()
NO_RULES: Final = FileRules()


class Request(NamedTuple):
    """One file to convert.

    Attributes:
        source: where the file is.
        destination: a path, or ``-`` for standard output; the source itself with ``in_place``.
        target: the transfer syntax wanted.
        overwrite: an existing destination may be replaced.
        in_place: source and destination may be the same file.
        settings: everything that does not depend on the file.
        rules: what a tree asks of each of its files.
        policy: what decides in place of ``target``; None: all goes to ``target``.
        on_failure: what becomes of a file that cannot be transcoded.
        listed: size and time of modification that the source must still have; empty: any.
        below: the folder that the output is in, at any depth: no link in it is followed; empty:
            links are followed.
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

    @property
    def decider(self) -> Policy:
        """What decides: the policy, or the one target."""
        return self.policy or OneTarget(self.target)


class Outcome(Frozen):
    """What came of a request; the fields are those of ``--json``.

    Attributes:
        path: the source as it was given; ``archive.zip/member`` for a member.
        destination: the destination as it was given.
        status: done, kept (copied as it is), refused, failed, or skipped (nothing written); the
            reason of what is kept or skipped is the first of ``warnings``.
        action: copy, rewrite, decode, encode, recode, keep or refuse; empty without a plan.
        source_syntax: UID of what the source really is; empty if it could not be read.
        target_syntax: UID of what the output really has; empty without output.
        sop_instance_uid: of the source; empty if it has none, or could not be read.
        new_sop_instance_uid: only if the step lost something.
        decoder: the codec that decoded; empty if none did.
        encoder: the codec that encoded; empty if none did.
        attempts: the codecs that failed before, or altogether.
        bytes_in: size of the source in bytes.
        bytes_out: size of the output in bytes.
        seconds: wall time.
        verification: one of ``verification.WORDS``.
        frames: how many were decoded or encoded.
        frames_verified: how many of these were compared afterwards.
        quality: what a lossy step lost, None for others.
        warnings: what a user should know.
        messages: what isolated codecs printed.
        error: one line: what was wrong, what to do; empty if nothing was.
        error_class: which of dicomtx's errors it is, such as NotDicomError; empty if there is none.
        exit_code: what the command ends with for this file.
        output_hash: BLAKE2b of the output, 32 bytes in hexadecimal; only trees have it.
        modality: of the source; empty if it has none, or could not be read.
        rule: the rule of a policy that decided; empty without a policy.
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

    @property
    def lossy(self) -> bool:
        """Whether this step lost something."""
        return self.status == "done" and self.quality is not None

    def as_json(self) -> dict[str, Any]:
        """Returns the object that ``--json`` prints (cli/schemas/outcome.schema.json)."""
        ratio = round(self.bytes_in / self.bytes_out, 4) if self.bytes_out else None
        return self._asdict() | {
            "attempts": [attempt._asdict() for attempt in self.attempts],
            "quality": self.quality.as_json() if self.quality else None,
            "size_ratio": ratio,
        }
