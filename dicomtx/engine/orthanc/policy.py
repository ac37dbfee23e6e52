"""Orthanc's decision per instance, from its configuration (its rules 15 to 20, 41 and 42)."""

from dataclasses import dataclass
from typing import Any, Final

from dicomtx.dicom import tags
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.orthanc import upload
from dicomtx.engine.planning.conditions import NATIVE
from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.settings import FIELDS
from dicomtx.transfer_syntaxes import BY_UID, ROOT, TransferSyntax

JPEG: Final = (ROOT + ".4.50", ROOT + ".4.51")
# never transcoded, whatever the configuration (rule 17); other syntaxes are at least tried
NEVER: Final = (ROOT + ".6.1", ROOT + ".6.2")
# the syntaxes of each "...TransferSyntaxAccepted" group (rule 41); JpegLossless is JPEG-LS
GROUPS: Final = {
    "Deflated": (ROOT + ".1.99",),
    "Jpeg": tuple(f"{ROOT}.4.{n}" for n in (*range(50, 67), 70)),
    "Jpeg2000": tuple(f"{ROOT}.4.{n}" for n in (90, 91, 92, 93)),
    "JpegLossless": (ROOT + ".4.80", ROOT + ".4.81"),
    "Jpip": (ROOT + ".4.94", ROOT + ".4.95"),
    "Mpeg2": (ROOT + ".4.100", ROOT + ".4.101"),
    "Mpeg4": tuple(f"{ROOT}.4.{n}" for n in range(102, 107)),
    "Rle": (ROOT + ".5",),
    "H265": (ROOT + ".4.107", ROOT + ".4.108"),
}


