"""Predicts the syntax in which files would be sent. Nothing is sent."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.orthanc import upload
from dicomtx.engine.orthanc.codecs import Prediction, converted
from dicomtx.engine.orthanc.negotiation import Peer, negotiated_syntax, retrieved_syntax
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.engine.planning.plan import Plan, Refuse, codecs_of, loses, reason_of
from dicomtx.engine.planning.planner import plan
from dicomtx.errors import DicomtxError, ExitCode, SettingsError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.inputs.arguments import Found, Selection, find

Made = Plan | Prediction
OURS: Final = "dicomtx"


class Sender(NamedTuple):
    """Who sends, and by which service.

    Attributes:
        engine: whose codecs convert: ``dicomtx``, ``orthanc-builtin`` or ``orthanc-gdcm``.
        policy: the configuration of the Orthanc server.
        get: whether the peer retrieves by C-GET, instead of the server sending by C-STORE.
    """

    engine: str
    policy: OrthancPolicy
    get: bool = False


class Sent(NamedTuple):
    """How one file would be sent.

    Attributes:
        path: the file.
        engine: whose codecs were assumed.
        source_syntax: the Transfer Syntax UID in its file meta information; for dicomtx, that of
            the syntax which the file is really in.
        target_syntax: UID of the syntax it would be sent in; empty if it could not be sent.
        action: ``copy`` if it would be sent unchanged, ``refuse``, or the conversion before it.
        rule: the rule of Orthanc that decides, such as "37b".
        reason: the reason, if there is one.
        decoder: the codec that decodes; empty if nothing is decoded.
        encoder: the codec that encodes; empty if nothing is encoded.
        new_sop_instance_uid: whether it would get a new SOP Instance UID.
        warnings: what a user should know.
        exit_code: 0, 3 or 4.
    """

    path: str
    engine: str
    source_syntax: str = ""
    target_syntax: str = ""
    action: str = ""
    rule: str = ""
    reason: str = ""
    decoder: str = ""
    encoder: str = ""
    new_sop_instance_uid: bool = False
    warnings: tuple[str, ...] = ()
    exit_code: int = 0


def peer_of(
    configured: OrthancPolicy,
    modality: str | None,
    accepts: tuple[TransferSyntax, ...] | None,
) -> Peer:
    """Returns the peer to send to.

    Raises:
        SettingsError: the configuration does not have this modality.
    """
    accepted = None if accepts is None else frozenset(syntax.uid for syntax in accepts)
    known = dict(configured.modalities)
    if modality and modality not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise SettingsError(
            f"{configured.name}: no modality {modality!r} in DicomModalities: {has}"
        )
    allowed = configured.transcode_dicom and known.get(modality or "", True)
    return Peer(accepted, allowed, configured.preferred)


def negotiated(
    sources: tuple[str, ...], peer: Peer, sender: Sender, settings: Settings
) -> Iterator[Sent]:
    """Yields how each file would be sent, or why it could not."""
    with Codecs(settings) as codecs:
        for found in find(sources, Selection()):
            if not found.skipped:
                yield _of_one(found, peer, sender, partial(plan, codecs=codecs, settings=settings))


def _of_one(found: Found, peer: Peer, sender: Sender, planned: Callable[..., Plan]) -> Sent:
    sent = Sent(found.source.name, sender.engine)
    if found.error:
        return sent._replace(reason=found.error, exit_code=int(ExitCode.SOURCE))
    try:
        with boundary(), found.source.open() as file, open_part10(file, whole=False) as part10:
            header = read_file_info(part10)
            fault = "" if sender.engine == OURS else upload.refused(header, part10.data_set)
    except DicomtxError as error:
        return sent._replace(reason=str(error), exit_code=int(error.exit_code))

    def transcode(target: TransferSyntax) -> Made:
        if sender.engine == OURS:
            return planned(header, target)
        return converted(header, target, sender.policy, sender.engine)

    if sender.engine == OURS:  # it sends a wrongly labelled file as what it really is
        header = header._replace(label=header.syntax)
    sent = sent._replace(source_syntax=header.label.uid)
    if fault:
        why = f"cannot be sent: Orthanc does not store this file: {fault}"
        return _with(sent, Refuse(source=header.label, target=header.label, reason=why))
    decide = retrieved_syntax if sender.get else negotiated_syntax
    left = decide(header, peer, transcode)
    return _with(sent._replace(rule=left.rule), left.plan)


def _with(sent: Sent, made: Made) -> Sent:
    """Adds the conversion before sending."""
    refused = isinstance(made, Refuse)
    code = ExitCode.UNSUPPORTED if refused else ExitCode.DONE
    if isinstance(made, Prediction):
        reason, codecs, new_uid = made.reason, (made.decoder, made.encoder), made.new_uid
    else:
        reason, codecs, new_uid = reason_of(made), codecs_of(made), loses(made)
    return sent._replace(
        target_syntax="" if refused else made.target.uid,
        action=made.action.value,
        reason=reason,
        decoder=codecs[0],
        encoder=codecs[1],
        new_sop_instance_uid=new_uid,
        warnings=(*made.warnings, *_of_rule(sent.rule, new_uid=new_uid)),
        exit_code=int(code),
    )


def _of_rule(rule: str, *, new_uid: bool) -> tuple[str, ...]:
    """Returns warnings about C-GET."""
    if rule != "40c":
        return ()
    told = "Orthanc before 1.13 does not send it: it only tries its own syntax and native ones"
    other = "Orthanc announces the old SOP Instance UID, but the data set has a new one"
    return (told, other) if new_uid else (told,)
