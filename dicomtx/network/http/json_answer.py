"""Reads JSON that a server sent, which may be anything."""

from typing import Any


def json_object(body: bytes) -> dict[str, Any]:
    """Returns the object; an empty one if the text is not an object in JSON."""
    found = _parsed(body)
    return found if isinstance(found, dict) else {}


def json_objects(body: bytes) -> list[dict[str, Any]] | None:
    """Returns the objects of an array; None if the text is not an array of objects in JSON."""
    found = _parsed(body)
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    return None


def _parsed(body: bytes) -> object:
    import json  # noqa: PLC0415 - takes 5 ms

    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
