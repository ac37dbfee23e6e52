"""Specific Character Set (PS3.3 C.12.1.1.2): the defined terms, and nothing else.

Spaces, hyphens and underscores are often mistaken for each other; a term is known without them. A
name of a Python codec is not a term: ``hex`` or ``undefined`` in a file decode nothing.
"""

from typing import Final

DEFAULT: Final = "iso8859"  # ISO 646 is a part of it
_SINGLE: Final = {
    "6": DEFAULT,
    "13": "shift_jis",
    "100": "latin_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso_ir_126",
    "127": "iso_ir_127",
    "138": "iso_ir_138",
    "144": "iso_ir_144",
    "148": "iso_ir_148",
    "166": "iso_ir_166",
    "203": "iso8859_15",
}
_MULTIPLE: Final = {"58": "iso_ir_58", "87": "iso2022_jp", "149": "euc_kr", "159": "iso2022_jp_2"}
ALONE: Final = {"ISO_IR 192": "utf_8", "GB18030": "gb18030", "GBK": "gbk"}
"""The terms that do not go with code extensions."""
ENCODINGS: Final = {
    **{f"ISO_IR {number}": codec for number, codec in _SINGLE.items()},
    **{f"ISO 2022 IR {number}": codec for number, codec in (_SINGLE | _MULTIPLE).items()},
    **ALONE,
}
"""Python's codec by defined term."""


def _plain(term: str) -> str:
    return "".join(c for c in term.upper() if c not in " _-")


_TERMS: Final = {_plain(term): term for term in ENCODINGS} | {
    "ISO2022GBK": "GBK",  # both as CP-1234 had them at first
    "ISO202258": "ISO 2022 IR 58",
}


def unknown(named: str) -> str:
    """Returns the first value of Specific Character Set that is not a defined term, or nothing."""
    values = (value.strip(" \0") for value in named.split("\\"))
    return next((value for value in values if value and _plain(value) not in _TERMS), "")


def terms(named: str) -> list[str]:
    """Returns the defined terms among the values; empty where the default repertoire is meant.

    A value that is not known, or that does not go with the others, is left out.
    """
    values = [_TERMS.get(_plain(value.strip(" \0")), "") for value in named.split("\\")]
    if values[0] in ALONE:
        return values[:1]
    return [values[0], *(value for value in values[1:] if value and value not in ALONE)]


def encodings(named: str) -> list[str]:
    """Returns Python's codecs for Specific Character Set, as it is in the file; one at least."""
    return [ENCODINGS.get(term, DEFAULT) for term in terms(named)]
