"""What a modification changes in one data set, as a value that a plan carries."""

from dicomtx.dicom.data_set import Edit
from dicomtx.frozen import Frozen


class Modified(Frozen):
    """What a modification changes in one data set.

    Attributes:
        edits: the edits, with those that record the old values.
        names: the modified elements.
        uids: the old and new Study, Series and SOP Instance UIDs that differ.
        sop_instance_uid: the new SOP Instance UID; empty if it does not change.
        warnings: messages for the user.
    """

    edits: tuple[Edit, ...]
    names: tuple[str, ...]
    uids: tuple[tuple[str, str], ...] = ()
    sop_instance_uid: str = ""
    warnings: tuple[str, ...] = ()
