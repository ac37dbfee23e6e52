"""The description of a batch."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dicomtx.dicom.modification.modification import Modification
from dicomtx.engine.planning.policy import OnFailure, Policy, RuleBook
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.outputs import outputs_at
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax
from dicomtx.version import __version__
from dicomtx.workflows.batch import journal
from dicomtx.workflows.batch.fingerprint import digest, shaping
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.batch.uid_map import UidMap
from dicomtx.workflows.convert.request import FileRules, Request
from dicomtx.workflows.inputs.arguments import Selection
from dicomtx.workflows.workers.executor import Executor

if TYPE_CHECKING:
    from dicomtx.workflows.inputs.layout import Layout


def state_folder() -> str:
    """Returns the user's folder for journals of batches without a local destination."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):  # the XDG specification ignores relative paths
        state = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "dicomtx")


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch to run.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, ``-`` for a list on standard input.
        destination: the folder or URL to write to; empty to overwrite the sources.
        target: the target transfer syntax.
        settings: everything that does not depend on the file.
        rules: the rules for each file.
        finding: selects the files.
        executor: converts the files.
        layout: the output name template; None mirrors the tree.
        journal: path of the journal; empty: in the destination, or in the user's state folder.
        choice: what to do about existing outputs and earlier failures.
        fail_fast: stop at the first failure.
        remap: update references to what got new UIDs.
        policy: decides instead of ``target``; None converts all files to ``target``.
        on_failure: what to do with a file that cannot be transcoded.
        from_plan: a reviewed plan (the lines of ``plan --json``) instead of sources and policy.
        rejected: a folder for copies of files that the policy refuses; empty makes no copies.
        modification: what to change in each data set; None changes nothing.
    """

    sources: tuple[str, ...]
    destination: str = ""
    target: TransferSyntax = DEFAULT_TARGET
    settings: Settings = field(default_factory=Settings)
    rules: FileRules = field(default_factory=FileRules)
    finding: Selection = field(default_factory=Selection)
    executor: Executor = field(kw_only=True)
    layout: "Layout | None" = None
    journal: str = ""
    choice: Choice = field(default_factory=Choice)
    fail_fast: bool = False
    remap: bool = False
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    from_plan: str = ""
    rejected: str = ""
    modification: Modification | None = None

    @property
    def journal_path(self) -> str:
        """The path of the journal."""
        if self.journal:
            return os.path.abspath(self.journal)
        if self.destination and outputs_at(self.destination).changeable:
            return os.path.join(os.path.abspath(self.destination), journal.NAME)
        trees = outputs_at(self.destination).real(self.destination) or "\0".join(
            sorted(map(os.path.realpath, self.sources or (self.from_plan,)))
        )
        name = hashlib.blake2b(os.fsencode(trees), digest_size=8).hexdigest()
        return os.path.join(state_folder(), f"{name}.sqlite")

    def request(self) -> Request:
        """Returns the request that all files share, without source and destination."""
        in_place = not self.destination
        rules = self.rules._replace(tree=True, hashed=True)
        return Request(
            LocalFile(""),
            "",
            rules.best_of[0] if rules.best_of else self.target,
            in_place=in_place,
            settings=self.settings,
            rules=rules,
            policy=self.policy,
            on_failure=self.on_failure,
            below=self.destination,
            modification=self.modification,
        )

    def plan_digest(self) -> str:
        """Returns a digest that differs between two batches if their results may differ.

        It does not include what a reviewed plan says about each file.
        """
        decides = (self.target.uid, self.policy, self.on_failure, bool(self.from_plan))
        shape = (self.rules, self.layout, self.remap, *self.changes)
        return digest(__version__, decides, shaping(self.settings), shape)

    @property
    def changes(self) -> tuple[Modification, ...]:
        """The modification without the seed, which is a secret; nothing without a modification."""
        return (self.modification._replace(seed=""),) if self.modification else ()

    @property
    def renews_uids(self) -> bool:
        """Whether it gives new UIDs to more than the results of lossy compression."""
        by_policy = isinstance(self.policy, RuleBook) and bool(self.policy.seeds)
        return by_policy or bool(self.modification and self.modification.changes_uids)

    @property
    def updates_references(self) -> bool:
        """Whether references to what got new UIDs are updated."""
        return self.remap or self.renews_uids

    def seeded(self, uids: UidMap) -> "Batch":
        """Returns the batch with the seed of its new UIDs.

        The seed is a secret of the journal. With ``--uid derived`` it is not, so that the same
        command gives the same UIDs everywhere.
        """
        if not self.modification or not self.modification.level:
            return self
        what = digest(*self.changes, self.target.uid if self.target.lossy else "")
        seed = what if self.settings.uid == "derived" else uids.seed(what)
        return replace(self, modification=self.modification._replace(seed=seed))
