"""Adds the edits of a modification to those of a conversion: the one place where both meet."""

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import name
from dicomtx.dicom.modification.modified import Modified
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.errors import UnsupportedError


def with_modification(done: Transcoded, modified: Modified) -> Transcoded:
    """Returns the result of a conversion with the edits of a modification.

    A new SOP Instance UID of the modification is that of the result. It also serves a lossy step,
    whose Source Image Sequence references the source by its old UID.

    Raises:
        UnsupportedError: the conversion and the modification change the same element.
    """
    new = modified.sop_instance_uid
    own = [edit for edit in done.edits if not (new and _is_identity(edit))]
    for edit in modified.edits:
        other = next((one for one in own if _meets(one, edit)), None)
        if other:
            raise UnsupportedError(
                f"the conversion itself changes {name(other.tag)}, so it cannot be modified in the"
                " same step"
            )
    return done._replace(edits=(*own, *modified.edits), new_uid=new or done.new_uid)


def _is_identity(edit: Edit) -> bool:
    return edit.tag == tags.SOP_INSTANCE_UID and not edit.path


def _meets(one: Edit, other: Edit) -> bool:
    """Returns whether two edits change the same element, or one is inside the other."""
    first, second = sorted(((*one.path, one.tag), (*other.path, other.tag)), key=len)
    return second[: len(first)] == first
