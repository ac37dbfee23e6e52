"""What tells apart two commands whose results may differ, as a short text."""

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any, Final

from dicomtx.settings import FIELDS, Settings

# what a run may take, and how long: the result is the same. Verification is not among them: what
# was not verified is no answer to who asks for it
NOT_SHAPING: Final = ("threads", "frame_timeout", "max_memory")


def shaping(settings: Settings) -> dict[str, Any]:
    """Returns the settings that results depend on."""
    return {name: getattr(settings, name) for name in FIELDS if name not in NOT_SHAPING}


def digest(*values: Any, size: int = 16) -> str:
    """Returns ``2 * size`` characters that are the same for the same values, in any process."""
    return hashlib.blake2b(repr(_plain(values)).encode(), digest_size=size).hexdigest()


def _plain(value: Any) -> Any:
    """Returns a value whose repr is always the same: that of a set depends on the process."""
    if isinstance(value, frozenset | set):
        return sorted(map(repr, map(_plain, value)))
    if isinstance(value, tuple | list):
        return [type(value).__name__, *map(_plain, value)]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if is_dataclass(value):
        return [type(value).__name__, *(_plain(getattr(value, f.name)) for f in fields(value))]
    return value
