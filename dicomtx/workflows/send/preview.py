"""Asks a peer what it accepts, and shows how each file would leave. Nothing is sent."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.engine.planning.plan import Refuse
from dicomtx.errors import DicomtxError, ExitCode, NotDicomError, UnreachableError
from dicomtx.network.address import DicomAddress
from dicomtx.network.delivery import Contexts
from dicomtx.storage.location import Location
from dicomtx.transfer_syntaxes import BY_UID
from dicomtx.workflows.inputs.arguments import Found, find
from dicomtx.workflows.preview.planned import changes_uid
from dicomtx.workflows.send.job import Sending
from dicomtx.workflows.send.leaving import refusal_of
from dicomtx.workflows.send.session import Session, opened_for
from dicomtx.workflows.send.survey import survey

AT_ONCE = 500


class Preview(NamedTuple):
    """How one file would leave.

    Attributes:
        path: the file.
        destination: the address of the peer.
        sop_class_uid: its SOP class; empty if it cannot be read.
        source_syntax: UID of the syntax that it is really in.
        target_syntax: UID of the syntax that would arrive; empty if it cannot be sent.
        action: ``copy`` if it would be sent unchanged, ``refuse``, or the conversion before it.
        rule: the rule that decides, such as "37b".
        reason: why it cannot be sent as asked, or not at all.
        new_sop_instance_uid: whether it would get a new SOP Instance UID.
        accepts: UIDs of the syntaxes that the peer accepts for its SOP class; None if a peer says
            this only in its answers.
        warnings: the warnings for the user.
        exit_code: 0, 3, 4 or 8.
    """

    path: str
    destination: str
    sop_class_uid: str = ""
    source_syntax: str = ""
    target_syntax: str = ""
    action: str = ""
    rule: str = ""
    reason: str = ""
    new_sop_instance_uid: bool = False
    accepts: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
    exit_code: int = 0


def previewed(asked: Sending) -> Iterator[Preview]:
    """Yields how each file would leave. A DICOM peer is asked over real associations.

    Raises:
        UnreachableError: the peer cannot be reached, or refuses the connection.
    """
    found = (one for one in find(asked.sources, asked.selection) if not one.skipped)
    while some := list(islice(found, AT_ONCE)):
        yield from _some(asked, some)


def _some(asked: Sending, some: Sequence[Found]) -> Iterator[Preview]:
    files = [one.source for one in some if not one.error]
    with Codecs(asked.options.settings) as codecs:
        found = survey(files, asked.options, codecs)
    found = found._replace(contexts=_all_syntaxes(found.contexts))
    with opened_for(asked.address, found, asked.options) as session:
        yield from filter(None, (_one(asked, session, one) for one in some))


def _all_syntaxes(contexts: Contexts) -> Contexts:
    """Returns contexts that ask for all syntaxes, those of the files first."""
    return {
        sop_class: tuple(dict.fromkeys((*syntaxes, *BY_UID)))
        for sop_class, syntaxes in contexts.items()
    }


def _one(asked: Sending, session: Session, found: Found) -> Preview | None:
    """Returns how a file would leave; None if it is not DICOM and was found in a folder."""
    destination = str(asked.address)
    if found.error:
        code = int(ExitCode.SOURCE)
        return Preview(found.source.name, destination, reason=found.error, exit_code=code)
    try:
        return _planned(asked, session, found.source)
    except UnreachableError:
        raise
    except DicomtxError as error:
        if isinstance(error, NotDicomError) and not found.named:
            return None
        code = int(error.exit_code)
        return Preview(found.source.name, destination, reason=str(error), exit_code=code)


def _planned(asked: Sending, session: Session, source: Location) -> Preview:
    header, left = session.plan(source)
    made = left.plan
    refused = isinstance(made, Refuse)
    error = refusal_of(left, made) if isinstance(made, Refuse) else None
    accepts = None
    if isinstance(asked.address, DicomAddress):
        accepts = tuple(uid for uid in BY_UID if session.accepts(header.sop_class_uid, uid))
    return Preview(
        path=source.name,
        destination=str(asked.address),
        sop_class_uid=header.sop_class_uid,
        source_syntax=header.syntax.uid,
        target_syntax="" if refused else made.target.uid,
        action=made.action.value,
        rule=left.rule,
        reason=str(error) if error else left.kept,
        new_sop_instance_uid=changes_uid(made, left.settings),
        accepts=accepts,
        warnings=(*header.warnings, *made.warnings),
        exit_code=int(error.exit_code) if error else int(ExitCode.DONE),
    )
