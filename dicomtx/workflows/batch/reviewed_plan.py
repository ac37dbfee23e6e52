"""A reviewed plan carried out: the lines of ``plan --json``, and what has changed since."""

import json
import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from dicomtx.engine.planning.plan import Action
from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.errors import DicomtxError, ExitCode, SourceError, UsageError
from dicomtx.settings import FIELDS, Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location, locate
from dicomtx.storage.zip.directory import members
from dicomtx.storage.zip.member import ZipMember
from dicomtx.transfer_syntaxes import BY_UID, TransferSyntax
from dicomtx.workflows.convert.outcomes import failure
from dicomtx.workflows.convert.request import Outcome, Request

NEEDED: Final = ("path", "relative", "action", "target_syntax", "bytes_in", "mtime_ns")
UNREADABLE: Final = ""  # the action of what could not be read
CHANGED: Final = "has changed since it was planned: plan again"
UNKNOWN: Final = "its action, its target or its options are unknown"


class Reviewed(NamedTuple):
    """The policy that a reviewed line of a plan is: what it says, for its file and no other.

    Attributes:
        verdict: transcode, or keep.
        target: the syntax that was planned; None where the file is kept as it is.
        rule: the rule that decided then.
        options: settings for this file.
        reason: why, as it was planned.
        name: the plan's file.
        order: the settings' business.
        warnings: none.
    """

    verdict: Verdict
    target: TransferSyntax | None
    rule: str
    options: tuple[tuple[str, Any], ...] = ()
    reason: str = ""
    name: str = "--from-plan"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:  # noqa: ARG002 - the protocol's
        """Returns what was planned."""
        return Decision(self.verdict, self.rule, self.target, self.options, self.reason)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:  # noqa: ARG002 - the protocol's
        """Returns that it was planned so."""
        to = f" to {self.target.name}" if self.target else ""
        return [(self.name, f"was planned: {self.verdict}{to}, by {self.rule}")]


class Step(NamedTuple):
    """One line of the plan.

    Attributes:
        request: what is to be done; where it goes is not said yet.
        relative: where it goes in the mirrored tree.
        outcome: what came of it, where nothing is to be done: refused, or not to be read.
        changed: why the plan does not hold for it any more; empty if it does.
    """

    request: Request
    relative: str
    outcome: Outcome | None = None
    changed: str = ""


def steps(plan: str, settings: Settings) -> Iterator[Step]:
    """Yields what a plan says of each file, and whether the file is still as it was then.

    Raises:
        UsageError: the file is no plan; the message tells the line.
    """
    archives = _Archives()
    try:
        with open(plan, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                where = f"{plan}, line {number}"
                yield _step(where, _values(where, line), settings, archives)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{plan}: cannot be read: {error}") from error


def _changed(source: Location, size: int, mtime_ns: int) -> str:
    """Returns why a file is not what it was when it was planned; empty if it is."""
    try:
        stat = source.stat()
    except SourceError as error:
        return str(error)
    if stat is None:
        return "is gone since it was planned"
    return "" if (stat.size, stat.mtime_ns) == (size, mtime_ns) else CHANGED


class _Archives:
    """Which paths of a plan are members of archives; the members of the last one are held."""

    def __init__(self) -> None:
        self._path = ""
        self._members: dict[str, ZipMember] = {}

    def locate(self, path: str) -> Location:
        """Returns where a path of a plan leads.

        Raises:
            SourceError: it is in an archive that cannot be read, or in it no more.
        """
        above = os.path.dirname(path)
        while above not in ("", "/") and not os.path.lexists(above):
            above = os.path.dirname(above)
        if os.path.lexists(path) or not os.path.isfile(above):
            return locate(path)
        if above != self._path:
            with LocalFile(above).open() as archive:
                self._members = {member.name: member for member in members(above, archive)}
            self._path = above
        member = self._members.get(path)
        if member is None:
            raise SourceError("is gone since it was planned: not in the archive")
        return member


def _values(where: str, line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where}: no line of plan --json: {error}") from error
    missing = [k for k in NEEDED if not isinstance(values, dict) or k not in values]
    if missing:
        raise UsageError(f"{where}: no line of plan --json: {', '.join(missing)} is missing")
    found: dict[str, Any] = values
    relative = os.path.normpath(str(found["relative"]))
    if os.path.isabs(relative) or relative.split(os.sep)[0] == os.pardir:
        raise UsageError(f"{where}: relative: {found['relative']!r} leads out of the tree")
    return found | {"path": str(found["path"]), "relative": relative}


def _step(where: str, values: dict[str, Any], settings: Settings, archives: _Archives) -> Step:
    path, relative = values["path"], values["relative"]
    if values["action"] == UNREADABLE:
        request = Request(locate(path), "", settings=settings)
        told = str(values.get("error", "")) or "could not be read when it was planned"
        return Step(request, relative, failure(request, told, ExitCode.SOURCE, "SourceError"))
    try:
        source = archives.locate(path)
    except SourceError as error:
        return Step(Request(locate(path), "", settings=settings), relative, changed=str(error))
    changed = _changed(source, values["bytes_in"], values["mtime_ns"])
    if values["action"] == Action.REFUSE:
        request = Request(source, "", settings=settings)
        return Step(request, relative, _refused(request, values), changed)
    request = _request(where, source, values, settings)
    return Step(request, relative, changed=changed)


def _refused(request: Request, values: dict[str, Any]) -> Outcome:
    """Returns the outcome of a file that was planned to be refused, by the policy or for good."""
    said, rule = str(values.get("reason", "")), str(values.get("rule", ""))
    by_policy = values.get("exit_code") == ExitCode.POLICY
    told = f"refused by {rule}: {said}" if by_policy else f"cannot be transcoded: {said}"
    code = ExitCode.POLICY if by_policy else ExitCode.UNSUPPORTED
    refused = failure(request, told, code, "PolicyError" if by_policy else "UnsupportedError")
    uid, size = str(values.get("source_syntax", "")), int(values["bytes_in"])
    action = Action.REFUSE.value
    return refused._replace(
        status="refused", action=action, rule=rule, source_syntax=uid, bytes_in=size
    )


def _request(where: str, source: Location, values: dict[str, Any], settings: Settings) -> Request:
    target = BY_UID.get(values["target_syntax"])
    options = values.get("options", {})
    known = isinstance(options, dict) and not options.keys() - FIELDS.keys()
    if target is None or not known or values["action"] not in tuple(Action):
        raise UsageError(f"{where}: no line of plan --json: {UNKNOWN}")
    kept = values["action"] in (Action.KEEP, Action.COPY)
    try:
        taken = {
            key: FIELDS[key].checked(f"{where}: {key}", value) for key, value in options.items()
        }
    except DicomtxError as error:
        raise UsageError(str(error)) from error
    reviewed = Reviewed(
        Verdict.KEEP if kept else Verdict.TRANSCODE,
        None if values["action"] == Action.KEEP else target,
        str(values.get("rule", "")),
        tuple(taken.items()),
        reason=str(values.get("reason", "")),
    )
    bare = {key: field.default for key, field in FIELDS.items() if field.in_plans}
    in_force = settings._replace(**(bare | taken))
    return Request(source, "", target, settings=in_force, policy=reviewed)
