"""Maps the defined terms of Specific Character Set (PS3.3 C.12.1.1.2) to Python codecs.

Terms match without spaces, hyphens and underscores, because files often confuse them. Names of
Python codecs are not accepted: ``hex`` or ``undefined`` in a file decode nothing.
"""

from typing import Final

DEFAULT: Final = "iso8859"  # includes ISO 646
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
"""The terms that cannot be combined with code extensions."""
ENCODINGS: Final = {
    **{f"ISO_IR {number}": codec for number, codec in _SINGLE.items()},
    **{f"ISO 2022 IR {number}": codec for number, codec in (_SINGLE | _MULTIPLE).items()},
    **ALONE,
}
"""Python codecs by defined term."""


def _plain(term: str) -> str:
    return "".join(c for c in term.upper() if c not in " _-")


_TERMS: Final = {_plain(term): term for term in ENCODINGS} | {
    "ISO2022GBK": "GBK",  # both from the first version of CP-1234
    "ISO202258": "ISO 2022 IR 58",
}


def unknown(named: str) -> str:
    """Returns the first value of Specific Character Set that is not a defined term, or empty."""
    values = (value.strip(" \0") for value in named.split("\\"))
    return next((value for value in values if value and _plain(value) not in _TERMS), "")


def terms(named: str) -> list[str]:
    """Returns the defined terms of the values; "" stands for the default repertoire.

    Unknown values, and values that cannot be combined with the others, are dropped.
    """
    values = [_TERMS.get(_plain(value.strip(" \0")), "") for value in named.split("\\")]
    if values[0] in ALONE:
        return values[:1]
    return [values[0], *(value for value in values[1:] if value and value not in ALONE)]


def encodings(named: str) -> list[str]:
    """Returns the Python codecs for a value of Specific Character Set; at least one."""
    return [ENCODINGS.get(term, DEFAULT) for term in terms(named)]
