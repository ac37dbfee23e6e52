"""Policies: ordered rules that choose whether to transcode, keep or refuse each file."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from dicomtx.dicom.modification.modification import Modification
from dicomtx.settings import Settings, lacks_goal, overridden
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from dicomtx.dicom.data_set import DataSet
    from dicomtx.dicom.inspection import FileInfo
    from dicomtx.engine.planning.conditions import Matcher

OnFailure = Literal["error", "keep-original"]


class Subject(NamedTuple):
    """The file that a policy examines, without its pixels.

    Attributes:
        header: the inspected header of the file.
        data_set: the elements of the file.
        bytes: the size of the file.
    """

    header: "FileInfo"
    data_set: "DataSet"
    bytes: int


class Verdict(StrEnum):
    """What a policy does with a file."""

    TRANSCODE = "transcode"
    KEEP = "keep"
    REFUSE = "refuse"


class Decision(NamedTuple):
    """The decision of a policy for one file.

    Attributes:
        verdict: transcode, keep or refuse.
        rule: the rule that decided, such as "archive, rule 2".
        target: the target transfer syntax, if the rule names one.
        options: the settings that the rule overrides for this file.
        reason: the reason that the policy gives.
        on_failure: what to do with a file that cannot be transcoded.
        warnings: the warnings for the user.
        modification: what the rule changes in the data set; None changes nothing.
    """

    verdict: Verdict
    rule: str
    target: TransferSyntax | None = None
    options: tuple[tuple[str, Any], ...] = ()
    reason: str = ""
    on_failure: Literal["error", "keep-original"] = "error"
    warnings: tuple[str, ...] = ()
    modification: Modification | None = None


class Policy(Protocol):
    """Decides what to do with each file. Policies are pickled and sent to workers."""

    @property
    def name(self) -> str:
        """The name of the policy in reports."""

    @property
    def order(self) -> str:
        """The codec order that the policy sets; empty if it sets none."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the policy itself."""

    def decide(self, subject: Subject) -> Decision:
        """Returns the decision for one file."""

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns the name of each rule, and why it does or does not match."""


class Rule(NamedTuple):
    """One rule: its conditions and its verdict.

    Attributes:
        matchers: all of them must match; a rule without any matches every file.
        verdict: what to do with a file that matches.
        target: the transfer syntax to transcode to.
        options: the settings that the rule overrides.
        reason: the reason to show to users.
        modification: what to change in the data set; None changes nothing.
    """

    matchers: "tuple[Matcher, ...]"
    verdict: Verdict
    target: TransferSyntax | None = None
    options: tuple[tuple[str, Any], ...] = ()
    reason: str = ""
    modification: Modification | None = None

    def mismatch(self, subject: Subject) -> str:
        """Returns the first condition that fails, with the file's value; empty if all hold."""
        for matcher in self.matchers:
            found = matcher.found(subject.header, subject.data_set, subject.bytes)
            if not matcher.holds(found):
                return f"{matcher.key} is {', '.join(map(str, found)) or 'absent'}, not {matcher}"
        return ""

    def __str__(self) -> str:
        to = f"to {self.target.name}" if self.target else self.verdict.value
        return f"{to}, {self.modification}" if self.modification else to


class RuleBook(NamedTuple):
    """A policy of ordered rules. The first match decides; without a match, the file is kept.

    Attributes:
        name: the name of the policy.
        rules: the rules in order.
        order: always empty: the settings order the codecs.
        warnings: always empty: faults in a policy are errors.
    """

    name: str
    rules: tuple[Rule, ...]
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns the decision of the first rule that matches."""
        for number, rule in enumerate(self.rules, 1):
            if not rule.mismatch(subject):
                name = f"{self.name}, rule {number}"
                decision = Decision(rule.verdict, name, rule.target, rule.options, rule.reason)
                return decision._replace(modification=rule.modification)
        return Decision(Verdict.KEEP, f"{self.name}, no rule", reason="no rule matches")

    @property
    def seeds(self) -> tuple[str, ...]:
        """What new UIDs of the rules depend on; empty if no rule gives new UIDs."""
        every = (rule.modification for rule in self.rules)
        return tuple({one.seed for one in every if one and one.changes_uids})

    def without_goal(self, settings: Settings) -> str:
        """Returns the message for the first rule with a lossy target and no goal, or "".

        The rule or the settings can set the goal.
        """
        for number, rule in enumerate(self.rules, 1):
            if rule.target and lacks_goal(rule.target, overridden(settings, rule.options)):
                return (
                    f"policy {self.name}, rule {number}: {rule.target.name} is lossy and needs a"
                    f" goal, such as quality = 90, or lossy = true."
                    f" Lossless: {rule.target.lossless}"
                )
        return ""

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns each rule up to the first match, and why it does or does not match."""
        told = []
        for number, rule in enumerate(self.rules, 1):
            mismatch = rule.mismatch(subject)
            why = mismatch or f"matches: {rule}{f' ({rule.reason})' if rule.reason else ''}"
            told.append((f"rule {number}", why))
            if not mismatch:
                return told
        return [*told, ("no rule", "matches: keep")]


class OneTarget(NamedTuple):
    """The policy of ``--to``: transcode every file to one transfer syntax.

    Attributes:
        target: the target transfer syntax.
        name: the name of the policy.
        order: always empty: the settings order the codecs.
        warnings: always empty.
    """

    target: TransferSyntax
    name: str = "--to"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:  # noqa: ARG002 - the protocol's
        """Returns the decision to transcode, the same for every file."""
        return Decision(Verdict.TRANSCODE, "", self.target)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:  # noqa: ARG002 - the protocol's
        """Returns the one rule, which matches every file."""
        return [(self.name, f"matches: to {self.target.name}")]


class OwnSyntax(NamedTuple):
    """The policy of a modification without a target: every file stays in its transfer syntax.

    Attributes:
        name: the name of the policy.
        order: always empty: the settings order the codecs.
        warnings: always empty.
    """

    name: str = "no --to"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns the decision to write the file in the syntax that it is in."""
        return Decision(Verdict.TRANSCODE, "", subject.header.syntax)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns the one rule, which matches every file."""
        return [(self.name, f"matches: stays {subject.header.syntax.name}")]
