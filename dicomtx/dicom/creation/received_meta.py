"""Writes the file meta information of instances that arrive by C-STORE (PS3.10 7.1)."""

import struct
from typing import Final

from dicomtx.dicom.part10 import PREAMBLE, PREFIX
from dicomtx.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

SHORT: Final = struct.Struct("<HH2sH")  # group, element, VR, length


def received_meta(sop_class_uid: str, sop_instance_uid: str, syntax_uid: str, aet: str) -> bytes:
    """Returns preamble, prefix and file meta information, to be written before the data set.

    Args:
        sop_class_uid: Affected SOP Class UID of the command.
        sop_instance_uid: Affected SOP Instance UID of the command.
        syntax_uid: the negotiated transfer syntax.
        aet: the calling AE title: Source Application Entity Title (0002,0016). It is left out if
            it has characters that AE titles cannot have.
    """
    valid = aet.isascii() and aet.isprintable() and "\\" not in aet
    body = b"".join(
        (
            struct.pack("<HH2sxxL", 2, 0x0001, b"OB", 2) + b"\0\1",
            _text(0x0002, b"UI", sop_class_uid),
            _text(0x0003, b"UI", sop_instance_uid),
            _text(0x0010, b"UI", syntax_uid),
            _text(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _text(0x0013, b"SH", IMPLEMENTATION_VERSION),
            _text(0x0016, b"AE", aet) if aet and valid else b"",
        )
    )
    length = SHORT.pack(2, 0x0000, b"UL", 4) + struct.pack("<L", len(body))
    return bytes(PREAMBLE) + PREFIX + length + body


def _text(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("latin-1")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return SHORT.pack(2, element, vr, len(value)) + value
