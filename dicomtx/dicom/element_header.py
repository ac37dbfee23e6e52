"""Encodes element headers (PS3.5 7.1.2, 7.1.3)."""

from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.elements import Element, Encoding, resolved_vr
from dicomtx.dicom.vrs import LONG


def tag_bytes(tag: int, encoding: Encoding) -> bytes:
    """Returns the encoded group and element number."""
    order = encoding.order
    return (tag >> 16).to_bytes(2, order) + (tag & 0xFFFF).to_bytes(2, order)


def fitting_vr(vr: str, length: int, encoding: Encoding) -> str:
    """Returns the VR, or UN if its explicit length field is too short for the length (CP-1066)."""
    has_room = encoding.implicit_vr or vr.encode() in LONG or length <= 0xFFFF
    return vr if has_room else "UN"


def written_vr(element: Element, *, signed: bool, to_big_endian: bool) -> str:
    """Returns the VR for an element in an explicit encoding.

    Values of VR UN are always little endian (PS3.5 6.2.2), which few readers know. When the byte
    order changes, pixels and tables get their own VR if it has only one possible word size.
    """
    if element.vr == "UN" and to_big_endian:
        known = vr_of(element.tag, signed=signed)
        return known if known in ("OW", "OF", "OD") else "UN"
    return resolved_vr(element, signed=signed)


def element_header(tag: int, vr: str, length: int, encoding: Encoding) -> bytes:
    """Returns the tag, the VR if the encoding has one, and the length (always the last bytes)."""
    start = tag_bytes(tag, encoding)
    if encoding.implicit_vr:
        return start + length.to_bytes(4, encoding.order)
    if vr.encode() in LONG:
        return start + vr.encode() + b"\0\0" + length.to_bytes(4, encoding.order)
    return start + vr.encode() + length.to_bytes(2, encoding.order)
