"""Turns the text of a new value into the bytes of its VR, and checks it (PS3.5 6.2, PS3.6)."""

import math
import struct
import warnings
from collections.abc import Callable
from typing import Final

from pydicom.charset import decode_bytes, encode_string
from pydicom.config import RAISE
from pydicom.datadict import dictionary_VM
from pydicom.valuerep import validate_value

from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.values import character_sets
from dicomtx.dicom.values.text import DELIMITERS, IN_CHARACTER_SET, NUMBERS
from dicomtx.dicom.vrs import VRS
from dicomtx.errors import SettingsError, UnsupportedError

ONE_TEXT: Final = ("LT", "ST", "UR", "UT")
"""VRs that have one value, in which a backslash is a character (PS3.5 6.2)."""
BREAKS: Final = "\t\n\f\r"
"""Control characters that texts of several lines can have."""
BINARY: Final = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")
WIDE: Final = {"SV": "q", "UV": "Q"}
INTEGERS: Final = (-(1 << 31), (1 << 31) - 1)  # the range of an IS


def check_value(tag: int, name: str, text: str) -> None:
    """Checks a value as far as that is possible without a file.

    Raises:
        SettingsError: the element cannot have this value.
    """
    if tag >> 16 & 1:
        return  # only the file can say what VR a private element has
    vr = vr_of(tag, signed=False)
    if vr == "UN":
        raise SettingsError(f"{name} is not in PS3.6, so its VR is unknown")
    if text and vr == "SQ":
        raise SettingsError(f"{name} is a sequence: name an element in it, as {name}[0].KEYWORD")
    if text and vr in BINARY:
        raise SettingsError(f"{name} holds binary data (VR {vr}), which a text cannot give")
    by_sign = vr != vr_of(tag, signed=True)  # the file says whether it is US or SS
    try:
        _check_count(tag, _split(vr, text))
        for value in _split(vr, text):
            _check(vr, value)
            if vr in NUMBERS or vr in WIDE:
                _number("SS" if by_sign and value.startswith("-") else vr, value)
    except ValueError as error:
        raise SettingsError(f"{name}={text}: {error}") from error


def encoded(vr: str, name: str, text: str, character_set: str) -> bytes:
    """Returns a value's bytes: little endian, padded to even length.

    Args:
        vr: the VR.
        name: the element, for messages.
        text: the value, with backslashes between multiple values.
        character_set: the effective Specific Character Set, unparsed.

    Raises:
        UnsupportedError: the value does not fit the VR or the character set.
    """
    if not text:
        return b""
    if vr not in {one.decode() for one in VRS} or vr in (*BINARY, "SQ"):
        raise UnsupportedError(f"{name} cannot be set: its VR is {vr or 'unknown'}")
    values = _split(vr, text)
    try:
        for value in values:
            _check(vr, value)
        if vr in NUMBERS or vr in WIDE:
            return b"".join(_number(vr, value) for value in values)
        raw = b"\\".join(_characters(vr, value, character_set) for value in values)
    except ValueError as error:
        raise UnsupportedError(f"cannot set {name}={text}: {error}") from error
    return raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)


def _split(vr: str, text: str) -> list[str]:
    if not text:
        return []
    return [text] if vr in ONE_TEXT else text.split("\\")


def _check_count(tag: int, values: list[str]) -> None:
    """Checks the Value Multiplicity of PS3.6; no value at all is always possible.

    Raises:
        ValueError: there are too few values, or too many.
    """
    allowed, count = dictionary_VM(tag), len(values)
    low, _, high = allowed.partition("-")
    if high.endswith("n"):
        step = int(high[:-1] or 1)
        fits = count >= int(low) and count % step == 0
    else:
        fits = int(low) <= count <= int(high or low)
    if count and not fits:
        raise ValueError(f"it has {count} value{'s' * (count > 1)}, but PS3.6 allows {allowed}")


def _check(vr: str, value: str) -> None:
    """Checks characters, length and form of one value.

    Raises:
        ValueError: the value does not have the form of its VR.
    """
    allowed = BREAKS if vr in ("LT", "ST", "UT") else ""
    if any(c not in allowed and (ord(c) < 0x20 or ord(c) == 0x7F) for c in value):
        raise ValueError("control characters are not allowed (PS3.5 6.2)")
    if vr not in IN_CHARACTER_SET and not value.isascii():
        raise ValueError(f"VR {vr} allows only ASCII characters (PS3.5 6.2)")
    if vr in NUMBERS or vr in WIDE:
        return
    if vr == "IS" and value:
        low, high = INTEGERS
        if not low <= int(value) <= high:
            raise ValueError(f"an IS is between {low} and {high} (PS3.5 6.2)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            validate_value(vr, value, RAISE)
        except ValueError as error:
            raise ValueError(str(error).partition(" Please see")[0]) from error


def _number(vr: str, value: str) -> bytes:
    """Returns one number.

    Raises:
        ValueError: the value is not a number of this VR.
    """
    if vr == "AT":
        digits = value.strip("() ").replace(",", "")
        if len(digits) != 8:
            raise ValueError(f"{value!r} is not a tag such as (0010,0020)")
        return struct.pack("<HH", int(digits[:4], 16), int(digits[4:], 16))
    form = NUMBERS.get(vr) or WIDE[vr]
    read: Callable[[str], float] = float if vr in ("FL", "FD") else int
    number = read(value)
    try:
        if not math.isfinite(number):
            raise ValueError(f"{value} is not a finite number")
        return struct.pack(f"<{form}", number)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{value} is too large for VR {vr} (PS3.5 6.2)") from error


def _characters(vr: str, value: str, character_set: str) -> bytes:
    """Returns a text in the file's character set.

    Raises:
        ValueError: the character set does not have these characters.
    """
    if value.isascii() or vr not in IN_CHARACTER_SET:
        return value.encode("ascii")
    first, *others = character_sets.encodings(character_set)
    in_latin_1 = any("\x80" <= c <= "\xff" for c in value)  # which the default codec also has
    codecs = ["ascii" if first == character_sets.DEFAULT and in_latin_1 else first, *others]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            raw = _encoded(vr, value, codecs)
            same = decode_bytes(raw, [first, *others], DELIMITERS) == value
    except (UnicodeError, Warning):
        same = False
    if not same:
        named = character_set or "none, which is ASCII"
        raise ValueError(
            f"the file's Specific Character Set ({named}) does not have its characters"
        )
    return raw


def _encoded(vr: str, value: str, codecs: list[str]) -> bytes:
    """Returns the bytes; each component of a name begins in the first character set again."""
    if vr != "PN":
        return encode_string(value, codecs)
    groups = value.split("=")
    return b"=".join(
        b"^".join(encode_string(part, codecs) for part in group.split("^")) for group in groups
    )
