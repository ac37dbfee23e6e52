"""A reviewed plan carried out: the lines of ``plan --json``, and what has changed since."""

import json
import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from dicomtx.engine.plan import Action
from dicomtx.engine.policy import Decision, Subject, Verdict
from dicomtx.errors import DicomtxError, SourceError, UsageError
from dicomtx.settings import FIELDS, Settings, checked
from dicomtx.transfer_syntaxes import BY_UID, TransferSyntax
from dicomtx.workflows.request import Request

NEEDED: Final = ("path", "relative", "action", "target_syntax", "bytes_in", "mtime_ns")
NOTHING_TO_DO: Final = ("", Action.REFUSE)


class Reviewed(NamedTuple):
    """The policy that a reviewed line of a plan is: what it says, for its file and no other.

    Attributes:
        verdict: transcode, or keep.
        target: the syntax that was planned; None where the file is kept as it is.
        rule: the rule that decided then.
        options: settings for this file.
        name: the plan's file.
        order: the settings' business.
        warnings: none.
    """

    verdict: Verdict
    target: TransferSyntax | None
    rule: str
    options: tuple[tuple[str, Any], ...] = ()
    name: str = "--from-plan"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:  # noqa: ARG002 - the protocol's
        """Returns what was planned."""
        return Decision(self.verdict, self.rule, self.target, self.options)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:  # noqa: ARG002 - the protocol's
        """Returns that it was planned so."""
        to = f" to {self.target.name}" if self.target else ""
        return [(self.name, f"was planned: {self.verdict}{to}, by {self.rule}")]


class Step(NamedTuple):
    """One line of the plan that is to be done.

    Attributes:
        request: what is to be done; where it goes is not said yet.
        relative: where it goes in the mirrored tree.
    """

    request: Request
    relative: str


def steps(plan: str, settings: Settings) -> Iterator[Step]:
    """Yields what a plan says is to be done, once the file was seen to be as it was then.

    What is refused or could not be read is not done.

    Raises:
        UsageError: the file is no plan; the message tells the line.
        SourceError: a file has changed since it was planned, or is gone: that ends it.
    """
    try:
        with open(plan, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                values = _values(f"{plan}, line {number}", line)
                if values["action"] not in NOTHING_TO_DO:
                    _check_unchanged(values)
                    yield _step(f"{plan}, line {number}", values, settings)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{plan}: cannot be read: {error}") from error


def _values(where: str, line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where}: no line of plan --json: {error}") from error
    missing = [k for k in NEEDED if not isinstance(values, dict) or k not in values]
    if missing:
        raise UsageError(f"{where}: no line of plan --json: {', '.join(missing)} is missing")
    found: dict[str, Any] = values
    return found


def _check_unchanged(values: dict[str, Any]) -> None:
    path = values["path"]
    try:
        status = os.stat(path)
    except OSError as error:
        raise SourceError(f"{path}: is gone since it was planned: {error.strerror}") from error
    if (status.st_size, status.st_mtime_ns) != (values["bytes_in"], values["mtime_ns"]):
        raise SourceError(f"{path}: has changed since it was planned: plan again")


def _step(where: str, values: dict[str, Any], settings: Settings) -> Step:
    target = BY_UID.get(values["target_syntax"])
    options = values.get("options", {})
    if target is None or not isinstance(options, dict) or options.keys() - FIELDS.keys():
        raise UsageError(f"{where}: no line of plan --json: its target or its options are unknown")
    kept = values["action"] in (Action.KEEP, Action.COPY)
    try:
        taken = {key: checked(f"{where}: {key}", key, value) for key, value in options.items()}
    except DicomtxError as error:
        raise UsageError(str(error)) from error
    reviewed = Reviewed(
        Verdict.KEEP if kept else Verdict.TRANSCODE,
        None if values["action"] == Action.KEEP else target,
        str(values.get("rule", "")),
        tuple(taken.items()),
    )
    in_force = settings._replace(**taken)
    request = Request(values["path"], "", target, settings=in_force, policy=reviewed)
    relative = os.path.normpath(str(values["relative"]))
    if os.path.isabs(relative) or relative.startswith(os.pardir):
        raise UsageError(f"{where}: relative: {values['relative']!r} leads out of the tree")
    return Step(request, relative)
