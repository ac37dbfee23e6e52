"""Creates items as values of edits: explicit VR, little endian."""

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.element_header import element_header, tag_bytes
from dicomtx.dicom.elements import EXPLICIT


def item(*elements: Edit) -> bytes:
    """Returns one item with these elements, which must be in tag order."""
    content = b"".join(map(_element, elements))
    return tag_bytes(tags.ITEM, EXPLICIT) + len(content).to_bytes(4, "little") + content


def _element(edit: Edit) -> bytes:
    value = edit.value or b""
    return element_header(edit.tag, edit.vr, len(value), EXPLICIT) + value


def code(value: str, meaning: str) -> bytes:
    """Returns an item with a code of the scheme DCM (PS3.16 D)."""
    return item(
        Edit.text(tags.CODE_VALUE, "SH", value),
        Edit.text(tags.CODING_SCHEME_DESIGNATOR, "SH", "DCM"),
        Edit.text(tags.CODE_MEANING, "LO", meaning),
    )
