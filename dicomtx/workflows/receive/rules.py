"""Which SOP classes and transfer syntaxes a receiver accepts."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from dicomtx.dicom.values import sop_classes
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.engine.planning.conditions import literal
from dicomtx.engine.planning.policy import Policy
from dicomtx.network.dimse.acceptance import EXPLICIT
from dicomtx.transfer_syntaxes import TABLE

NOT_STORAGE: Final = ("1.2.840.10008.1.20.", "1.2.840.10008.1.3.10")
"""Storage Commitment, and the DICOMDIR, which is never sent."""
KNOWN: Final = frozenset(syntax.uid for syntax in TABLE if syntax.keyword)
"""The transfer syntaxes of PS3.6."""


def classes(
    names: Sequence[str], policy: Policy | None, *, promiscuous: bool
) -> Callable[[str], bool]:
    """Returns what decides whether a SOP class is accepted.

    Args:
        names: keywords, UIDs, or globs of UIDs; empty for the storage classes of PS3.4.
        policy: that of an Orthanc configuration also decides (its rule 42); others do not.
        promiscuous: accept all classes.

    Raises:
        SettingsError: a name is not a SOP class.
    """
    if promiscuous:
        return bool
    if names:
        globs = [literal(sop_classes.uid_of(name)) for name in names]
        return lambda uid: any(fnmatchcase(uid, glob) for glob in globs)
    if isinstance(policy, OrthancPolicy):
        return lambda uid: bool(uid) and not policy.class_not_accepted(uid)
    known = frozenset(uid for uid in sop_classes.known() if not uid.startswith(NOT_STORAGE))
    return known.__contains__


def syntaxes(
    accepted: Sequence[str], preferred: Sequence[str], policy: Policy | None
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Returns the UIDs of the accepted syntaxes, and of those to prefer.

    Orthanc's configuration decides as Orthanc does, which prefers explicit VR (its rule 41).
    """
    if isinstance(policy, OrthancPolicy):
        return frozenset(accepted or policy.accepted), tuple(preferred) or (EXPLICIT,)
    return frozenset(accepted or KNOWN), tuple(preferred)
