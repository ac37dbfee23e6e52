"""What a batch is asked to do."""

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomtx.engine.planning.apply_policy import OnFailure
from dicomtx.engine.planning.policy import Policy
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax
from dicomtx.version import __version__
from dicomtx.workflows.batch import journal
from dicomtx.workflows.batch.fingerprint import digest, shaping
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.convert.request import FileRules, Request
from dicomtx.workflows.inputs.arguments import Rules
from dicomtx.workflows.workers.executor import Executor

if TYPE_CHECKING:
    from dicomtx.workflows.inputs.layout import Layout


@dataclass(frozen=True, slots=True)
class Batch:
    """What is asked of a tree.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, ``-`` for a list.
        destination: the folder that is written to; empty: the sources are replaced.
        target: the transfer syntax wanted.
        settings: everything that does not depend on the file.
        rules: what is asked of each file.
        finding: which files are looked for.
        executor: what converts the files.
        layout: where outputs go; None mirrors the tree.
        journal: where the journal is; empty: beside the destination, or in the user's state folder.
        choice: what is done with what is there already.
        fail_fast: the first failure ends it all.
        remap: references in what was written follow the instances that were given new UIDs.
        policy: what decides in place of ``target``; None: all goes to ``target``.
        on_failure: what becomes of a file that cannot be transcoded.
        from_plan: a reviewed plan, the lines of ``plan --json``, in place of sources and policy.
        rejected: a folder for copies of what the policy refuses; empty: it is only told.
    """

    sources: tuple[str, ...]
    destination: str = ""
    target: TransferSyntax = DEFAULT_TARGET
    settings: Settings = field(default_factory=Settings)
    rules: FileRules = field(default_factory=FileRules)
    finding: Rules = field(default_factory=Rules)
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

    @property
    def journal_path(self) -> str:
        """Where the journal is."""
        if self.journal:
            return os.path.abspath(self.journal)
        if self.destination:
            return os.path.join(os.path.abspath(self.destination), journal.NAME)
        state = os.environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(state):  # the XDG specification: a relative one is to be ignored
            state = os.path.join(os.path.expanduser("~"), ".local", "state")
        trees = "\0".join(sorted(map(os.path.realpath, self.sources or (self.from_plan,))))
        name = hashlib.blake2b(os.fsencode(trees), digest_size=8).hexdigest()
        return os.path.join(state, "dicomtx", f"{name}.sqlite")

    def request(self) -> Request:
        """Returns what is asked of every file, before it is said which."""
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
        )

    def plan_digest(self) -> str:
        """Returns what tells apart two commands whose results may differ.

        What a reviewed plan says of each file is not in it.
        """
        decides = (self.target.uid, self.policy, self.on_failure, bool(self.from_plan))
        shape = (self.rules, self.layout, self.remap)
        return digest(__version__, decides, shaping(self.settings), shape)
