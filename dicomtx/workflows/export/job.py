"""What is asked of an export."""

from dataclasses import dataclass, field
from typing import Final

from dicomtx.engine.planning.apply_policy import OnFailure
from dicomtx.engine.planning.policy import Policy
from dicomtx.settings import Settings
from dicomtx.storage.source import STANDARD_STREAM
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.export.media_profiles import Profile
from dicomtx.workflows.export.member_names import (
    Naming,
    Orthanc,
    Orthanc113,
    OrthancMedia,
    StandardMedia,
    Template,
)
from dicomtx.workflows.export.survey import Rules
from dicomtx.workflows.inputs.arguments import Rules as Finding
from dicomtx.workflows.inputs.layout import Layout
from dicomtx.workflows.workers.pool import Limits

ORTHANC: Final = "orthanc"
STANDARD: Final = "standard"
LAYOUTS: Final = {ORTHANC: Orthanc, "orthanc-1.13": Orthanc113}


@dataclass(frozen=True, slots=True)
class Media:
    """What is asked of a File-set.

    Attributes:
        naming: orthanc or standard.
        file_set_id: (0004,1130); if empty it is DICOMTX, or what it was.
        extended: series records have a description.
        append: the destination is a File-set already.
        icons: records of images have a small picture.
        profile: the application profile to be kept, if there is one.
    """

    naming: str = ORTHANC
    file_set_id: str = ""
    extended: bool = False
    append: bool = False
    icons: bool = False
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked of an export.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, ``-`` for a list.
        destination: the archive, or ``-`` for standard output; of a File-set also a folder.
        target: the transfer syntax wanted; None leaves each file in its own.
        settings: everything that does not depend on the file.
        policy: what decides in place of ``target``.
        on_failure: what cannot be transcoded is exported as it is, either way: as a failure, or as
            what was to be kept.
        finding: which files are looked for.
        limits: what the processes may take.
        layout: a key of ``LAYOUTS``, or a template.
        media: what is asked of a File-set; None is an archive without a DICOMDIR.
        overwrite: an archive that is there may be replaced.
        manifest: MANIFEST.json says what became of each file.
        reproducible: the same input gives the same bytes; new SOP Instance UIDs are derived.
    """

    sources: tuple[str, ...]
    destination: str
    target: TransferSyntax | None = None
    settings: Settings = field(default_factory=Settings)
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    finding: Finding = field(default_factory=Finding)
    limits: Limits = field(default_factory=Limits)
    layout: str = ORTHANC
    media: Media | None = None
    overwrite: bool = False
    manifest: bool = True
    reproducible: bool = False

    @property
    def zipped(self) -> bool:
        """Whether an archive is made, and not a folder."""
        named = self.destination.lower().endswith(".zip") or self.destination == STANDARD_STREAM
        return self.media is None or (named and not self.media.append)

    @property
    def in_force(self) -> Settings:
        """The settings, with new UIDs that can be made again where the bytes are to be so."""
        if not self.reproducible or self.settings.uid != "auto":
            return self.settings
        return self.settings._replace(uid="derived")

    @property
    def whole(self) -> bool:
        """Whether one file that cannot be transcoded is one too many."""
        return self.settings.strict or (self.media is not None and self.media.profile is not None)

    def rules(self) -> Rules:
        """Returns what is asked of each file before anything is written."""
        own = None if self.media or self.layout in LAYOUTS else Layout.parse(self.layout)
        profile = self.media.profile if self.media else None
        return Rules(
            self.target,
            self.in_force,
            own,
            profile,
            self.policy,
            self.on_failure,
            directory=self.media is not None,
        )

    def names(self, first: int = 0) -> Naming:
        """Returns what gives files their names; those of a File-set are numbered from ``first``."""
        if self.media:
            return (StandardMedia if self.media.naming == STANDARD else OrthancMedia)(first)
        return LAYOUTS.get(self.layout, Template)()
