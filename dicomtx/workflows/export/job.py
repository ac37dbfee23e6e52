"""The request for an export."""

from dataclasses import dataclass, field
from typing import Final

from dicomtx.engine.planning.policy import OnFailure, Policy
from dicomtx.settings import Settings
from dicomtx.storage.source import STANDARD_STREAM
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.export.media_profiles import MediaProfile
from dicomtx.workflows.export.member_names import (
    Naming,
    Orthanc,
    Orthanc113,
    OrthancMedia,
    StandardMedia,
    Template,
)
from dicomtx.workflows.export.survey import SurveyRules
from dicomtx.workflows.inputs.arguments import Selection
from dicomtx.workflows.inputs.layout import Layout
from dicomtx.workflows.workers.executor import Executor

ORTHANC: Final = "orthanc"
STANDARD: Final = "standard"
LAYOUTS: Final = {ORTHANC: Orthanc, "orthanc-1.13": Orthanc113}


@dataclass(frozen=True, slots=True)
class Media:
    """The options of a File-set.

    Attributes:
        naming: orthanc or standard.
        file_set_id: (0004,1130). If empty, the existing ID is kept, or it is DICOMTX.
        extended: whether series records have a description.
        append: whether to add to an existing File-set.
        icons: whether image records have an icon.
        profile: the application profile to conform to, or None.
    """

    naming: str = ORTHANC
    file_set_id: str = ""
    extended: bool = False
    append: bool = False
    icons: bool = False
    profile: MediaProfile | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """The options of an export.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, or ``-`` for a list.
        destination: the archive, or ``-`` for standard output. A File-set can also be a folder.
        target: the target transfer syntax. None keeps each file in its own.
        settings: the settings, unless the policy overrides them.
        policy: the policy that decides in place of ``target``, or None.
        on_failure: whether a file that cannot be transcoded counts as failed or as kept. It is
            exported unchanged either way.
        finding: which files to find.
        executor: what converts the files.
        layout: a key of ``LAYOUTS``, or a template.
        media: the options of a File-set. None means an archive without a DICOMDIR.
        overwrite: whether to replace an existing archive.
        manifest: whether to write MANIFEST.json, which lists the outcome of each file.
        reproducible: whether the same input gives the same bytes. New UIDs are then derived.
    """

    sources: tuple[str, ...]
    destination: str
    target: TransferSyntax | None = None
    settings: Settings = field(default_factory=Settings)
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    finding: Selection = field(default_factory=Selection)
    executor: Executor = field(kw_only=True)
    layout: str = ORTHANC
    media: Media | None = None
    overwrite: bool = False
    manifest: bool = True
    reproducible: bool = False

    @property
    def zipped(self) -> bool:
        """Whether the destination is an archive, not a folder."""
        named = self.destination.lower().endswith(".zip") or self.destination == STANDARD_STREAM
        return self.media is None or (named and not self.media.append)

    @property
    def in_force(self) -> Settings:
        """The settings, with derived UIDs if the export must be reproducible."""
        if not self.reproducible or self.settings.uid != "auto":
            return self.settings
        return self.settings._replace(uid="derived")

    @property
    def whole(self) -> bool:
        """Whether one failed file stops the whole export."""
        return self.settings.strict or (self.media is not None and self.media.profile is not None)

    def rules(self) -> SurveyRules:
        """Returns the rules of the survey, which runs before anything is written."""
        own = None if self.media or self.layout in LAYOUTS else Layout.parse(self.layout)
        profile = self.media.profile if self.media else None
        return SurveyRules(
            self.target,
            self.in_force,
            own,
            profile,
            self.policy,
            self.on_failure,
            directory=self.media is not None,
        )

    def names(self, first: int = 0) -> Naming:
        """Returns the naming scheme. File IDs of a File-set are numbered from ``first``."""
        if self.media:
            return (StandardMedia if self.media.naming == STANDARD else OrthancMedia)(first)
        return LAYOUTS.get(self.layout, Template)()
