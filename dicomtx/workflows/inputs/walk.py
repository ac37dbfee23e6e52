"""What is in a folder and below it: sorted, links under control, special files not touched."""

import os
import stat
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dicomtx.storage import part_files
from dicomtx.storage.source import reason

ABSENT: Final = (-1, -1)
SPECIAL: Final = "it is a device, pipe or socket"
FOLDER, OTHER = "/", "\0"  # what is known of a name, behind it


class Walked(NamedTuple):
    """One file: its path, the path in the tree, and why it cannot be read or is left out."""

    path: str
    relative: str
    error: str = ""
    skipped: str = ""


class _Level(NamedTuple):
    """An open folder: the names that are left, from back to front."""

    path: str
    relative: str
    names: list[str]
    identity: tuple[int, int]


def walk(folder: str, enters: Callable[[str, str], bool], *, follow: bool) -> Iterator[Walked]:
    """Yields the files below a folder, by name. Depth costs no stack; a folder's names are held.

    Args:
        folder: where to look.
        enters: whether a folder is looked into: its path, and its path in the tree.
        follow: symbolic links may lead out of the tree. Each linked folder is entered once.
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
                yield Walked(path, relative, skipped="it is a link to a folder that was entered")
                continue
            linked.add(own)
        elif not name.endswith(FOLDER):
            yield Walked(path, relative)
            continue
        if enters(path, relative):
            yield from _open(path, f"{relative}/", levels)


def _open(path: str, relative: str, levels: list[_Level]) -> Iterator[Walked]:
    """Opens a folder; if that fails it is yielded."""
    try:
        levels.append(_Level(path, relative, _names(path), identity(path)))
    except OSError as error:
        yield Walked(path, relative.rstrip("/"), error=f"cannot be read: {reason(error)}")


def _names(folder: str) -> list[str]:
    """Returns the names in a folder, the last first, each with what it is; our own are left out."""
    with os.scandir(folder) as entries:
        names = [entry.name + _kind(entry) for entry in entries if not is_ours(entry.name)]
    return sorted(names, reverse=True)


def is_ours(name: str) -> bool:
    """Whether a name is one of those that we give to files that are not outputs."""
    return name.startswith(part_files.MARK) or part_files.is_ours(name)


def _kind(entry: "os.DirEntry[str]") -> str:
    if entry.is_dir(follow_symlinks=False):
        return FOLDER
    return "" if entry.is_file(follow_symlinks=False) else OTHER


def identity(path: str) -> tuple[int, int]:
    """Returns device and number of a folder, ``ABSENT`` if there is none."""
    try:
        status = os.stat(path)
    except OSError:  # it vanished: opening it tells
        return ABSENT
    return status.st_dev, status.st_ino


def _other(path: str, relative: str, tree: str, *, follow: bool) -> Walked | None:
    """Returns what is neither a file nor a folder; None for a link to a folder to be entered."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return Walked(path, relative, error=f"cannot be read: {reason(error)}")
    if not follow and not os.path.join(os.path.realpath(path), "").startswith(tree):
        why = "it is a symbolic link out of the tree; --follow follows it"
        return Walked(path, relative, skipped=why)
    if stat.S_ISDIR(mode):
        return None
    return Walked(path, relative, skipped="" if stat.S_ISREG(mode) else SPECIAL)
