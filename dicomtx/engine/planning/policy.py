"""Policies: which file is transcoded to what, kept or refused, by ordered rules; decides only."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.inspection import FileInfo
from dicomtx.settings import Settings, lacks_goal, overridden
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from dicomtx.engine.planning.conditions import Matcher


class Subject(NamedTuple):
    """What a policy looks at: one file, without its pixels.

    Attributes:
        header: what it is.
        data_set: its elements.
        bytes: its size.
    """

    header: FileInfo
    data_set: DataSet
    bytes: int


class Verdict(StrEnum):
    """What a policy says of a file."""

    TRANSCODE = "transcode"
    KEEP = "keep"
    REFUSE = "refuse"


class Decision(NamedTuple):
    """What a policy says of one file, and by which rule.

    Attributes:
        verdict: transcode, keep or refuse.
        rule: what decided, in words: "archive, rule 2".
        target: the transfer syntax wanted, if the rule names one.
        options: settings for this file.
        reason: why, in the policy's words.
        on_failure: what becomes of a file that cannot be transcoded.
        warnings: what a user should know.
    """

    verdict: Verdict
    rule: str
    target: TransferSyntax | None = None
    options: tuple[tuple[str, Any], ...] = ()
    reason: str = ""
    on_failure: Literal["error", "keep-original"] = "error"
    warnings: tuple[str, ...] = ()


class Policy(Protocol):
    """What decides for each file; values that go to workers as they are."""

    @property
    def name(self) -> str:
        """What it is called in reports."""

    @property
    def order(self) -> str:
        """The order of codecs that it asks for; empty if it asks for none."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of it, whatever the files."""

    def decide(self, subject: Subject) -> Decision:
        """Returns what is to become of one file."""

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns, rule by rule, its name and why it does or does not decide."""


class Rule(NamedTuple):
    """One rule: what it matches and what it says then.

    Attributes:
        matchers: all of them must match; none: it matches every file.
        verdict: what it says.
        target: the syntax, to transcode to.
        options: settings for the files that it matches.
        reason: why, for people.
    """

    matchers: "tuple[Matcher, ...]"
    verdict: Verdict
    target: TransferSyntax | None = None
    options: tuple[tuple[str, Any], ...] = ()
    reason: str = ""

    def mismatch(self, subject: Subject) -> str:
        """Returns the first condition that does not hold, with what is there; empty if all do."""
        for matcher in self.matchers:
            found = matcher.found(subject.header, subject.data_set, subject.bytes)
            if not matcher.holds(found):
                return f"{matcher.key} is {', '.join(map(str, found)) or 'absent'}, not {matcher}"
        return ""

    def __str__(self) -> str:
        if self.verdict is not Verdict.TRANSCODE or not self.target:
            return self.verdict.value
        return f"to {self.target.name}"


class RuleBook(NamedTuple):
    """A policy of ordered rules: the first that matches decides; none: the file is kept.

    Attributes:
        name: what it is called.
        rules: in order.
        order: asked for by no rule book: codecs are the settings' business.
        warnings: none: what is wrong in it is an error.
    """

    name: str
    rules: tuple[Rule, ...]
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns what the first rule that matches says."""
        for number, rule in enumerate(self.rules, 1):
            if not rule.mismatch(subject):
                name = f"{self.name}, rule {number}"
                return Decision(rule.verdict, name, rule.target, rule.options, rule.reason)
        return Decision(Verdict.KEEP, f"{self.name}, no rule", reason="no rule matches it")

    def without_goal(self, settings: Settings) -> str:
        """Returns the first rule with a lossy target and no goal, as text; empty if all have one.

        The goal can be in the rule or in the settings.
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
        """Returns each rule up to the one that decides, with why it does or does not."""
        told = []
        for number, rule in enumerate(self.rules, 1):
            mismatch = rule.mismatch(subject)
            why = mismatch or f"matches: {rule}{f' ({rule.reason})' if rule.reason else ''}"
            told.append((f"rule {number}", why))
            if not mismatch:
                return told
        return [*told, ("no rule", "matches: keep")]


class OneTarget(NamedTuple):
    """The policy of ``--to``: every file in one syntax.

    Attributes:
        target: the syntax.
        name: what it is called.
        order: the settings' business.
        warnings: none.
    """

    target: TransferSyntax
    name: str = "--to"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:  # noqa: ARG002 - the protocol's
        """Returns the same for every file."""
        return Decision(Verdict.TRANSCODE, "", self.target)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:  # noqa: ARG002 - the protocol's
        """Returns that there is nothing to choose."""
        return [(self.name, f"matches: to {self.target.name}")]
