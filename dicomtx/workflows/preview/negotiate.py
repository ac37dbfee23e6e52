"""Predicts the syntax in which Orthanc would send files by C-STORE. Nothing is sent."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.orthanc.negotiation import NegotiationResult, Peer, negotiated_syntax
from dicomtx.engine.planning.plan import Plan, Refuse, reason_of
from dicomtx.engine.planning.planner import plan
from dicomtx.errors import DicomtxError, ExitCode, SettingsError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.inputs.arguments import Found, Selection, find
from dicomtx.workflows.policies.orthanc import read_orthanc
from dicomtx.workflows.preview.planned import changes_uid


class Sent(NamedTuple):
    """How Orthanc would send one file.

    Attributes:
        path: the file.
        source_syntax: the Transfer Syntax UID in its file meta information.
        target_syntax: UID of the syntax it would be sent in; empty if it could not be sent.
        action: ``copy`` if it would be sent unchanged, ``refuse``, or the conversion before it.
        rule: the rule of Orthanc that decides, such as "37b".
        reason: the reason, if there is one.
        new_sop_instance_uid: whether it would get a new SOP Instance UID.
        exit_code: 0, 3 or 4.
    """

    path: str
    source_syntax: str = ""
    target_syntax: str = ""
    action: str = ""
    rule: str = ""
    reason: str = ""
    new_sop_instance_uid: bool = False
    exit_code: int = 0


def peer_of(
    orthanc: tuple[str, ...],
    modality: str | None,
    accepts: tuple[TransferSyntax, ...] | None,
    environ: Mapping[str, str],
) -> Peer:
    """Returns the peer to send to.

    Raises:
        SettingsError: the configuration is invalid, or does not have this modality.
    """
    accepted = None if accepts is None else frozenset(syntax.uid for syntax in accepts)
    if not orthanc:
        return Peer(accepted)
    configured = read_orthanc(orthanc, environ)
    known = dict(configured.modalities)
    if modality and modality not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise SettingsError(
            f"{configured.name}: no modality {modality!r} in DicomModalities: {has}"
        )
    allowed = configured.transcode_dicom and known.get(modality or "", True)
    return Peer(accepted, allowed, configured.preferred)


def negotiated(sources: tuple[str, ...], peer: Peer, settings: Settings) -> Iterator[Sent]:
    """Yields how Orthanc would send each file, or why it could not."""
    with Codecs(settings) as codecs:
        for found in find(sources, Selection()):
            if not found.skipped:
                yield _of_one(found, peer, settings, codecs)


def _of_one(found: Found, peer: Peer, settings: Settings, codecs: Codecs) -> Sent:
    if found.error:
        return Sent(found.source.name, reason=found.error, exit_code=int(ExitCode.SOURCE))
    try:
        with boundary(), found.source.open() as file, open_part10(file, whole=False) as part10:
            header = read_file_info(part10)
    except DicomtxError as error:
        return Sent(found.source.name, reason=str(error), exit_code=int(error.exit_code))

    def transcode(target: TransferSyntax) -> Plan:
        return plan(header, target, codecs, settings)

    left = negotiated_syntax(header, peer, transcode)
    return _sent(found, header, left, changes_uid=changes_uid(left.plan, settings))


def _sent(found: Found, header: FileInfo, left: NegotiationResult, *, changes_uid: bool) -> Sent:
    made = left.plan
    refused = isinstance(made, Refuse)
    return Sent(
        path=found.source.name,
        source_syntax=header.label.uid,
        target_syntax="" if refused else made.target.uid,
        action=made.action.value,
        rule=left.rule,
        reason=reason_of(made),
        new_sop_instance_uid=changes_uid,
        exit_code=int(ExitCode.UNSUPPORTED if refused else ExitCode.DONE),
    )
