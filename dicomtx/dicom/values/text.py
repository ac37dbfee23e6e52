"""Decodes values to text with pydicom, for display, layouts and rules."""

import struct
import warnings
from typing import Final

from pydicom.charset import decode_bytes
from pydicom.datadict import keyword_for_tag, tag_for_keyword

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.values import character_sets
from dicomtx.errors import SettingsError

IN_CHARACTER_SET: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "AT": "HH"}
DELIMITERS: Final = {
    0x0A,
    0x0C,
    0x0D,
    0x5C,
}  # end an escape sequence's scope (PS3.5 6.1.2.5.3)


def tag_of(name: str) -> int:
    """Returns the tag for a PS3.6 keyword, "(gggg,eeee)" or "ggggeeee".

    Raises:
        SettingsError: the name is not a keyword or a tag.
    """
    digits = name.strip("() ").replace(",", "").replace(" ", "")
    if len(digits) == 8:
        try:
            return int(digits, 16)
        except ValueError:
            pass
    tag = tag_for_keyword(name.strip())
    if tag is None:
        raise SettingsError(f"{name!r} is not a PS3.6 keyword or a tag such as (0008,0060)")
    return tag


def value(data_set: DataSet, tag: int) -> str:
    """Returns a value as text, with backslashes between multiple values; empty if missing.

    Sequences and binary values give empty text. Undecodable characters are replaced.
    """
    element = data_set.find(tag)
    if element is None or element.undefined:
        return ""
    unknown = element.vr in ("", "UN")
    vr = vr_of(tag, signed=data_set.signed) if unknown else element.vr
    big_endian = data_set.encoding.big_endian and element.vr != "UN"  # PS3.5 6.2.2
    named = data_set.text(tags.SPECIFIC_CHARACTER_SET)
    return decoded(data_set.value(tag), vr, named, big_endian=big_endian)


def identifier(data_set: DataSet, tag: int) -> str:
    """Returns a value as Orthanc uses it to identify patients, studies and series.

    It ends at the first NUL. Leading spaces of a Patient ID are kept; trailing spaces only if it
    has several values. Spaces around a UID are removed.
    """
    raw = data_set.value(tag).partition(b"\0")[0]
    vr = vr_of(tag, signed=False)
    if vr == "UI":
        return raw.decode("ascii", "replace").strip(" ")
    found = _characters(raw, data_set.text(tags.SPECIFIC_CHARACTER_SET))
    return found if "\\" in found else found.rstrip(" ")


def decoded(raw: bytes, vr: str, character_set: str, *, big_endian: bool = False) -> str:
    """Decodes the bytes of a value to text, as ``value`` does.

    Args:
        raw: the bytes of the value.
        vr: its VR.
        character_set: the effective Specific Character Set, unparsed.
        big_endian: the byte order.
    """
    if vr in NUMBERS:
        return _numbers(raw, ("<>"[big_endian], NUMBERS[vr]))
    if vr in ("SQ", "OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        return ""
    if vr not in IN_CHARACTER_SET:
        return raw.decode("ascii", "replace").strip(" \0\t\r\n")
    found = _characters(raw, character_set).strip(" \0\t\r\n")
    return found.rstrip("=") if vr == "PN" else found


def _characters(raw: bytes, character_set: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undecodable characters are replaced
        return decode_bytes(raw, character_sets.encodings(character_set), DELIMITERS)


def keyword(tag: int) -> str:
    """Returns the PS3.6 keyword; empty for private and unknown elements."""
    return keyword_for_tag(tag)


def _numbers(raw: bytes, form: tuple[str, str]) -> str:
    order, letter = form
    size = struct.calcsize(order + letter)
    cut = raw[: len(raw) // size * size]
    found = struct.iter_unpack(order + letter, cut)
    if letter == "HH":
        return "\\".join(f"{group:04X}{element:04X}" for group, element in found)
    return "\\".join(f"{number:g}" if letter in "fd" else str(number) for (number,) in found)
