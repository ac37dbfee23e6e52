"""Warns about irregular values, which a conversion leaves unchanged."""

from array import array
from collections.abc import Iterator
from typing import Final

from dicomtx.dicom import odd_vr, tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import name, resolved_vr
from dicomtx.dicom.values import character_sets
from dicomtx.dicom.vrs import VRS

KNOWN: Final = frozenset({"", *(vr.decode() for vr in VRS)})
LONGEST_TERM: Final = 16  # characters of a CS (PS3.5 6.2)


def warnings_of(data_set: DataSet) -> Iterator[str]:
    """Yields warnings about odd lengths (PS3.5 7.1.1), unknown VRs and character sets."""
    odd = array("I", (e.tag for e in data_set.elements if e.length & 1 and not e.undefined))
    if odd:
        more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
        yield f"{name(odd[0])} has an odd length; left unchanged{more}"
    bad = (e for e in data_set.elements if not e.vr and not data_set.encoding.implicit_vr)
    first = next(bad, None)
    if first:
        others = sum(1 for _ in bad)
        more = f" (and {others} more)" if others else ""
        vr = odd_vr.described(data_set.source, first.start)
        read = resolved_vr(first, signed=data_set.signed)
        yield f"{name(first.tag)} has {vr}, read as {read}{more}"
    yield from _unknown_vrs(data_set)
    character_set = character_sets.unknown(data_set.text(tags.SPECIFIC_CHARACTER_SET))
    if character_set:
        yield (
            f"Specific Character Set {character_set[:LONGEST_TERM]!r} is not a defined term"
            " (PS3.3 C.12.1.1.2); text is read as ISO 8859-1"
        )


def _unknown_vrs(data_set: DataSet) -> Iterator[str]:
    """Yields a warning about VRs of two letters that do not exist."""
    found = [element for element in data_set.elements if element.vr not in KNOWN]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield f"{name(found[0].tag)} has the unknown VR {found[0].vr}; left unchanged{more}"
