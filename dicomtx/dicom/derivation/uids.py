"""Generates SOP Instance UIDs under the root 2.25, which needs no registration (PS3.5 B.2)."""

import uuid
from typing import Final, Literal

ROOT: Final = "2.25."

UidMode = Literal["keep", "new", "derived"]


def new_uid(mode: UidMode, old_uid: str, seed: bytes) -> str:
    """Returns the UID of a result of the instance ``old_uid``; empty if the UID is kept.

    Args:
        mode: "new" is random; "derived" is the same for the same UID and seed.
        old_uid: the SOP Instance UID of the source. If it is empty, "derived" keeps it, because
            all files without a UID would get the same one.
        seed: distinguishes results of one source, by the target syntax and the settings.
    """
    if mode == "keep" or (mode == "derived" and not old_uid):
        return ""
    if mode == "new":
        return f"{ROOT}{uuid.uuid4().int}"
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which takes 4 ms

    digest = sha256(old_uid.encode() + b"\0" + seed).digest()
    return f"{ROOT}{uuid.UUID(bytes=digest[:16], version=5).int}"
