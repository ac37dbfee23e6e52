"""Reads a reviewed plan, and finds files that changed since.

It accepts every line of ``plan --json`` and of the dry run of a batch.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from dicomtx.engine.planning.plan import Action
from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.errors import DicomtxError, ExitCode, SourceError, UsageError
from dicomtx.settings import FIELDS, Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location, locate
from dicomtx.storage.zip.directory import members
from dicomtx.storage.zip.member import ZipMember
from dicomtx.transfer_syntaxes import BY_UID, TransferSyntax, by_uid
from dicomtx.urls import is_url
from dicomtx.workflows.convert.outcomes import failure, skipped
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.preview.plan_record import SKIP

NEEDED: Final = ("path", "relative", "action", "target_syntax", "bytes_in", "mtime_ns")
UNREADABLE: Final = ""  # the action of a file that could not be read
CHANGED: Final = "changed since the plan was made; run plan again"
BY_RULE: Final = (
    "a rule of the policy modifies this file, and a plan does not have the new values; use --policy"
)
UNKNOWN: Final = "unknown action, target or options"


class Reviewed(NamedTuple):
    """One line of a reviewed plan, as the policy for its file.

    Attributes:
        verdict: transcode, or keep.
        target: the planned syntax; None if the file is kept unchanged.
        rule: the rule that decided when the plan was made.
        options: settings for this file.
        reason: the reason in the plan.
        name: shown as the name of the policy.
        order: empty: the settings decide.
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
        """Returns the planned decision."""
        return Decision(self.verdict, self.rule, self.target, self.options, self.reason)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:  # noqa: ARG002 - the protocol's
        """Returns one row that quotes the plan."""
        to = f" to {self.target.name}" if self.target else ""
        return [(self.name, f"was planned: {self.verdict}{to}, by {self.rule}")]


class PlanLine(NamedTuple):
    """One line of the plan.

    Attributes:
        request: the conversion to do, without a destination.
        relative: its path in the mirrored tree.
        outcome: the outcome of a file that is skipped, refused or cannot be read; otherwise None.
        changed: why the plan is stale for this file; empty if it is not.
    """

    request: Request
    relative: str
    outcome: Outcome | None = None
    changed: str = ""


def steps(plan: str, settings: Settings) -> Iterator[PlanLine]:
    """Yields each line of a plan, and whether its file has changed since.

    Raises:
        UsageError: the file is not a plan; the message names the line.
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
    """Returns why the plan is stale for a file; empty if the file is unchanged."""
    try:
        stat = source.stat()
    except SourceError as error:
        return str(error)
    if stat is None:
        return "removed since the plan was made"
    return "" if (stat.size, stat.mtime_ns) == (size, mtime_ns) else CHANGED


class _Archives:
    """Finds paths in a plan that are members of archives; caches the last archive."""

    def __init__(self) -> None:
        self._name = ""
        self._members: dict[str, ZipMember] = {}

    def locate(self, path: str) -> Location:
        """Returns the location of a path in a plan.

        Raises:
            SourceError: its archive cannot be read, or no longer contains it.
        """
        if not (self._name and path.startswith(f"{self._name}/")):
            place = _archive_of(path)
            if place is None:
                return locate(path)
            with place.open() as archive:
                self._members = {member.name: member for member in members(place, archive)}
            self._name = place.name
        member = self._members.get(path)
        if member is None:
            raise SourceError("removed from its archive since the plan was made")
        return member


def _archive_of(path: str) -> Location | None:
    """Returns the archive that a path in a plan leads into; None if it is not in an archive."""
    if is_url(path):
        return _archive_at(path)
    above = os.path.dirname(path)
    while above not in ("", "/") and not os.path.lexists(above):
        above = os.path.dirname(above)
    return LocalFile(above) if not os.path.lexists(path) and os.path.isfile(above) else None


def _archive_at(url: str) -> Location | None:
    """Returns the archive that the URL of a member leads into; None if there is none."""
    end = url.lower().find(".zip/")
    while end >= 0:
        with suppress(SourceError):  # it is a folder of this name
            archive = locate(url[: end + 4])
            if archive.stat():
                return archive
        end = url.lower().find(".zip/", end + 1)
    return None


def _values(where: str, line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where}: not a line of plan --json: {error}") from error
    missing = [k for k in NEEDED if not isinstance(values, dict) or k not in values]
    if missing:
        raise UsageError(f"{where}: not a line of plan --json: {', '.join(missing)} is missing")
    found: dict[str, Any] = values
    relative = os.path.normpath(str(found["relative"]) or os.path.basename(str(found["path"])))
    if os.path.isabs(relative) or relative.split(os.sep)[0] == os.pardir:
        raise UsageError(f"{where}: relative: {found['relative']!r} leads out of the tree")
    return found | {"path": str(found["path"]), "relative": relative}


def _step(where: str, values: dict[str, Any], settings: Settings, archives: _Archives) -> PlanLine:
    path, relative = values["path"], values["relative"]
    if values["action"] == UNREADABLE:
        request = Request(locate(path), "", settings=settings)
        told = str(values.get("error", "")) or "could not be read when the plan was made"
        return PlanLine(request, relative, failure(request, told, ExitCode.SOURCE, "SourceError"))
    if values["action"] == SKIP:
        request = Request(locate(path), "", settings=settings)
        return PlanLine(request, relative, skipped(request, str(values.get("reason", ""))))
    try:
        source = archives.locate(path)
    except SourceError as error:
        return PlanLine(Request(locate(path), "", settings=settings), relative, changed=str(error))
    changed = _changed(source, values["bytes_in"], values["mtime_ns"])
    if values["action"] == Action.REFUSE:
        request = Request(source, "", settings=settings)
        return PlanLine(request, relative, _refused(request, values), changed)
    request = _request(where, source, values, settings)
    return PlanLine(request, relative, changed=changed)


def _refused(request: Request, values: dict[str, Any]) -> Outcome:
    """Returns the outcome of a refused file: by the policy, or because it is not supported."""
    rule = str(values.get("rule", ""))
    by_policy = values.get("exit_code") == ExitCode.POLICY
    told = str(values.get("error", "")) or "refused when the plan was made"
    code = ExitCode.POLICY if by_policy else ExitCode.UNSUPPORTED
    refused = failure(request, told, code, "PolicyError" if by_policy else "UnsupportedError")
    uid, size = str(values.get("source_syntax", "")), int(values["bytes_in"])
    action = Action.REFUSE.value
    return refused._replace(
        status="refused", action=action, rule=rule, source_syntax=uid, bytes_in=size
    )


def _request(where: str, source: Location, values: dict[str, Any], settings: Settings) -> Request:
    if values.get("modified") and str(values.get("rule", "")):
        raise UsageError(f"{where}: {BY_RULE}")
    kept = values["action"] in (Action.KEEP, Action.COPY)
    others = values["action"] == Action.COPY and not values["target_syntax"]
    if others:  # a file that is not DICOM
        return Request(source, "", settings=settings, rules=FileRules(copy_others=True))
    uid = str(values["target_syntax"])
    target = by_uid(uid) if values["action"] == Action.KEEP else BY_UID.get(uid)
    options = values.get("options", {})
    known = isinstance(options, dict) and not options.keys() - FIELDS.keys()
    if target is None or not known or values["action"] not in tuple(Action):
        raise UsageError(f"{where}: not a line of plan --json: {UNKNOWN}")
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
