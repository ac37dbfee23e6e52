"""A digest of everything that results depend on: it differs if results may differ."""

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

from dicomtx.frozen import Frozen
from dicomtx.settings import FIELDS, Settings


def shaping(settings: Settings) -> dict[str, object]:
    """Returns the settings that results depend on.

    Verification is one of them: if the user asks for a verified result, an unverified one is stale.
    """
    return {name: getattr(settings, name) for name, field in FIELDS.items() if field.shapes_result}


def digest(*values: object, size: int = 16) -> str:
    """Returns a hexadecimal digest of ``2 * size`` characters, the same in every process."""
    return hashlib.blake2b(repr(_plain(values)).encode(), digest_size=size).hexdigest()


def _plain(value: Any) -> Any:
    """Returns a value with a stable repr; the repr of a set depends on the process."""
    if isinstance(value, frozenset | set):
        return sorted(map(repr, map(_plain, value)))
    if isinstance(value, tuple | list):
        return [type(value).__name__, *map(_plain, value)]
    if isinstance(value, Frozen):
        return [type(value).__name__, _plain(value._asdict())]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if is_dataclass(value):
        return [type(value).__name__, *(_plain(getattr(value, f.name)) for f in fields(value))]
    return value