@dataclass(frozen=True, slots=True)
class OrthancPolicy:
    """The transcoding settings of an Orthanc configuration.

    Attributes:
        name: the file it was read from.
        ingest: IngestTranscoding; None if it is not set.
        of_uncompressed: IngestTranscodingOfUncompressed.
        of_compressed: IngestTranscodingOfCompressed.
        order: BuiltinDecoderTranscoderOrder by its name in dicomtx; empty if it is not set.
        quality: DicomLossyTranscodingQuality.
        accepted: UIDs of the transfer syntaxes that its C-STORE SCP accepts.
        unknown_sop_class: UnknownSopClassAccepted.
        accepted_sop_classes: AcceptedSopClasses; empty for all known ones.
        rejected_sop_classes: RejectedSopClasses.
        known_sop_classes: the classes that Orthanc knows; only read if needed, else empty.
        by_dicom: files arrive by C-STORE, so the rules of the SCP apply.
        transcode_dicom: TranscodeDicomProtocol.
        preferred: DicomScuPreferredTransferSyntax.
        modalities: DicomModalities: name, and AllowTranscoding.
        gdcm: the plugin's Gdcm.Enable.
        gdcm_syntaxes: Gdcm.RestrictTransferSyntaxes; empty for all.
        gdcm_section: whether there is a section Gdcm.
        plugins: Plugins: paths of libraries, and of folders with libraries.
        warnings: warnings about the configuration.
    """

    name: str
    ingest: TransferSyntax | None = None
    of_uncompressed: bool = True
    of_compressed: bool = True
    order: str = ""
    quality: int = 90
    accepted: frozenset[str] = frozenset(BY_UID)
    unknown_sop_class: bool = False
    accepted_sop_classes: frozenset[str] = frozenset()
    rejected_sop_classes: frozenset[str] = frozenset()
    known_sop_classes: frozenset[str] = frozenset()
    by_dicom: bool = False
    transcode_dicom: bool = True
    preferred: TransferSyntax = BY_UID[ROOT + ".1"]
    modalities: tuple[tuple[str, bool], ...] = ()
    gdcm: bool = True
    gdcm_syntaxes: frozenset[str] = frozenset()
    gdcm_section: bool = False
    plugins: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns what Orthanc would do with one incoming instance."""
        for _, decision in self._steps(subject):
            if isinstance(decision, Decision):
                return decision
        raise AssertionError("the last step always decides")

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns, key by key, the decision or why the key does not decide."""
        told: list[tuple[str, str]] = []
        for key, decision in self._steps(subject):
            if isinstance(decision, Decision):
                target = f" to {decision.target.name}" if decision.target else ""
                reason = f" ({decision.reason})" if decision.reason else ""
                return [*told, (key, f"decides: {decision.verdict}{target}{reason}")]
            told.append((key, decision))
        return told

    def _steps(self, subject: Subject) -> "list[tuple[str, Decision | str]]":
        """Returns the steps in Orthanc's order: a decision, or why there is none."""
        header = subject.header
        steps: list[tuple[str, Decision | str]] = []
        fault = upload.refused(header, subject.data_set)
        if fault:
            why = f"Orthanc refuses this file: {fault}"
            return [("upload", Decision(Verdict.REFUSE, f"{self.name}, upload", reason=why))]
        if self.by_dicom:
            refused = self.not_accepted(header)
            steps.append(("C-STORE", self._refuse(refused) if refused else "accepts it"))
        if self.ingest is None:
            return [*steps, ("IngestTranscoding", self._keep("", "it is not set"))]
        key, fault = "IngestTranscoding", _skipped(header, self.ingest)
        skip = self._keep("", fault)._replace(target=self.ingest)
        steps.append((key, skip if fault else f"is {self.ingest.name}"))
        if header.label.uid in NATIVE:
            key, on, kind = "OfUncompressed", self.of_uncompressed, "uncompressed"
        else:
            key, on, kind = "OfCompressed", self.of_compressed, "compressed"
        off = f"the file is {kind} ({header.label.name}), and this key is false"
        steps.append((f"IngestTranscoding{key}", "is true" if on else self._keep(key, off)))
        bare = header.pixel_data in ("none", "float") or (
            kind == "uncompressed" and header.pixel_data != "native"
        )
        if bare and self.ingest.encapsulated:
            nothing = "it has no pixel data to compress"
            steps.append(("pixel data", self._keep("", nothing)))
        return [*steps, ("IngestTranscoding", self._transcode(subject, self.ingest))]

    def not_accepted(self, header: FileInfo) -> str:
        """Returns why its C-STORE SCP would not accept an instance (rules 41 and 42), if so."""
        if header.label.uid not in self.accepted:
            return f"its C-STORE SCP does not accept {header.label.name}"
        return self.class_not_accepted(header.sop_class_uid)

    def class_not_accepted(self, sop_class: str) -> str:
        """Returns why its C-STORE SCP would not accept a SOP class (rule 42), if so."""
        if self.accepted_sop_classes and sop_class not in self.accepted_sop_classes:
            return f"SOP class {sop_class} is not in AcceptedSopClasses"
        if sop_class in self.rejected_sop_classes:
            return f"SOP class {sop_class} is in RejectedSopClasses"
        unknown = not self.accepted_sop_classes and sop_class not in self.known_sop_classes
        if unknown and not self.unknown_sop_class:
            return f"SOP class {sop_class} is unknown, and UnknownSopClassAccepted is false"
        return ""

    def _refuse(self, why: str) -> Decision:
        return Decision(Verdict.REFUSE, f"{self.name}, C-STORE", reason=why)

    def _keep(self, key: str, why: str) -> Decision:
        return Decision(Verdict.KEEP, f"{self.name}, IngestTranscoding{key}", reason=why)

    def _transcode(self, subject: Subject, target: TransferSyntax) -> Decision:
        """Returns the decision of rule 20: files that fail to transcode are stored unchanged."""
        allowed = ("lossy", "allow_generation_loss", "allow_lossy_class")
        wanted: dict[str, Any] = dict.fromkeys(allowed, True)
        if target.uid in JPEG:
            wanted["quality"] = self.quality
        return Decision(
            Verdict.TRANSCODE,
            f"{self.name}, IngestTranscoding",
            target,
            tuple((name, value) for name, value in wanted.items() if name in FIELDS),
            on_failure="keep-original",
            warnings=tuple(_twice_lossy(subject, target)),
        )


def _skipped(header: FileInfo, target: TransferSyntax) -> str:
    """Returns why Orthanc stores the file unchanged (rules 16 and 17); empty if it does not."""
    label = header.label
    if header.meta == "no syntax":
        return "its file meta information has no transfer syntax"
    if label.uid not in BY_UID:
        return f"its transfer syntax {label.uid} is unknown"
    if label == target:
        return f"it is already in {target.name}"
    if label.family == "video" or label.uid in NEVER:
        return f"{label.name} is never transcoded"
    return ""


def _twice_lossy(subject: Subject, target: TransferSyntax) -> list[str]:
    """Returns a warning if a lossy file would be lossy-compressed again: Orthanc allows it."""
    before = (
        subject.header.label.lossy or subject.data_set.text(tags.LOSSY_IMAGE_COMPRESSION) == "01"
    )
    if before and target.lossy and subject.header.pixel_data != "none":
        return [f"already lossy-compressed; {target.name} would lose more"]
    return []
