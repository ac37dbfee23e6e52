"""New SOP Instance UIDs, under the root that needs no registration (PS3.5 B.2)."""

import uuid
from typing import Final, Literal

ROOT: Final = "2.25."

UidMode = Literal["keep", "new", "derived"]


def new_uid(mode: UidMode, old_uid: str, seed: bytes) -> str:
    """Returns the UID of what was made of the instance ``old_uid``; empty if it keeps its own.

    Args:
        mode: "new" is a random one, "derived" always the same for the same UID and seed.
        old_uid: the SOP Instance UID of the source. Nothing can be derived where there is none:
            two files without one would get the same.
        seed: what else tells results apart: the target's UID, the settings that shape it.
    """
    if mode == "keep" or (mode == "derived" and not old_uid):
        return ""
    if mode == "new":
        return f"{ROOT}{uuid.uuid4().int}"
    from hashlib import sha256  # noqa: PLC0415 - brings OpenSSL: 4 ms

    digest = sha256(old_uid.encode() + b"\0" + seed).digest()
    return f"{ROOT}{uuid.UUID(bytes=digest[:16], version=5).int}"
