"""Paths in the mirrored tree: they have slashes, and never lead out of the tree."""

import os


def mirrored(path: str) -> str:
    """Returns the path in the tree for a listed path; it never leads out of the tree."""
    normal = os.path.normpath(_place(path))
    if normal.split("/")[0] == os.pardir:
        normal = os.path.abspath(path)
    return "/".join(parts_of(normal)) or "_"


def parts_of(path: str) -> list[str]:
    """Returns the parts of a path that lead down."""
    return [part for part in path.split("/") if part not in ("", ".", "..")]


def name_of(path: str) -> str:
    """Returns the name of a path in the tree."""
    return (parts_of(os.path.abspath(_place(path))) or ["_"])[-1]


def joined(below: str, relative: str) -> str:
    """Returns the path of a file in a folder of the tree; empty is the top."""
    return f"{below}/{relative}" if below else relative


def without_extension(relative: str) -> str:
    """Returns the path of an archive without its extension."""
    return relative[:-4] if not relative.endswith(("/.zip", "/.ZIP")) else relative


def _place(path: str) -> str:
    """Returns a path, or the place of a URL."""
    if "://" not in path:
        return path
    from dicomtx.urls import is_url, place_of  # noqa: PLC0415 - imports re, which takes 10 ms

    return place_of(path) if is_url(path) else path
