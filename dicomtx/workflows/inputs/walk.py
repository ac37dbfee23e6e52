"""Walks a folder in sorted order, without link cycles, and without opening special files."""

import os
import stat
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dicomtx.storage import part_files
from dicomtx.storage.source import reason

ABSENT: Final = (-1, -1)
SPECIAL: Final = "it is a device, pipe or socket"
FOLDER, OTHER = "/", "\0"  # suffixes that mark the kind of an entry


class Walked(NamedTuple):
    """One file: its path, its path in the tree, and why it cannot be read or is skipped."""

    path: str
    relative: str
    error: str = ""
    skipped: str = ""


class _Level(NamedTuple):
    """An open folder, with the remaining names in reverse order."""

    path: str
    relative: str
    names: list[str]
    identity: tuple[int, int]


def walk(folder: str, enters: Callable[[str, str], bool], *, follow: bool) -> Iterator[Walked]:
    """Yields the files below a folder, by name. It is not recursive, so depth is not limited.

    Args:
        folder: the folder to walk.
        enters: gets the path of a folder and its path in the tree; returns whether to enter it.
        follow: follow symbolic links that lead out of the tree. Each linked folder is entered once.
    """
    tree = os.path.join(os.path.realpath(folder), "")
    linked: set[tuple[int, int]] = set()
    levels: list[_Level] = []
    yield from _open(folder, "", levels)
    while levels:
        level = levels[-1]
        if not level.names:
            levels.pop()
            continue
        name = level.names.pop()
        path, relative = os.path.join(level.path, name.rstrip("/\0")), level.relative + name
        relative = relative.rstrip("/\0")
        if name.endswith(OTHER):
            found = _other(path, relative, tree, follow=follow)
            if found:
                yield found
                continue
            own = identity(path)
            if own in linked or any(own == level.identity for level in levels):
                yield Walked(
                    path, relative, skipped="it is a link to a folder that was already entered"
                )
                continue
            linked.add(own)
        elif not name.endswith(FOLDER):
            yield Walked(path, relative)
            continue
        if enters(path, relative):
            yield from _open(path, f"{relative}/", levels)


def _open(path: str, relative: str, levels: list[_Level]) -> Iterator[Walked]:
    """Opens a folder; if that fails, yields the folder with the error."""
    try:
        levels.append(_Level(path, relative, _names(path), identity(path)))
    except OSError as error:
        yield Walked(path, relative.rstrip("/"), error=f"cannot be read: {reason(error)}")


def _names(folder: str) -> list[str]:
    """Returns the marked names in a folder in reverse order, without dicomtx's own files."""
    with os.scandir(folder) as entries:
        names = [entry.name + _kind(entry) for entry in entries if not is_ours(entry.name)]
    return sorted(names, reverse=True)


def is_ours(name: str) -> bool:
    """Whether dicomtx reserves this name for files that are not outputs."""
    return name.startswith(part_files.MARK) or part_files.is_ours(name)


def _kind(entry: "os.DirEntry[str]") -> str:
    if entry.is_dir(follow_symlinks=False):
        return FOLDER
    return "" if entry.is_file(follow_symlinks=False) else OTHER


def identity(path: str) -> tuple[int, int]:
    """Returns the device and inode of a folder; ``ABSENT`` if it does not exist."""
    try:
        status = os.stat(path)
    except OSError:  # it was removed; opening it reports the error
        return ABSENT
    return status.st_dev, status.st_ino


def _other(path: str, relative: str, tree: str, *, follow: bool) -> Walked | None:
    """Returns an entry that is neither file nor folder; None for a link to a folder to enter."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return Walked(path, relative, error=f"cannot be read: {reason(error)}")
    if not follow and not os.path.join(os.path.realpath(path), "").startswith(tree):
        why = "it is a symbolic link that leads out of the tree; use --follow to follow it"
        return Walked(path, relative, skipped=why)
    if stat.S_ISDIR(mode):
        return None
    return Walked(path, relative, skipped="" if stat.S_ISREG(mode) else SPECIAL)
