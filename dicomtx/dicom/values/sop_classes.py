"""SOP classes of PS3.4, from pydicom's dictionary."""

from functools import cache
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID

from dicomtx.errors import SettingsError

ROOT: Final = "1.2.840.10008."


@cache
def known() -> frozenset[str]:
    """Returns the UIDs of the storage SOP classes."""
    return frozenset(
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name
    )


def name_of(uid: str) -> str:
    """Returns the name of a SOP class in PS3.6, or the UID itself if it is not there."""
    row = UID_dictionary.get(uid)
    return row[0] if row else uid


def uid_of(name: str) -> str:
    """Returns the UID of a SOP class given by keyword or UID. A glob of UIDs is returned unchanged.

    Raises:
        SettingsError: the name is neither, or the UID is not a SOP class of PS3.4.
    """
    for uid, (_, kind, _, _, keyword) in UID_dictionary.items():
        if keyword == name and kind.endswith("SOP Class"):
            return uid
    if set(name) <= set("0123456789.*?") and name[:1].isdigit():
        plain = not set(name) & set("*?")
        if (
            plain
            and name.startswith(ROOT)
            and UID(name).type not in ("SOP Class", "Meta SOP Class")
        ):
            raise SettingsError(f"{name!r} is not a SOP class of PS3.4")
        return name
    raise SettingsError(
        f"{name!r} is not a SOP class: use a PS3.6 keyword, a UID, or a glob of UIDs"
    )
