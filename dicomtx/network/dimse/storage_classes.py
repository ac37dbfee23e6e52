"""The SOP classes of instances by their modality, for peers that do not list the classes."""

from collections.abc import Mapping
from typing import Final

ROOT: Final = "1.2.840.10008.5.1.4.1.1."
BY_MODALITY: Final[Mapping[str, tuple[str, ...]]] = {
    "CR": ("1", "1.1"),
    "DX": ("1.1", "1.1.1", "1"),
    "MG": ("1.2", "1.2.1", "13.1.3"),
    "IO": ("1.3", "1.3.1"),
    "PX": ("1.1", "1"),
    "CT": ("2", "2.1", "2.2"),
    "MR": ("4", "4.1", "4.2", "4.3"),
    "US": ("6.1", "3.1", "6.2"),
    "IVUS": ("3.1", "6.1"),
    "NM": ("20",),
    "PT": ("128", "130"),
    "XA": ("12.1", "12.1.1", "13.1.1"),
    "RF": ("12.2", "12.2.1"),
    "ES": ("77.1.1", "77.1.1.1"),
    "GM": ("77.1.2", "77.1.2.1"),
    "SM": ("77.1.6", "77.1.3"),
    "XC": ("77.1.4", "77.1.4.1"),
    "OP": ("77.1.5.1", "77.1.5.2"),
    "OPT": ("77.1.5.4",),
    "SEG": ("66.4", "66.5"),
    "REG": ("66.1", "66.3"),
    "RTIMAGE": ("481.1",),
    "RTDOSE": ("481.2",),
    "RTSTRUCT": ("481.3",),
    "RTPLAN": ("481.5", "481.8"),
    "SR": ("88.11", "88.22", "88.33", "88.34", "88.67"),
    "KO": ("88.59",),
    "PR": ("11.1", "11.2", "11.3", "11.4"),
    "DOC": ("104.1", "104.2"),
    "ECG": ("9.1.1", "9.1.2"),
}
"""The ends of the UIDs (PS3.4 B.5), most common first."""
ALWAYS: Final = ("7", "7.2", "7.4")  # Secondary Capture has the modality of its series


def storage_classes(modalities: set[str]) -> tuple[str, ...]:
    """Returns the SOP Class UIDs to expect in a study; of an unknown modality, the common ones.

    >>> storage_classes({"NM"})[0]
    '1.2.840.10008.5.1.4.1.1.20'
    """
    known = modalities & BY_MODALITY.keys()
    names = sorted(known) if known == modalities else ("CT", "MR", "US", "CR", "MG", "SR", "PR")
    ends = (end for name in names for end in BY_MODALITY[name])
    return tuple(ROOT + end for end in dict.fromkeys((*ends, *ALWAYS)))
